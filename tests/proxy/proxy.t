#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The fault proxy, seen from a client that looks at every byte, with a server behind it that counts."""
import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tools"))
from tap import Tap  # noqa: E402

PROXY = os.path.join(HERE, "..", "tools", "fault_proxy.py")
tap = Tap()


class Behind(http.server.ThreadingHTTPServer):
    """Echoes what it gets, and remembers it."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen, self.connections = [], set()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write for head and body

    def log_message(self, *_):
        pass

    def read_chunked(self):
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def do(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = self.read_chunked()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.connections.add(self.client_address)
        self.server.seen.append((self.command, self.path, body))
        answer = b"%s %s %d " % (self.command.encode(), self.path.encode(), len(body)) + body
        if self.path == "/slow":
            time.sleep(0.3)
        self.send_response(204 if self.path == "/nothing" else 200)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for at in range(0, len(answer), 7):
                piece = answer[at:at + 7]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        elif self.path == "/until-close":
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(answer)
            self.close_connection = True
        elif self.path == "/nothing":
            self.end_headers()
        else:
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = do


class Proxy:
    def __init__(self, behind, *args):
        self.process = subprocess.Popen([sys.executable, PROXY, "--to", str(behind.server_port), *args],
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def client(self):
        return Client(self.port)

    def order(self, what, body=None):
        with self.client() as client:
            _, text = client.ask("GET" if body is None else "POST", "/-fault-proxy/" + what, (body or "").encode())
            return text.decode()

    def stats(self):
        return json.loads(self.order("stats"))

    def log(self):
        return [json.loads(line) for line in self.order("log").splitlines()]


class Client:
    """A connection on which one can send whatever one likes."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def head(self):
        start = self.file.readline()
        if not start:
            raise EOFError
        headers = {}
        while (line := self.file.readline().strip()):
            key, _, value = line.partition(b":")
            headers[key.lower().decode()] = value.strip().decode()
        return int(start.split()[1]), headers

    def answer(self, method="GET"):
        status, headers = self.head()
        if method == "HEAD" or status == 204:
            return status, b""
        if headers.get("transfer-encoding") == "chunked":
            return status, Handler.read_chunked(type("R", (), {"rfile": self.file}))
        if "content-length" in headers:
            return status, self.file.read(int(headers["content-length"]))
        return status, self.file.read()

    def ask(self, method, path, body=b"", headers=()):
        lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers, "", ""]
        self.send("\r\n".join(lines).encode() + body)
        return self.answer(method)

    def ending(self):
        """How the other side ended: 'closed', 'reset', or what it said instead."""
        try:
            return self.file.read() or "closed"
        except ConnectionResetError:
            return "reset"
        except TimeoutError:
            return "silence"


def form(action):
    return f"Action={action}&Version=2016-11-15".encode(), ["Content-Type: application/x-www-form-urlencoded"]


def signed(service):
    return f"Authorization: AWS4-HMAC-SHA256 Credential=AK/20250101/us-east-1/{service}/aws4_request, Signature=0"


def test_passing():
    behind = Behind()
    with Proxy(behind) as proxy:
        with proxy.client() as client:
            tap.same(client.ask("GET", "/a"), (200, b"GET /a 0 "), "a request passes")
            tap.same(client.ask("POST", "/b", b"x" * 300000), (200, b"POST /b 300000 " + b"x" * 300000),
                     "a large body passes both ways")
            tap.same(client.ask("GET", "/chunked"), (200, b"GET /chunked 0 "), "a chunked answer passes")
            tap.same(client.ask("HEAD", "/c"), (200, b""), "HEAD has a length and no body")
            tap.same(client.ask("GET", "/nothing"), (204, b""), "204 has no body")
            client.send(b"PUT /d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                        b"3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: 1\r\n\r\n")
            tap.same(client.answer(), (200, b"PUT /d 5 abcde"), "a chunked request passes")
            client.send(b"PUT /e HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
            tap.same(client.head()[0], 100, "Expect is answered before the body is sent")
            client.send(b"hi")
            tap.same(client.answer(), (200, b"PUT /e 2 hi"), "and the request goes on")
            client.send(b"GET /f HTTP/1.1\r\nHost: x\r\n\r\nGET /g HTTP/1.1\r\nHost: x\r\n\r\n")
            tap.same([client.answer()[1], client.answer()[1]], [b"GET /f 0 ", b"GET /g 0 "], "pipelined requests keep their order")
            tap.same(len(behind.connections), 1, "one connection at the front is one at the back, kept open")
            tap.same(client.ask("GET", "/until-close"), (200, b"GET /until-close 0 "), "an answer that ends with its connection")
        with proxy.client() as client:
            client.send(b"GET /h HTTP/1.0\r\n\r\n")
            tap.same((client.answer()[1], client.ending()), (b"GET /h 0 ", "closed"), "HTTP/1.0 closes")
        with proxy.client() as client:
            client.ask("GET", "/moto-api/data")
            client.ask("GET", "/i")
        log = proxy.log()
        tap.same([entry["n"] for entry in log], list(range(1, len(log) + 1)), "requests are numbered from 1")
        tap.ok("/moto-api/data" not in [entry["path"] for entry in log], "the server's own orders have no number")
        tap.same((proxy.stats()["requests"], proxy.stats()["open"]), (len(log), 0), "and counted")
        before = len(behind.seen)
        with proxy.client() as client:
            client.send(b"nonsense\r\n\r\n")
            tap.same(client.ending(), "closed", "what is not HTTP is cut off")
        with proxy.client() as client:
            tap.same(client.ask("GET", "/j")[0], 200, "and disturbs nobody else")
        tap.same(len(behind.seen), before + 1, "nor reaches the server")


def test_faults_at_a_number():
    behind = Behind()
    with Proxy(behind) as proxy:
        for fault, ending, reaches in [("drop", "closed", True), ("close-before", "closed", False),
                                       ("reset-before", "reset", False), ("reset-after", "reset", True)]:
            proxy.order("reset", "")
            proxy.order("faults", f"2:{fault}\n")
            behind.seen.clear()
            with proxy.client() as client:
                tap.same(client.ask("POST", "/one")[0], 200, f"{fault}: the request before it passes")
                client.send(b"POST /two HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
                tap.same(client.ending(), ending, f"{fault}: the client sees it")
            with proxy.client() as client:
                tap.same(client.ask("POST", "/three")[0], 200, f"{fault}: the next one passes")
            want = ["/one", "/two", "/three"] if reaches else ["/one", "/three"]
            tap.same([path for _, path, _ in behind.seen], want, f"{fault}: what the server saw")
            tap.same([entry["status"] for entry in proxy.log()], [200, 0, 200], f"{fault}: the log says so")
            tap.same([(f["n"], f["fault"]) for f in proxy.stats()["fired"]], [(2, f"2:{fault}")], f"{fault}: fired once")


def test_status():
    behind = Behind()
    with Proxy(behind, "--fault", "1:status=500", "--fault", "2:status-after=503", "--fault", "3:status=503",
               "--fault", "4:status=500") as proxy, proxy.client() as client:
        body, kind = form("RunInstances")
        status, text = client.ask("POST", "/1", body, kind + [signed("ec2")])
        tap.ok(status == 500 and b"<Response><Errors><Error><Code>InternalError</Code>" in text, "500 in EC2's words", text)
        status, text = client.ask("POST", "/2", body, kind + [signed("iam")])
        tap.ok(status == 503 and b"<ErrorResponse><Error>" in text and b"ServiceUnavailable" in text, "503 in IAM's words", text)
        status, text = client.ask("POST", "/3", b"{}", ["X-Amz-Target: AmazonSSM.PutParameter", signed("ssm")])
        tap.ok(status == 503 and json.loads(text)["__type"] == "ServiceUnavailable", "503 in SSM's words", text)
        status, text = client.ask("PUT", "/4", b"", [signed("s3")])
        tap.ok(status == 500 and b"<Error><Code>InternalError</Code>" in text, "500 in S3's words", text)
        tap.same([path for _, path, _ in behind.seen], ["/2"], "only status-after reached the server")
        tap.same(client.ask("GET", "/5")[0], 200, "the connection goes on")
        tap.same([(e["service"], e["action"], e["status"]) for e in proxy.log()],
                 [("ec2", "RunInstances", 500), ("iam", "RunInstances", 503), ("ssm", "PutParameter", 503),
                  ("s3", "PUT /4", 500), ("", "GET /5", 200)], "service, action and status in the log")


def test_spoilt():
    behind = Behind()
    seen = {}
    body, kind = form("CreateVpc")
    head = "\r\n".join(["POST /x HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *kind, signed("ec2"), "", ""]).encode()
    with Proxy(behind) as proxy:
        for what in ("garble-after", "cut-after", "head-after", "empty-after", "page-after", "error-after", "redirect"):
            proxy.order("faults", f"*:{what}")
            with proxy.client() as client:
                client.send(head + body)
                client.socket.settimeout(0.3)
                seen[what] = b""
                try:
                    while more := client.socket.recv(65536):
                        seen[what] += more
                except TimeoutError:
                    pass
    tap.ok(b"CreateVpc" not in seen["garble-after"] and b" 200 " in seen["garble-after"], "garble-after", seen["garble-after"])
    tap.ok(seen["redirect"].startswith(b"HTTP/1.1 302 ") and b"Location: http://" in seen["redirect"], "redirect", seen["redirect"])
    tap.ok(len(seen["head-after"]) == 30 and b"\r\n\r\n" not in seen["head-after"], "head-after", seen["head-after"])
    head, _, body = seen["cut-after"].partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r")[0])
    tap.ok(len(body) < length, "cut-after: less arrives than was said", seen["cut-after"])
    tap.ok(seen["empty-after"].endswith(b"Content-Length: 0\r\n\r\n"), "empty-after", seen["empty-after"])
    tap.ok(b"text/html" in seen["page-after"], "page-after", seen["page-after"])
    tap.ok(seen["error-after"].startswith(b"HTTP/1.1 200 ") and b"<Code>InternalError</Code>" in seen["error-after"], "error-after",
           seen["error-after"])
    tap.same(len([path for _, path, _ in behind.seen]), 6, "all but the redirect reached the server")


def test_actions():
    behind = Behind()
    with Proxy(behind, "--fault", "CreateVpc#2:status=500", "--fault", "CreateSubnet:status=500",
               "--fault", "DeleteVpc#*:status=500", "--fault", "GET /x:status=500") as proxy, proxy.client() as client:
        def ask(action):
            body, kind = form(action)
            return client.ask("POST", "/", body, kind)[0]
        tap.same([ask("CreateVpc") for _ in range(3)], [200, 500, 200], "the second of an action")
        tap.same([ask("CreateSubnet") for _ in range(3)], [500, 200, 200], "the first where no number is named")
        tap.same([ask("DeleteVpc") for _ in range(3)], [500, 500, 500], "each one")
        tap.same([client.ask("GET", "/x?y=1")[0], client.ask("GET", "/y")[0]], [500, 200], "a REST action is method and path")
        tap.same(client.ask("POST", "/service/Logs/operation/PutIt", b"\xa0")[0], 200, "a CBOR request passes")
        tap.same(proxy.log()[-1]["action"], "PutIt", "and is named")


def test_time():
    behind = Behind()
    with Proxy(behind, "--fault", "1:delay=300", "--fault", "2:delay-after=300", "--fault", "3:hang",
               "--fault", "4:hang-after") as proxy:
        with proxy.client() as client:
            for number in (1, 2):
                begin = time.monotonic()
                client.ask("GET", f"/{number}")
                tap.ok(time.monotonic() - begin >= 0.3, f"request {number} is held up")
        for number in (3, 4):
            with proxy.client() as client:
                client.socket.settimeout(0.5)
                client.send(b"GET /%d HTTP/1.1\r\n\r\n" % number)
                tap.same(client.ending(), "silence", f"request {number} gets no answer")
                tap.same(proxy.stats()["open"], 1, "and counts as open")
        end = time.monotonic() + 5
        while proxy.stats()["open"] and time.monotonic() < end:
            time.sleep(0.05)
        tap.same(proxy.stats()["open"], 0, "until the client gives up")
        tap.same([path for _, path, _ in behind.seen], ["/1", "/2", "/4"], "what the server saw")
        proxy.order("reset", "")
        proxy.order("latency", "200")
        with proxy.client() as client:
            begin = time.monotonic()
            client.ask("GET", "/5")
            tap.ok(time.monotonic() - begin >= 0.2, "latency holds for all")
        tap.ok(proxy.log()[0]["ms"] >= 200, "and is in the log", proxy.log())


def victim(proxy, path, pid_file="/dev/null"):
    """A process that asks once and then would go on."""
    code = ("import os, socket, sys, time\n"
            "with open(sys.argv[3], 'w') as file:\n"
            "    file.write(str(os.getpid()))\n"
            "s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
            "s.sendall(b'POST ' + sys.argv[2].encode() + b' HTTP/1.1\\r\\nContent-Length: 0\\r\\n\\r\\n')\n"
            "s.recv(100)\n"
            "time.sleep(60)\n")
    return subprocess.Popen([sys.executable, "-c", code, str(proxy.port), path, pid_file])


def test_kill():
    behind = Behind()
    with tempfile.TemporaryDirectory() as folder:
        pid_file = os.path.join(folder, "pid")
        with Proxy(behind, "--pid-file", pid_file, "--fault", "1:kill-before", "--fault", "2:kill-after") as proxy:
            process = victim(proxy, "/before", pid_file)
            tap.same(process.wait(10), -signal.SIGKILL, "kill-before kills the process of the file")
            process = victim(proxy, "/after")
            proxy.order("pid", str(process.pid))
            tap.same(process.wait(10), -signal.SIGKILL, "kill-after kills the process named by order")
            tap.same([path for _, path, _ in behind.seen], ["/after"], "what the server saw")


def test_throttle():
    behind = Behind()

    def play(seed):
        with Proxy(behind, "--throttle", "0.3", "--seed", seed) as proxy, proxy.client() as client:
            body, kind = form("DescribeVpcs")
            return [client.ask("POST", "/", body, kind + [signed("ec2")])[0] for _ in range(60)], proxy.stats()["fired"]
    first, fired = play("7")
    tap.ok(8 <= first.count(503) <= 30 and first.count(200) == 60 - first.count(503), "about the fraction is refused", first)
    tap.same(len(fired), first.count(503), "and counted")
    tap.same(play("7")[0], first, "the same seed refuses the same requests")
    tap.ok(play("8")[0] != first, "another one others")
    with Proxy(behind) as proxy, proxy.client() as client:
        proxy.order("throttle", "1 1")
        body, kind = form("X")
        answers = [client.ask("POST", "/", body, kind + [signed("ec2")]),
                   client.ask("POST", "/", body, kind + [signed("iam")]),
                   client.ask("POST", "/", b"{}", ["X-Amz-Target: A.B", signed("ssm")]),
                   client.ask("PUT", "/key", b"", [signed("s3")]),
                   client.ask("GET", "/2015-02-01/file-systems", b"", [signed("elasticfilesystem")])]
        words = [b"RequestLimitExceeded", b"Throttling", b"ThrottlingException", b"SlowDown", b"TooManyRequestsException"]
        tap.same([status for status, _ in answers], [503, 400, 400, 503, 429], "each service has its status")
        tap.ok(all(word in text for word, (_, text) in zip(words, answers)), "and its word", answers)
        proxy.order("reset", "")
        tap.ok(client.ending() in ("closed", "reset"), "a reset cuts the connections of before")
    with Proxy(behind) as proxy:
        proxy.order("throttle", "1 1")
        proxy.order("reset", "")
        with proxy.client() as client:
            tap.same(client.ask("GET", "/")[0], 200, "and ends throttling")


def test_orders():
    behind = Behind()
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        with Proxy(behind, "--log", log) as proxy, proxy.client() as client:
            tap.same(client.ask("POST", "/-fault-proxy/faults", b"1:drop\n2:explode")[0], 400, "an unknown fault is refused")
            tap.same(client.ask("POST", "/-fault-proxy/dance")[0], 404, "so is an unknown order")
            client.ask("GET", "/a")
            with open(log, encoding="utf-8") as file:
                entry = json.loads(file.read())
            tap.same((entry["n"], entry["path"], entry["status"]), (1, "/a", 200), "the log is in its file")
            client.ask("POST", "/-fault-proxy/reset")
            client.ask("GET", "/b")
            with open(log, encoding="utf-8") as file:
                tap.same([json.loads(line)["path"] for line in file], ["/b"], "a reset empties it")
            tap.same(proxy.stats()["requests"], 1, "and starts the count anew")


def test_other_server():
    one, two = Behind(), Behind()
    with Proxy(one) as proxy, proxy.client() as client:
        client.ask("GET", "/a")
        proxy.order("to", f"127.0.0.1:{two.server_port}")
        tap.same(client.ask("GET", "/b")[0], 200, "the same connection goes on")
        tap.same([[path for _, path, _ in behind.seen] for behind in (one, two)], [["/a"], ["/b"]], "to another server")


def test_server_gone():
    behind = Behind()
    with Proxy(behind) as proxy:
        behind.shutdown()
        behind.server_close()
        with proxy.client() as client:
            tap.same(client.ask("GET", "/a")[0], 502, "a server that is gone is a 502")
    refused = subprocess.run([sys.executable, PROXY, "--to", "1", "--fault", "nonsense"], capture_output=True, text=True,
                             check=False)
    tap.ok(refused.returncode != 0 and "WHEN:WHAT" in refused.stderr, "a fault that is none is refused at start", refused.stderr)


def test_parent():
    code = ("import subprocess, sys, os, time\n"
            "p = subprocess.Popen([sys.executable, sys.argv[1], '--to', '1'], stdout=subprocess.PIPE, text=True)\n"
            "p.stdout.readline()\n"
            "print(p.pid, flush=True)\n"
            "time.sleep(60)\n")
    with subprocess.Popen([sys.executable, "-c", code, PROXY], stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
    gone = False
    for _ in range(100):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                gone = file.read().rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            gone = True
        if gone:
            break
        time.sleep(0.05)
    tap.ok(gone, "the proxy ends with its parent")


for test in (test_passing, test_faults_at_a_number, test_status, test_spoilt, test_actions, test_time, test_kill, test_throttle,
             test_orders, test_other_server, test_server_gone, test_parent):
    tap.case(test)
tap.done()
