"""The action proxy for Python: /init loads the user's code into this process, /run calls its entry point.

Single-threaded on purpose: user code runs in the main thread, and a request that arrives meanwhile waits in its socket.
The HTTP loop is written on bare sockets because the standard library's server costs a warm call several times as much.
Works from Python 3.7 on. Its modules have names that no user's module has: there is one name space for all of them.
"""
import _thread
import io
import json
import os
import select
import socket
import sys
import time

import miniwhisk_prints as prints

# Before it is watched: what the proxy itself writes is nobody's print.
write_to = os.write
SENTINEL = b"XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n"
# 48 MB of code doubled by JSON escapes, and room for parameters.
MAX_BODY = 128 * 1024 * 1024
MAX_HEAD = 64 * 1024

NOT_FOUND_OR_BAD = "The action failed to generate or locate a binary. See logs for details."
CANNOT_START = "Cannot start action. Check logs for details."

REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 413: "Payload Too Large",
           500: "Internal Server Error", 502: "Bad Gateway"}


class Output(io.FileIO):
    """A standard stream's file, which knows whether what was written last ended a line."""

    line_ended = True

    def write(self, data):
        written = super().write(data)
        if written:
            prints.printed = True
            self.line_ended = data[written - 1] == 10
        return written


def open_output(fd):
    raw = Output(fd, "w", closefd=False)
    # Line by line, so that both streams keep their order in time and a long run's log can be followed.
    return raw, io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace",
                                 line_buffering=True)


class Action:
    """The user's code and what became of it. `main` is None until /init succeeded."""

    def __init__(self):
        self.main = None
        self.exited = False
        self.outputs = []
        # Whether the request allows the sentinels to be left out, and whether they were.
        self.sentinels_optional = False
        self.silent = False

    def start_output(self):
        for fd in (1, 2):
            self.outputs.append(open_output(fd))
        sys.stdout = sys.__stdout__ = self.outputs[0][1]
        sys.stderr = sys.__stderr__ = self.outputs[1][1]
        prints.watch()

    def end_activation(self):
        """Everything written so far leaves this process, then the sentinel on both streams, unless it is not needed."""
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                pass  # The user's own replacement of a stream.
        for _, text in self.outputs:
            try:
                text.flush()
            except ValueError:
                pass  # Closed by the user's code.
        self.silent = self.sentinels_optional and prints.silent()
        if self.silent:
            return
        prints.printed = False
        for raw, _ in self.outputs:
            write_to(raw_fd(raw), SENTINEL if raw.line_ended else b"\n" + SENTINEL)
            raw.line_ended = True

    def init(self, message):
        if self.main is not None:
            text = "Cannot initialize the action more than once."
            print(text, file=sys.stderr)
            return 403, error_body(text)
        value = message.get("value")
        value = value if isinstance(value, dict) else {}
        code = value.get("code")
        if not isinstance(code, str) or not code:
            return 403, error_body("Missing main/no code to execute.")
        entry = value.get("main") or "main"
        env = value.get("env")
        if isinstance(env, dict):
            for name, setting in env.items():
                export(name, setting)
        import miniwhisk_load as load
        try:
            self.main = load.load(code, entry, value.get("binary") is True)
            return 200, b'{"ok":true}'
        except BaseException as error:
            if isinstance(error, load.CannotLoad):
                sys.stderr.write(str(error) + "\n")
                text = NOT_FOUND_OR_BAD if error.before_start else CANNOT_START
            else:
                load.print_error(error)
                text = NOT_FOUND_OR_BAD if isinstance(error, SyntaxError) else CANNOT_START
            self.end_activation()
            return 502, error_body(text)

    def run(self, message):
        if self.main is None:
            return 500, error_body("no action defined yet")
        if self.exited:
            return 500, error_body("command exited")
        arguments = message.pop("value", None)
        for name, setting in message.items():
            export("__OW_" + name.upper(), setting)
        try:
            result = self.main({} if arguments is None else arguments)
            if type(result).__name__ == "coroutine":
                import asyncio
                result = asyncio.run(result)
        except Exception as error:
            import miniwhisk_load as load
            load.print_error(error)
            result = {"error": str(error)}
        except BaseException as error:
            # sys.exit() and the like: OpenWhisk's proxy sees its child end.
            if not isinstance(error, SystemExit):
                import miniwhisk_load as load
                load.print_error(error)
            self.exited = True
            self.end_activation()
            return 400, error_body("command exited")
        body = None
        if result is None or isinstance(result, (dict, list, tuple)):
            try:
                body = encode(result)
            except Exception as error:
                import miniwhisk_load as load
                load.print_error(error)
        self.end_activation()
        if body is None:
            return 502, error_body("The action did not return a dictionary or array.")
        return 200, body


def raw_fd(raw):
    """The stream's number, also when the user's code closed the Python object."""
    return raw.fileno() if not raw.closed else (1 if raw is ACTION.outputs[0][0] else 2)


def export(name, value):
    if isinstance(value, str):
        os.environ[name] = value
    else:
        os.environ[name] = "" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
ASCII_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def encode(value):
    try:
        return ENCODER.encode(value).encode("utf-8")
    except UnicodeEncodeError:
        return ASCII_ENCODER.encode(value).encode("ascii")  # A lone surrogate can only travel escaped.


def error_body(text):
    return encode({"error": text})


def parse_listen(text):
    if not text:
        return "0.0.0.0", 8080
    if text.startswith("/"):
        return text
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def listen(where):
    if isinstance(where, str):
        try:
            os.unlink(where)
        except OSError:
            pass
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    else:
        server = socket.socket(socket.AF_INET6 if ":" in where[0] else socket.AF_INET, socket.SOCK_STREAM)
        if os.name != "nt":
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(where)
    server.listen(128)
    return server


class Refusal(Exception):
    """The request cannot be read; the connection ends after the reply."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class Connection:
    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""
        self.sentinels_optional = False
        # When the request had come, if its sender wants to know how long it took.
        self.start = None
        sock.setblocking(True)
        if sock.family != getattr(socket, "AF_UNIX", None):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def more(self):
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError
        self.buffer += data

    def request(self):
        """Reads one whole request: method, path, body, whether to close. Raises ConnectionError at the end."""
        if not self.buffer:
            self.more()
        while True:
            end = self.buffer.find(b"\r\n\r\n")
            if end >= 0:
                break
            if len(self.buffer) > MAX_HEAD:
                raise Refusal(400, "The request has too long a head.")
            self.more()
        lines = self.buffer[:end].decode("latin-1").split("\r\n")
        self.buffer = self.buffer[end + 4:]
        first = lines[0].split(" ")
        if len(first) != 3 or not first[2].startswith("HTTP/1."):
            raise Refusal(400, "Bad request.")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        wish = headers.get("connection", "").lower()
        close = "keep-alive" not in wish if first[2] == "HTTP/1.0" else "close" in wish
        chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        length = headers.get("content-length", "0")
        if not chunked and not length.isdigit():
            raise Refusal(400, "Bad request.")
        if not chunked and int(length) > MAX_BODY:
            raise Refusal(413, "The request is larger than allowed: %s > %d bytes." % (length, MAX_BODY))
        if "expect" in headers and (chunked or len(self.buffer) < int(length)):
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self.chunked_body() if chunked else self.take(int(length))
        self.sentinels_optional = headers.get("x-miniwhisk-sentinels") == "optional"
        self.start = time.perf_counter() if headers.get("x-miniwhisk-took") == "wanted" else None
        return first[0], first[1], body, close

    def take(self, length):
        if len(self.buffer) >= length:
            body, self.buffer = self.buffer[:length], self.buffer[length:]
            return body
        body = bytearray(length)
        view = memoryview(body)
        filled = len(self.buffer)
        view[:filled] = self.buffer
        self.buffer = b""
        while filled < length:
            count = self.sock.recv_into(view[filled:])
            if not count:
                raise ConnectionError
            filled += count
        return body

    def line(self):
        while True:
            end = self.buffer.find(b"\r\n")
            if end >= 0:
                line, self.buffer = self.buffer[:end], self.buffer[end + 2:]
                return line
            if len(self.buffer) > MAX_HEAD:
                raise Refusal(400, "Bad request.")
            self.more()

    def chunked_body(self):
        parts = []
        size = 0
        while True:
            try:
                length = int(self.line().split(b";")[0], 16)
            except ValueError:
                raise Refusal(400, "Bad request.")
            size += length
            if length < 0 or size > MAX_BODY:
                raise Refusal(413, "The request is larger than allowed.")
            if length == 0:
                while self.line():
                    pass
                return b"".join(parts)
            parts.append(bytes(self.take(length)))
            self.line()

    def reply(self, status, body, close, silent=False):
        more = "Connection: close\r\n" if close else ""
        if silent:
            more += "X-Miniwhisk-Sentinels: none\r\n"
        if self.start is not None:
            more += "X-Miniwhisk-Took: %.3f\r\n" % (1000 * (time.perf_counter() - self.start))
        head = "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n" % (
            status, REASONS[status], more, len(body))
        self.sock.sendall(head.encode("latin-1") + body)

    def serve_one(self):
        """Answers one request. False when the connection is over."""
        try:
            method, path, body, close = self.request()
            ACTION.sentinels_optional = self.sentinels_optional
            ACTION.silent = False
            status, answer = answer_to(method, path, body)
            self.reply(status, answer, close, ACTION.silent)
            return not close
        except Refusal as refusal:
            try:
                self.reply(refusal.status, error_body(str(refusal)), True)
            except OSError:
                pass
            return False
        except OSError:
            return False


ACTION = Action()


def answer_to(method, path, body):
    handler = None
    if method == "POST":
        handler = ACTION.run if path == "/run" else ACTION.init if path == "/init" else None
    message = None
    if handler:
        try:
            message = json.loads(body.decode("utf-8")) if body else {}
        except (ValueError, RecursionError):
            pass
    if not isinstance(message, dict):
        return 500, error_body("Bad request.")
    return handler(message)


class Readiness:
    """Which of some sockets can be read: poll where the system has it, else select."""

    def __init__(self):
        self.sockets = {}
        self.poller = select.poll() if hasattr(select, "poll") else None

    def add(self, sock, meaning):
        self.sockets[sock.fileno()] = (sock, meaning)
        if self.poller:
            self.poller.register(sock, select.POLLIN)

    def drop(self, fd):
        sock, _ = self.sockets.pop(fd)
        if self.poller:
            self.poller.unregister(fd)
        sock.close()

    def wait(self):
        if self.poller:
            return [fd for fd, _ in self.poller.poll()]
        return [sock.fileno() for sock in select.select([s for s, _ in self.sockets.values()], [], [])[0]]


def serve(server):
    ready = Readiness()
    ready.add(server, None)
    while True:
        for fd in ready.wait():
            connection = ready.sockets[fd][1]
            if connection is None:
                sock, _ = server.accept()
                connection = Connection(sock)
                ready.add(sock, connection)
                continue
            alive = connection.serve_one()
            while alive and connection.buffer:
                alive = connection.serve_one()
            if not alive:
                ready.drop(fd)


def leave_with_parent():
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass
    leave(0)


def leave(code):
    """Ends the process at once, whatever the user's code is doing."""
    loader = sys.modules.get("miniwhisk_load")
    if loader:
        loader.remove_folder()
    os._exit(code)


def start():
    where = parse_listen(os.environ.get("MINIWHISK_PROXY_LISTEN"))
    watch_parent = os.environ.get("MINIWHISK_PROXY_PARENT") == "stdin"
    for name in [name for name in os.environ if name.startswith("MINIWHISK_")]:
        del os.environ[name]
    try:
        server = listen(where)
    except OSError as error:
        sys.exit("The action proxy cannot listen: %s" % error)
    if watch_parent:
        _thread.start_new_thread(leave_with_parent, ())
    ACTION.start_output()
    serve(server)
