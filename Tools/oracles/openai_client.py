#!/usr/bin/env python3
"""Uses a running server through the official `openai` client, as an application would.

One line per check; exit status 1 if any failed. Works with a model that has a chat template and
with one that has none (then a chat must be a BadRequestError). With --api-key, which must be the
server's, wrong and missing keys are tried too. With --drain-pid, the server's process id, the last
check stops the server under a running stream, which must finish while new requests are refused.

Usage: openai_client.py BASE_URL [--api-key KEY] [--drain-pid PID]     BASE_URL: http://host:port/v1
"""

import argparse
import math
import os
import signal
import sys
import threading

import openai

PROMPT = "Once upon a time"
MESSAGES = [{"role": "user", "content": PROMPT}]


class Checks:
    """Runs checks one by one, prints a line for each and counts."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, name, body):
        try:
            detail = body()
        except Exception as error:
            self.failed += 1
            print(f"FAIL  {name}: {type(error).__name__}: {str(error)[:300]}", flush=True)
            return
        self.passed += 1
        print(f"ok    {name}" + (f": {detail}" if detail else ""), flush=True)

    def raises(self, name, kind, status, call, body_type=None, param=None):
        """Expects the client's exception `kind` with an OpenAI error body behind it."""

        def body():
            try:
                call()
            except openai.APIStatusError as error:
                expect(type(error) is kind, f"{type(error).__name__} instead of {kind.__name__}")
                expect(error.status_code == status, f"status {error.status_code}, not {status}")
                fields = error.body
                expect(isinstance(fields, dict), f"body {fields!r}")
                expect(fields.get("message"), f"no message in {fields!r}")
                expect(fields.get("code") == status, f"code {fields.get('code')!r}")
                if body_type:
                    expect(fields.get("type") == body_type, f"type {fields.get('type')!r}")
                if param:
                    expect(fields.get("param") == param, f"param {fields.get('param')!r}")
                return f"{kind.__name__}, \"{fields['message'][:80]}\""
            raise AssertionError("no exception was raised")

        self.check(name, body)


def expect(condition, message):
    if not condition:
        raise AssertionError(message)


def check_usage(usage, choices=1):
    expect(usage is not None, "no usage")
    expect(usage.prompt_tokens > 0, "no prompt tokens counted")
    expect(usage.completion_tokens >= choices, "fewer completion tokens than choices")
    expect(usage.total_tokens == usage.prompt_tokens + usage.completion_tokens, "total is no sum")


def check_models(checks, client, model):
    def retrieve():
        card = client.models.retrieve(model)
        expect(card.id == model and card.object == "model", f"{card!r}")
        return card.id

    checks.check("models: retrieve", retrieve)
    checks.raises(
        "models: unknown one", openai.NotFoundError, 404,
        lambda: client.models.retrieve("no-such-model"), "NotFoundError",
    )


def check_completions(checks, client, model):
    greedy = dict(model=model, prompt=PROMPT, max_tokens=24, temperature=0)

    def whole():
        answer = client.completions.create(**greedy)
        expect(answer.object == "text_completion" and answer.model == model, f"{answer!r}")
        expect(len(answer.choices) == 1 and answer.choices[0].text, "no text")
        expect(answer.choices[0].finish_reason in ("stop", "length"), "finish reason")
        check_usage(answer.usage)
        return repr(answer.choices[0].text[:40])

    def stream():
        text = client.completions.create(**greedy).choices[0].text
        pieces, finishes, usage = [], [], None
        options = {"include_usage": True}
        for chunk in client.completions.create(**greedy, stream=True, stream_options=options):
            if chunk.usage:
                usage = chunk.usage
            for choice in chunk.choices:
                pieces.append(choice.text)
                if choice.finish_reason:
                    finishes.append(choice.finish_reason)
        expect("".join(pieces) == text, f"{''.join(pieces)!r} is not {text!r}")
        expect(len(finishes) == 1, f"finish reasons {finishes}")
        check_usage(usage)
        return f"{len(pieces)} pieces"

    def logprobs():
        answer = client.completions.create(**greedy, logprobs=3)
        found, text = answer.choices[0].logprobs, answer.choices[0].text
        count = len(found.tokens)
        expect(count == answer.usage.completion_tokens, "one token per counted token")
        expect(len(found.token_logprobs) == len(found.top_logprobs) == count, "lengths differ")
        expect(all(math.isfinite(value) and value <= 0 for value in found.token_logprobs), "range")
        for token, top in zip(found.token_logprobs, found.top_logprobs):
            # Parts of characters are all shown as U+FFFD, so they share one key.
            if "\ufffd" in top:
                continue
            expect(len(top) >= 3, "three alternatives each")
            # Greedy: the chosen token is the best of its alternatives.
            expect(abs(token - max(top.values())) < 1e-4, "greedy token is not the best")
        if "\ufffd" not in found.tokens[0]:
            expect(text.startswith(found.tokens[0]), "tokens are not those of the text")
        return f"{count} tokens"

    def stop():
        text = client.completions.create(**greedy).choices[0].text
        mark = text[len(text) // 2]
        answer = client.completions.create(**greedy, stop=[mark])
        expect(answer.choices[0].text == text[: text.index(mark)], f"{answer.choices[0].text!r}")
        expect(answer.choices[0].finish_reason == "stop", answer.choices[0].finish_reason)
        return f"stopped at {mark!r}"

    def several():
        answer = client.completions.create(
            model=model, prompt=[PROMPT, "The"], n=3, max_tokens=8, temperature=1, seed=1
        )
        expect([choice.index for choice in answer.choices] == list(range(6)), "six choices")
        check_usage(answer.usage, 6)
        expect(len({choice.text for choice in answer.choices}) > 1, "all choices are alike")

    def ids():
        answer = client.completions.create(**{**greedy, "prompt": [1, 2, 3]})
        expect(answer.usage.prompt_tokens in (3, 4), f"{answer.usage}")

    def echo():
        answer = client.completions.create(**greedy, echo=True)
        expect(answer.choices[0].text.startswith(PROMPT), repr(answer.choices[0].text))

    def early_close():
        with client.completions.create(**{**greedy, "max_tokens": 200}, stream=True) as answer:
            next(iter(answer))
        whole()

    checks.check("completion", whole)
    checks.check("completion: stream equals the whole answer", stream)
    checks.check("completion: logprobs", logprobs)
    checks.check("completion: stop", stop)
    checks.check("completion: two prompts, n=3", several)
    checks.check("completion: token ids as prompt", ids)
    checks.check("completion: echo", echo)
    checks.check("completion: a closed stream leaves the server well", early_close)
    check_seeds(
        checks, "completion",
        lambda seed: client.completions.create(
            model=model, prompt=PROMPT, max_tokens=24, temperature=1, seed=seed
        ).choices[0].text,
    )


def check_chat(checks, client, model):
    greedy = dict(model=model, messages=MESSAGES, max_tokens=16, temperature=0)
    create = client.chat.completions.create

    def whole():
        answer = create(**greedy)
        message = answer.choices[0].message
        expect(answer.object == "chat.completion" and answer.model == model, f"{answer!r}")
        expect(message.role == "assistant" and message.content is not None, f"{message!r}")
        expect(answer.choices[0].finish_reason in ("stop", "length"), "finish reason")
        check_usage(answer.usage)
        return repr(message.content[:40])

    def stream():
        text = create(**greedy).choices[0].message.content
        roles, pieces, finishes, usage = [], [], [], None
        for chunk in create(**greedy, stream=True, stream_options={"include_usage": True}):
            if chunk.usage:
                expect(not chunk.choices, "the usage chunk has choices")
                usage = chunk.usage
            for choice in chunk.choices:
                if choice.delta.role:
                    roles.append(choice.delta.role)
                pieces.append(choice.delta.content or "")
                if choice.finish_reason:
                    finishes.append(choice.finish_reason)
        expect("".join(pieces) == text, f"{''.join(pieces)!r} is not {text!r}")
        expect(roles == ["assistant"] and len(finishes) == 1, f"{roles} {finishes}")
        check_usage(usage)
        return f"{len(pieces)} pieces"

    def several():
        answer = create(model=model, messages=MESSAGES, n=3, max_tokens=8, temperature=1, seed=1)
        expect([choice.index for choice in answer.choices] == [0, 1, 2], "three choices")
        check_usage(answer.usage, 3)

    def several_streamed():
        pieces, finishes = {}, []
        for chunk in create(
            model=model, messages=MESSAGES, n=3, max_tokens=8, temperature=1, seed=1, stream=True
        ):
            for choice in chunk.choices:
                pieces.setdefault(choice.index, []).append(choice.delta.content or "")
                if choice.finish_reason:
                    finishes.append(choice.index)
        answer = create(model=model, messages=MESSAGES, n=3, max_tokens=8, temperature=1, seed=1)
        whole = {choice.index: choice.message.content for choice in answer.choices}
        expect({index: "".join(text) for index, text in pieces.items()} == whole, "texts differ")
        expect(sorted(finishes) == [0, 1, 2], f"finishes {finishes}")

    def logprobs():
        answer = create(**greedy, logprobs=True, top_logprobs=2)
        content = answer.choices[0].logprobs.content
        expect(len(content) == answer.usage.completion_tokens, "one entry per token")
        for entry in content:
            expect(len(entry.top_logprobs) == 2 and entry.logprob <= 0, f"{entry!r}")
            expect(abs(entry.logprob - entry.top_logprobs[0].logprob) < 1e-4, "not the best")
        return f"{len(content)} tokens"

    def stop():
        text = create(**greedy).choices[0].message.content
        if not text:
            return "the answer is empty; nothing to stop at"
        mark = text[len(text) // 2]
        choice = create(**greedy, stop=mark).choices[0]
        expect(choice.message.content == text[: text.index(mark)], f"{choice!r}")
        expect(choice.finish_reason == "stop", choice.finish_reason)
        return f"stopped at {mark!r}"

    checks.check("chat", whole)
    checks.check("chat: stream equals the whole answer", stream)
    checks.check("chat: n=3", several)
    checks.check("chat: n=3 streamed equals n=3", several_streamed)
    checks.check("chat: logprobs", logprobs)
    checks.check("chat: stop", stop)
    check_seeds(
        checks, "chat",
        lambda seed: create(
            model=model, messages=MESSAGES, max_tokens=24, temperature=1, seed=seed
        ).choices[0].message.content,
    )
    checks.raises(
        "chat: no messages", openai.BadRequestError, 400,
        lambda: create(model=model, messages=[]), "BadRequestError", "messages",
    )
    checks.raises(
        "chat: an image for a text model", openai.BadRequestError, 400,
        lambda: create(
            model=model,
            messages=[{
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": "data:,"}}],
            }],
        ),
        "BadRequestError",
    )
    checks.raises(
        "chat: unknown model", openai.NotFoundError, 404,
        lambda: create(model="no-such-model", messages=MESSAGES), "NotFoundError", "model",
    )


def check_seeds(checks, name, answer):
    def body():
        first, second = answer(42), answer(42)
        expect(first == second, f"{first!r} is not {second!r}")
        expect(len({answer(seed) for seed in range(4)}) > 1, "the seed changes nothing")

    checks.check(f"{name}: one seed twice is equal, others differ", body)


def check_errors(checks, client, model):
    def completion(**fields):
        return lambda: client.completions.create(**{"model": model, "prompt": PROMPT, **fields})

    refused = (openai.BadRequestError, 400)
    checks.raises(
        "error: temperature -1", *refused, completion(temperature=-1), "BadRequestError",
        "temperature",
    )
    checks.raises("error: top_p 2", *refused, completion(top_p=2), "BadRequestError", "top_p")
    checks.raises(
        "error: a value of the wrong type", *refused, completion(extra_body={"max_tokens": "x"}),
        "BadRequestError", "max_tokens",
    )
    checks.raises(
        "error: prompt longer than the context", *refused, completion(prompt=[5] * 200_000),
        "BadRequestError",
    )
    checks.raises(
        "error: an unsupported feature", *refused,
        completion(extra_body={"guided_regex": "a+"}), "BadRequestError",
    )
    checks.raises(
        "error: in place of a stream", *refused, completion(stream=True, temperature=-1),
        "BadRequestError", "temperature",
    )
    missing = (openai.NotFoundError, 404)
    checks.raises(
        "error: unknown model", *missing, completion(model="no-such-model"), "NotFoundError",
        "model",
    )
    checks.raises(
        "error: unknown path", *missing, lambda: client.post("/no/such/path", cast_to=object)
    )
    checks.raises(
        "error: wrong method", openai.APIStatusError, 405,
        lambda: client.get("/completions", cast_to=object),
    )

    def timeout():
        patient = client.with_options(timeout=0.02, max_retries=0)
        try:
            patient.completions.create(
                model=model, prompt=PROMPT, max_tokens=400, n=32, temperature=1,
                extra_body={"ignore_eos": True},
            )
        except openai.APITimeoutError:
            completion(max_tokens=1)()
            return "APITimeoutError, and the next request is answered"
        raise AssertionError("no timeout")

    checks.check("error: a client that gives up", timeout)


def check_full_queue(checks, client, model):
    """More choices than the queue takes: some requests are refused, and room comes back."""

    def body():
        answered, refusals, problems = threading.Event(), [], []

        def asker():
            try:
                with client.completions.create(
                    model=model, prompt=[PROMPT] * 8, n=128, max_tokens=200, temperature=1,
                    stream=True, extra_body={"ignore_eos": True},
                ):
                    answered.wait(60)
            except openai.InternalServerError as error:
                refusals.append(error)
                answered.set()
            except Exception as error:
                problems.append(error)

        threads = [threading.Thread(target=asker) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        expect(not problems, f"{problems[:1]!r}")
        expect(refusals, "8 requests with 1,024 choices each are all taken")
        error = refusals[0]
        expect(error.status_code == 503, f"status {error.status_code}")
        expect(error.body.get("type") == "ServiceUnavailableError", f"{error.body!r}")
        expect(error.response.headers.get("retry-after"), "no Retry-After")
        client.completions.create(model=model, prompt=PROMPT, max_tokens=1)
        return f"InternalServerError with 503, {len(refusals)} of 8 refused, then served again"

    checks.check("error: a full queue", body)


def check_keys(checks, base_url, model):
    stranger = openai.OpenAI(base_url=base_url, api_key="wrong", max_retries=0)
    denied = (openai.AuthenticationError, 401)
    for name, headers in (("a wrong key", {}), ("no key", {"Authorization": openai.Omit()})):
        checks.raises(
            f"error: {name}", *denied, lambda: list(stranger.models.list(extra_headers=headers)),
            "AuthenticationError",
        )
        checks.raises(
            f"error: {name}, completion", *denied,
            lambda: stranger.completions.create(
                model=model, prompt=PROMPT, extra_headers=headers
            ),
            "AuthenticationError",
        )


def check_drain(checks, client, model, pid):
    def body():
        started, texts, failures = threading.Event(), [], []

        def reader():
            try:
                answer = client.completions.create(
                    model=model, prompt=PROMPT, max_tokens=400, temperature=0, stream=True,
                    extra_body={"ignore_eos": True},
                )
                finish = None
                for chunk in answer:
                    texts.append(chunk.choices[0].text)
                    finish = chunk.choices[0].finish_reason or finish
                    started.set()
                expect(finish == "length", f"the stream ended with {finish}")
            except Exception as error:
                failures.append(error)
            finally:
                started.set()

        # A kept-alive connection beside the stream, for the request that is refused.
        client.completions.create(model=model, prompt=PROMPT, max_tokens=1)
        thread = threading.Thread(target=reader)
        thread.start()
        started.wait(60)
        os.kill(pid, signal.SIGTERM)
        refusal = None
        for _ in range(10_000):
            try:
                client.completions.create(model=model, prompt=PROMPT, max_tokens=1)
            except (openai.InternalServerError, openai.APIConnectionError) as error:
                refusal = error
                break
        thread.join(60)
        expect(not failures, f"{failures}")
        expect(refusal is not None, "new requests are still served")
        kind = type(refusal).__name__
        if isinstance(refusal, openai.InternalServerError):
            expect(refusal.status_code == 503, f"status {refusal.status_code}")
            kind = "InternalServerError (an APIStatusError) with 503"
        return f"the stream finished with {len(texts)} pieces; a new request: {kind}"

    checks.check("SIGTERM under a stream", body)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base_url")
    parser.add_argument("--api-key", default=None)
    parser.add_argument("--drain-pid", type=int, default=None)
    options = parser.parse_args()

    checks = Checks()
    client = openai.OpenAI(
        base_url=options.base_url, api_key=options.api_key or "none", max_retries=0, timeout=120
    )
    models = []
    checks.check("models: list", lambda: models.extend(client.models.list()) or models[0].id)
    if not models:
        sys.exit(1)
    model = models[0].id
    check_models(checks, client, model)
    check_completions(checks, client, model)
    try:
        client.chat.completions.create(model=model, messages=MESSAGES, max_tokens=1)
        has_template = True
    except openai.APIStatusError:
        has_template = False
    if has_template:
        check_chat(checks, client, model)
    else:
        checks.raises(
            "chat: refused for a model without a template", openai.BadRequestError, 400,
            lambda: client.chat.completions.create(model=model, messages=MESSAGES),
            "BadRequestError",
        )
    check_errors(checks, client, model)
    check_full_queue(checks, client, model)
    if options.api_key:
        check_keys(checks, options.base_url, model)
    if options.drain_pid:
        check_drain(checks, client, model, options.drain_pid)
    print(f"{checks.passed} passed, {checks.failed} failed (openai {openai.__version__})")
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
