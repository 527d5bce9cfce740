"""What the checks of the gateway share: processes, a plain HTTP client, and verdicts on answers.

The upstream mock is Benchmarks/gateway/mock/mock.c, compiled on first use into .build/gateway. The
client reads sockets itself, so that it can tell a cut answer from a whole one and sees bytes that
nobody asked for. Standard library only.
"""

import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

from bad_inputs import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = ROOT / "Benchmarks" / "gateway"
BUILT = ROOT / ".build" / "gateway"
_building = threading.Lock()


def built(name, source):
    """The path of a C program, compiled where it is missing or older than its source."""
    program, source = BUILT / name, SOURCES / source
    with _building:
        BUILT.mkdir(parents=True, exist_ok=True)
        if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
            fresh = BUILT / f"{name}.{os.getpid()}"
            warnings = ["-Wall", "-Wextra", "-Wno-missing-field-initializers"]
            subprocess.run(["cc", "-O2", *warnings, "-o", str(fresh), str(source)], check=True)
            fresh.replace(program)
    return program


def end(process, seconds=10):
    """Ends a process of ours; True if SIGTERM was enough."""
    if process.poll() is not None:
        return True
    process.terminate()
    try:
        process.wait(seconds)
        return True
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False


def wait_for_port(port, process, seconds=20):
    limit = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None:
                raise RuntimeError(f"the process for port {port} ended with {process.returncode}")
            if time.monotonic() > limit:
                raise RuntimeError(f"nothing listens on port {port} after {seconds} s")
            time.sleep(0.005)


def favour(process):
    """Lets a process started in its own session run before what else the machine does.

    Where sessions are scheduled as groups (autogroup), niceness counts only inside one, so the
    group's own is set. Needs root; without it, nothing changes.
    """
    with contextlib.suppress(OSError):
        pathlib.Path(f"/proc/{process.pid}/autogroup").write_text("-15")
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, -15)


class Mock:
    """An upstream that can be told to misbehave while it runs."""

    def __init__(self, *flags, wrapper=()):
        self.port, self.control = free_port(), free_port()
        program = built("mock", "mock/mock.c")
        self.process = subprocess.Popen(
            [
                *wrapper,
                str(program),
                "--port",
                str(self.port),
                "--control",
                str(self.control),
                *flags,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_for_port(self.control, self.process)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def call(self, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.control, timeout=10)
        if body is None:
            connection.request("GET", "/_mock")
        else:
            connection.request("POST", "/_mock", json.dumps(body))
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def fault(self, name):
        return self.call({"fault": name})

    @property
    def counts(self):
        return self.call()

    @property
    def last_head(self):
        """The head of the last request for a text: its first line, and its fields by lower-case name."""
        answer = ask(self.control, None, "/_mock/head", method="GET", limit=10)
        lines = answer.body.decode("latin-1").split("\r\n")
        fields = {}
        for line in lines[1:]:
            if line:
                name, _, value = line.partition(":")
                fields.setdefault(name.lower(), []).append(value.strip())
        return lines[0], fields

    def stop(self):
        end(self.process)


class Gateway:
    """A `quire gateway`, or nginx or haproxy in its place, before a list of upstream URLs."""

    def __init__(self, program, upstreams, configuration=None, port=None, flags=(), wrapper=()):
        self.port = port or free_port()
        self.folder = tempfile.TemporaryDirectory(prefix="gateway-")
        folder = pathlib.Path(self.folder.name)
        self.log_path = folder / "log"
        self.configuration_path = folder / "gateway.yml"
        urls = [url if isinstance(url, str) else url["url"] for url in upstreams]
        hosts = [urllib.parse.urlsplit(url).netloc for url in urls]
        name = pathlib.Path(program).name
        if name == "nginx":
            self.configuration_path.write_text(nginx_configuration(folder, self.port, hosts))
            command = [program, "-c", str(self.configuration_path), "-e", str(folder / "error")]
        elif name == "haproxy":
            self.configuration_path.write_text(haproxy_configuration(self.port, hosts))
            command = [program, "-db", "-q", "-f", str(self.configuration_path)]
        else:
            command = [str(program), "gateway", "--host", "127.0.0.1", "--port", str(self.port)]
            if configuration is not None:
                self.write(configuration, upstreams)
                command += ["--config", str(self.configuration_path)]
            else:
                for url in urls:
                    command += ["--upstream", url]
            command += list(flags)
        self.command = command
        self.started = time.monotonic()
        with open(self.log_path, "ab") as log_file:
            self.process = subprocess.Popen(
                [*wrapper, *command],
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=log_file,
            )
        wait_for_port(self.port, self.process)

    def write(self, configuration, upstreams):
        """Replaces the file of settings; takes effect at SIGHUP."""
        document = dict(configuration)
        document["upstreams"] = [{"url": url} if isinstance(url, str) else url for url in upstreams]
        fresh = self.configuration_path.with_suffix(".new")
        fresh.write_text(json.dumps(document, indent=2) + "\n")
        fresh.replace(self.configuration_path)

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    def stop(self):
        graceful = end(self.process)
        self.folder.cleanup()
        return graceful


def nginx_configuration(folder, port, hosts, policy="least_conn;", retries=True):
    servers = "".join(f"server {host}; " for host in hosts)
    temporary = "".join(
        f"{part}_temp_path {folder}/{part}; "
        for part in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    )
    return f"""
daemon off; worker_processes 1; worker_rlimit_nofile 16384; pid {folder}/pid;
error_log {folder}/error crit;
events {{ worker_connections 8192; }}
http {{
    access_log off; client_max_body_size 32m; client_body_buffer_size 128k; {temporary}
    keepalive_requests 100000000;
    upstream engines {{ {policy} {servers} keepalive 512; keepalive_requests 100000000; }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass http://engines; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_buffering off; proxy_connect_timeout 2s; proxy_read_timeout 300s;
        }}
    }}
}}
"""


def haproxy_configuration(port, hosts):
    servers = "".join(f"    server s{i} {host} check inter 2s\n" for i, host in enumerate(hosts))
    return f"""
global
    nbthread 1
    maxconn 8000
defaults
    mode http
    timeout connect 2s
    timeout client 300s
    timeout server 300s
    http-reuse always
frontend f
    bind 127.0.0.1:{port} backlog 4096
    default_backend b
backend b
    balance leastconn
{servers}"""


@contextlib.contextmanager
def stopping(*things):
    try:
        yield things
    finally:
        for thing in things:
            thing.stop()


class Answer:
    """What a client got. `ended`: whole, cut, timeout, refused or reset."""

    def __init__(self):
        self.status, self.headers, self.body = None, {}, b""
        self.ended, self.extra = "cut", b""
        self.seconds = self.first_seconds = None
        self.arrivals = []  # (time, bytes of the body) of a stream

    @property
    def events(self):
        return [line[5:].strip() for line in self.body.split(b"\n") if line.startswith(b"data:")]

    @property
    def done(self):
        return b"[DONE]" in self.events

    @property
    def error_event(self):
        for event in self.events:
            with contextlib.suppress(ValueError):
                document = json.loads(event)
                if isinstance(document, dict) and document.get("error"):
                    return document["error"]
        return None

    @property
    def text(self):
        """The joined text of a chat or a completion, streamed or not; None if there is none."""
        pieces = (
            self.events
            if self.body.lstrip().startswith((b"data:", b":", b"event:"))
            else [self.body]
        )
        text, found = [], False
        for piece in pieces:
            with contextlib.suppress(ValueError, KeyError, IndexError, TypeError, AttributeError):
                choice = json.loads(piece)["choices"][0]
                part = choice.get("delta") or choice.get("message") or choice
                text.append(part.get("content") or part.get("text") or "")
                found = True
        return "".join(text) if found else None

    @property
    def usage(self):
        for piece in reversed([self.body, *self.events]):
            with contextlib.suppress(ValueError, KeyError, TypeError):
                usage = json.loads(piece)["usage"]
                if usage:
                    return usage
        return None


class _Reader:
    def __init__(self, connection, limit):
        self.connection, self.limit, self.data = connection, limit, bytearray()

    def more(self):
        """False at the end. Raises TimeoutError at the limit."""
        left = self.limit - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.connection.settimeout(left)
        piece = self.connection.recv(65536)
        self.data += piece
        return bool(piece)

    def line(self):
        while b"\n" not in self.data:
            if not self.more():
                raise EOFError
        at = self.data.index(b"\n")
        line = bytes(self.data[:at]).rstrip(b"\r")
        del self.data[: at + 1]
        return line

    def take(self, count):
        """Up to `count` bytes, at least one."""
        if not self.data and not self.more():
            raise EOFError
        piece = bytes(self.data[:count])
        del self.data[: len(piece)]
        return piece


def ask(
    port,
    body,
    path="/v1/chat/completions",
    limit=30,
    method="POST",
    headers=(),
    connection=None,
    on_piece=None,
):
    """One request, its whole answer or what came of it. Opens and closes a connection if none is given."""
    answer = Answer()
    start = time.monotonic()
    data = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    if body is not None:
        head += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n"
    own = connection is None
    try:
        if own:
            connection = socket.create_connection(("127.0.0.1", port), timeout=min(limit, 10))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        answer.ended, answer.seconds = "refused", time.monotonic() - start
        return answer
    reader = _Reader(connection, start + limit)
    pieces = []

    def keep(piece):
        now = time.monotonic()
        if answer.first_seconds is None:
            answer.first_seconds = now - start
        pieces.append(piece)
        answer.arrivals.append((now, piece))
        if on_piece:
            on_piece(piece)

    try:
        connection.sendall(head.encode() + data)
        while answer.status is None or answer.status == 100:
            answer.status = int(reader.line().split(b" ")[1])
            while line := reader.line():
                name, _, value = line.decode("latin-1").partition(":")
                answer.headers[name.strip().lower()] = value.strip()
        if answer.headers.get("transfer-encoding", "").lower() == "chunked":
            while True:
                left = int(reader.line().split(b";")[0], 16)
                if left == 0:
                    while reader.line():
                        pass
                    break
                while left:
                    piece = reader.take(left)
                    left -= len(piece)
                    keep(piece)
                reader.line()
        elif "content-length" in answer.headers:
            left = int(answer.headers["content-length"])
            while left:
                piece = reader.take(left)
                left -= len(piece)
                keep(piece)
        elif answer.status not in (204, 304):
            with contextlib.suppress(EOFError):
                while True:
                    keep(reader.take(65536))
        answer.ended = "whole"
        answer.extra = bytes(reader.data)
    except TimeoutError:
        answer.ended = "timeout"
    except EOFError:
        answer.ended = "cut"
    except (OSError, ValueError, IndexError):
        answer.ended = "reset"
    answer.body = b"".join(pieces)
    answer.seconds = time.monotonic() - start
    if own:
        connection.close()
    return answer


def chat(content, tokens, stream=False, **more):
    body = {
        "model": "mock",
        "messages": [{"role": "user", "content": content}],
        "max_tokens": tokens,
        "temperature": 0,
        **more,
    }
    if stream:
        body["stream"] = True
    return body


def mock_text(tokens):
    return "".join(f"#{index:06d} " for index in range(tokens))


def verdict(answer, expected, stream):
    """What a client saw, and whether text was doubled or is not the asked one's beginning.

    "unmarked end": all of the text and its finish, but no [DONE].
    """
    text = answer.text
    wrong = bool(answer.extra) or (
        text is not None and answer.status == 200 and not expected.startswith(text)
    )
    if answer.ended == "timeout":
        return "hang", wrong
    if answer.status is None:
        return answer.ended, wrong
    if answer.status != 200:
        return str(answer.status), wrong
    if stream:
        if answer.error_event:
            return "error event", wrong or answer.done
        if answer.ended != "whole":
            return "cut", wrong
        if answer.done:
            return ("whole" if text == expected else "short"), wrong
        if text == expected and b'"finish_reason":"' in answer.body:
            return "unmarked end", wrong
        return "silent end", wrong
    if answer.ended != "whole":
        return "cut", wrong
    return ("whole" if text == expected else "bad body"), wrong


def memory_kilobytes(pid, field="VmRSS"):
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith(field):
                return int(line.split()[1])
    return 0


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


class Engine:
    """A `quire serve` on a fixed port, or a mock where the model is "mock"; may be killed and restarted."""

    def __init__(self, quire, model, port=None, flags=()):
        self.quire, self.model, self.flags = quire, model, list(flags)
        self.port = port or free_port()
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        if self.model == "mock":
            command = [str(built("mock", "mock/mock.c"))]
        else:
            command = [str(self.quire), "serve", str(self.model), "--host", "127.0.0.1"]
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port), *self.flags],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_port(self.port, self.process, 60)
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process:
            end(self.process, 40)

    def metric(self, *names):
        """The sum of a series over its labels; None while the engine is down."""
        answer = ask(self.port, None, "/metrics", limit=5, method="GET")
        if answer.status != 200:
            return None
        total = 0.0
        for line in answer.body.decode(errors="replace").splitlines():
            if line.startswith(names) and line.split("{")[0].split(" ")[0] in names:
                total += float(line.rsplit(" ", 1)[1])
        return total


class SteadyLoad:
    """Whole requests at a set rate, whether answered or not, on connections that are kept."""

    def __init__(self, send, rate, workers=32):
        """`send(slot)` sends one request; `slot` is a dictionary that its worker keeps."""
        self.send, self.rate = send, rate
        self.outcomes = []  # (when it was due, seconds, outcome)
        self._stop, self._next, self._lock = False, 0, threading.Lock()
        self._start = time.monotonic()
        self._threads = [threading.Thread(target=self._work) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def _work(self):
        slot = {}
        while not self._stop:
            with self._lock:
                due = self._start + self._next / self.rate
                self._next += 1
            time.sleep(max(0.0, due - time.monotonic()))
            if self._stop:
                break
            outcome = self.send(slot)
            self.outcomes.append((due, time.monotonic() - due, outcome))
        for connection in slot.values():
            connection.close()

    def stop(self):
        self._stop = True
        for thread in self._threads:
            thread.join()


def ask_kept(slot, port, body, path, limit=30):
    """`ask` on the slot's connection to that port. One that the other side closed while it was idle is opened anew."""
    connection = slot.get(port)
    if connection is not None:
        try:
            connection.settimeout(0)
            stale = connection.recv(1, socket.MSG_PEEK) is not None
        except (BlockingIOError, InterruptedError):
            stale = False
        except OSError:
            stale = True
        if stale:
            slot.pop(port).close()
            connection = None
    if connection is None:
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=5)
        except OSError:
            answer = Answer()
            answer.ended = "refused"
            return answer
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        slot[port] = connection
    answer = ask(port, body, path, limit, connection=connection)
    if answer.ended != "whole" or answer.headers.get("connection", "").lower() == "close":
        slot.pop(port).close()
    return answer
