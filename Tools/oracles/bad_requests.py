"""Requests that must be refused: each is the raw bytes of one, and what may come back.

A case is (name, bytes, statuses): the answer's status must be one of `statuses` and its body an
OpenAI error object. Standard library only.
"""

import json


def http(method, path, body=b"", headers=(), host=True):
    lines = [f"{method} {path} HTTP/1.1"]
    if host:
        lines.append("Host: localhost")
    lines += [f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def post(path, body):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return http("POST", path, body, ["Content-Type: application/json"])


def completion(**fields):
    return post("/v1/completions", {"prompt": "a", "max_tokens": 1, **fields})


def chat(**fields):
    messages = [{"role": "user", "content": "a"}]
    return post("/v1/chat/completions", {"messages": messages, "max_tokens": 1, **fields})


def message(**fields):
    return chat(messages=[{"role": "user", **fields}])


def raw(path, text):
    """A body that json.dumps would not write."""
    return post(path, text if isinstance(text, bytes) else text.encode())


def _fields():
    """Values out of range or of the wrong type; the two endpoints share the fields."""
    huge = 10**30
    return [
        ("temperature -1", dict(temperature=-1)),
        ("temperature 1e300", dict(temperature=1e300)),
        ("temperature as text", dict(temperature="hot")),
        ("temperature true", dict(temperature=True)),
        ("top_p 0", dict(top_p=0)),
        ("top_p 1.5", dict(top_p=1.5)),
        ("top_k -2", dict(top_k=-2)),
        ("top_k 1.5", dict(top_k=1.5)),
        ("min_p 2", dict(min_p=2)),
        ("repetition_penalty 0", dict(repetition_penalty=0)),
        ("presence_penalty 3", dict(presence_penalty=3)),
        ("frequency_penalty {}", dict(frequency_penalty={})),
        ("n 0", dict(n=0)),
        ("n 1,000,000", dict(n=1_000_000)),
        ("n 10^30", dict(n=huge)),
        ("n 2, greedy", dict(n=2, temperature=0)),
        ("max_tokens 0", dict(max_tokens=0)),
        ("max_tokens -1", dict(max_tokens=-1)),
        ("max_tokens 10^30", dict(max_tokens=huge)),
        ("max_tokens as text", dict(max_tokens="16")),
        ("max_tokens beyond the context", dict(max_tokens=10_000_000)),
        ("min_tokens above max_tokens", dict(min_tokens=9, max_tokens=8)),
        ("seed 1.5", dict(seed=1.5)),
        ("seed 10^30", dict(seed=huge)),
        ("stop a number", dict(stop=5)),
        ("stop empty", dict(stop="")),
        ("1,000 stop strings", dict(stop=["x"] * 1000)),
        ("stop_token_ids of the wrong type", dict(stop_token_ids=["1"])),
        ("stop_token_ids out of the vocabulary", dict(stop_token_ids=[2_000_000_000])),
        ("logit_bias a list", dict(logit_bias=[])),
        ("logit_bias of no token", dict(logit_bias={"x": 1})),
        ("logit_bias out of the vocabulary", dict(logit_bias={"99999999": 1})),
        ("bad_words empty", dict(bad_words=[""])),
        ("allowed_token_ids empty", dict(allowed_token_ids=[])),
        ("prompt_logprobs -2", dict(prompt_logprobs=-2)),
        ("stream as text", dict(stream="true")),
        ("stream_options without stream", dict(stream_options={"include_usage": True})),
        ("best_of 3", dict(best_of=3)),
        ("use_beam_search", dict(use_beam_search=True)),
        ("response_format json", dict(response_format={"type": "json_object"})),
        ("guided_regex", dict(guided_regex="a+")),
        ("functions", dict(functions=[{"name": "f"}])),
        ("unknown model", dict(model="no-such-model")),
        ("model a number", dict(model=7)),
        ("request_id with a line break", dict(request_id="a\r\nb")),
        ("cache_salt empty", dict(cache_salt="")),
        ("truncate_prompt_tokens 0", dict(truncate_prompt_tokens=0)),
    ]


def _json_bodies():
    path = "/v1/completions"
    return [
        ("empty body", raw(path, "")),
        ("blanks", raw(path, "   ")),
        ("not JSON", raw(path, "prompt=a")),
        ("a list", raw(path, "[]")),
        ("null", raw(path, "null")),
        ("cut short", raw(path, '{"prompt": "a"')),
        ("text after the end", raw(path, '{"prompt": "a"} x')),
        ("a trailing comma", raw(path, '{"prompt": "a",}')),
        ("single quotes", raw(path, "{'prompt': 'a'}")),
        ("NaN", raw(path, '{"prompt": "a", "temperature": NaN}')),
        ("Infinity", raw(path, '{"prompt": "a", "temperature": -Infinity}')),
        ("1e999", raw(path, '{"prompt": "a", "temperature": 1e999}')),
        ("a number of 100,000 digits", raw(path, '{"prompt": "a", "n": ' + "9" * 100_000 + "}")),
        ("a leading zero", raw(path, '{"prompt": "a", "n": 01}')),
        ("half a surrogate", raw(path, '{"prompt": "\\ud800"')),
        ("a bad escape", raw(path, '{"prompt": "\\x41"}')),
        ("a control character in a string", raw(path, b'{"prompt": "a\x01b"}')),
        ("bytes that are not UTF-8", raw(path, b'{"prompt": "\xff\xfe"}')),
        ("nested 100,000 deep", raw(path, '{"x": ' + "[" * 100_000)),
        ("nested and closed", raw(path, '{"prompt": "a", "x": ' + "[" * 5000 + "]" * 5000 + "}")),
        ("UTF-16", raw(path, '{"prompt": "a"}'.encode("utf-16"))),
    ]


def _prompts():
    return [
        ("no prompt", post("/v1/completions", {})),
        ("prompt null", completion(prompt=None)),
        ("prompt empty", completion(prompt="")),
        ("prompt a number", completion(prompt=5)),
        ("prompt []", completion(prompt=[])),
        ("prompt [[]]", completion(prompt=[[]])),
        ("prompt of mixed kinds", completion(prompt=["a", 5])),
        ("prompt of negative ids", completion(prompt=[-1])),
        ("prompt of unknown ids", completion(prompt=[2_000_000_000])),
        ("prompt of ids of 10^30", completion(prompt=[10**30])),
        ("2,000 prompts", completion(prompt=["a"] * 2000)),
        ("prompt longer than the context", completion(prompt="word " * 50_000)),
        ("logprobs 1,000", completion(logprobs=1000)),
        ("suffix", completion(suffix="b")),
        ("no messages", post("/v1/chat/completions", {})),
        ("messages empty", chat(messages=[])),
        ("messages a string", chat(messages="hi")),
        ("a message that is a string", chat(messages=["hi"])),
        ("a message without a role", chat(messages=[{"content": "a"}])),
        ("a message without content", message()),
        ("content a number", message(content=3)),
        ("content an image", message(content=[{"type": "image_url", "image_url": {}}])),
        ("content a part without text", message(content=[{"type": "text"}])),
        ("top_logprobs without logprobs", chat(top_logprobs=2)),
        ("tools of the wrong type", chat(tools=[1])),
        ("tokenize nothing", post("/tokenize", {})),
        ("tokenize a number", post("/tokenize", {"prompt": 5})),
        ("detokenize text", post("/detokenize", {"tokens": "abc"})),
        ("detokenize unknown ids", post("/detokenize", {"tokens": [-1]})),
    ]


def _bad_http():
    body = b'{"prompt": "a", "max_tokens": 1}'
    chunked = "Transfer-Encoding: chunked"

    def chunks(text, headers=(chunked,)):
        head = ["POST /v1/completions HTTP/1.1", "Host: localhost", *headers, "", ""]
        return "\r\n".join(head).encode() + text

    def get(*headers, line="GET /v1/models HTTP/1.1", host="Host: localhost"):
        return "\r\n".join([line, *([host] if host else []), *headers, "", ""]).encode("latin-1")

    bad = {400}
    return [
        ("no such path", get(line="GET /no/such/path HTTP/1.1"), {404}),
        ("no such model", get(line="GET /v1/models/none HTTP/1.1"), {404}),
        ("GET of a POST path", get(line="GET /v1/completions HTTP/1.1"), {405}),
        ("DELETE of the models", get(line="DELETE /v1/models HTTP/1.1"), {405}),
        ("no Host", get(host=None), bad),
        ("two Hosts", get("Host: other"), bad),
        ("an empty request line part", get(line="GET  HTTP/1.1"), bad),
        ("not HTTP", b"hello\r\n\r\n", bad),
        ("HTTP/3.0", get(line="GET / HTTP/3.0"), {400, 505}),
        ("a method with a blank in it", get(line="G ET / HTTP/1.1"), bad),
        ("CONNECT", get(line="CONNECT localhost:1 HTTP/1.1"), {400, 501}),
        ("a field without a colon", get("nonsense"), bad),
        ("a blank before the colon", get("X-A : 1"), bad),
        ("a folded field", get("X-A: 1", " 2"), bad),
        ("a zero byte in a field", get("X-A: \0"), bad),
        ("a field of 100 KB", get("X-A: " + "a" * 100_000), {431}),
        ("1,000 fields", get(*(f"X-{index}: 1" for index in range(1000))), {431}),
        ("a path of 100 KB", get(line="GET /" + "a" * 100_000 + " HTTP/1.1"), {414}),
        ("Content-Length -1", chunks(body, ["Content-Length: -1"]), bad),
        ("Content-Length 2^70", chunks(body, [f"Content-Length: {1 << 70}"]), {400, 413}),
        ("Content-Length 1 TB", chunks(body, ["Content-Length: 1000000000000"]), {413}),
        ("two lengths", chunks(body, ["Content-Length: 5", "Content-Length: 6"]), bad),
        ("a length and chunks", chunks(body, [chunked, "Content-Length: 5"]), bad),
        ("identity, chunked", chunks(body, ["Transfer-Encoding: identity, chunked"]), {400, 501}),
        ("gzip", chunks(body, ["Transfer-Encoding: gzip"]), {400, 501}),
        ("a chunk size that is no number", chunks(b"xyz\r\n"), bad),
        ("a chunk size of 2^80", chunks(b"f" * 20 + b"\r\n"), {400, 413}),
        ("a chunk without its end", chunks(b"3\r\nabcdef\r\n"), bad),
        ("a chunk extension of 100 KB", chunks(b"3;" + b"a" * 100_000 + b"\r\nabc\r\n"), bad),
        ("a body of 64 MB", chunks(b"4000000\r\n"), {413}),
        ("an unknown expectation", chunks(body, ["Expect: magic", "Content-Length: 3"]), {417}),
    ]


def cases():
    listed = []
    for name, fields in _fields():
        listed.append((f"completion: {name}", completion(**fields)))
    for name, request in _json_bodies():
        listed.append((f"body: {name}", request))
    for name, request in _prompts():
        listed.append((f"input: {name}", request))
    for name, fields in _fields()[::4]:
        listed.append((f"chat: {name}", chat(**fields)))
    named = [(name, request, {400, 404} if "unknown model" in name else {400})
             for name, request in listed]
    return named + [(f"HTTP: {name}", request, allowed) for name, request, allowed in _bad_http()]
