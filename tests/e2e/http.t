#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The data source http, with the real program against real servers on loopback."""
import base64
import json
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from folder import Folder, actions  # noqa: E402
from tap import Tap  # noqa: E402

t = Tap()
BIG = 9 << 20


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        server = self.server
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length).decode()
        path = self.path.split("?")[0]
        server.asked.append((self.command, self.path, time.monotonic()))
        nth = sum(asked[1] == self.path for asked in server.asked)
        if path == "/ip":
            self.answer(200, b"203.0.113.7\n", [("Content-Type", "text/plain"), ("X-Two", "a"), ("x-two", "b")])
        elif path == "/echo":
            self.answer(200, json.dumps({"method": self.command, "path": self.path, "sent": sent,
                                         "headers": {k.lower(): v for k, v in self.headers.items()}}).encode())
        elif path == "/bytes":
            self.answer(200, b"\xff\x00ok")
        elif path == "/missing":
            self.answer(404, b"not here")
        elif path == "/broken":
            self.answer(500, b"the pump is broken\nand more")
        elif path == "/unknown-method":
            self.answer(501)
        elif path == "/flaky":
            self.answer(200, b"at last") if nth >= 3 else self.answer(503)
        elif path == "/busy":
            self.answer(200, b"free") if nth >= 2 else self.answer(429, headers=[("Retry-After", "1")])
        elif path == "/cut":
            if nth >= 2:
                self.answer(200, b"whole")
            else:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
                self.close_connection = True
        elif path == "/slow":
            server.gate.wait(20)
            self.answer(200, b"late")
        elif path == "/big":
            self.answer(200, b"x" * BIG)
        elif path == "/loop":
            self.answer(302, headers=[("Location", "/loop")])
        elif path == "/to":
            self.answer(int(self.path.split("status=")[1][:3]), headers=[("Location", self.path.split("to=")[1].split("&")[0])])
        else:
            self.answer(404)

    do_POST = do_HEAD = do_GET


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Clients that leave early and distrust certificates are part of the tests."""


class Web:
    """A server of this process; with a certificate it speaks TLS."""

    def __init__(self, certificate=None):
        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.server.asked = []
        self.server.gate = threading.Event()
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.gate.set()
        self.server.shutdown()
        self.server.server_close()

    def asked(self, path):
        return [entry for entry in self.server.asked if entry[1] == path]


def config(url, body="", name="a"):
    """A data source, and an object that keeps what it said."""
    return (f'data "http" "{name}" {{\n  url = "{url}"\n{body}\n}}\n'
            f'resource "terraform_data" "{name}" {{\n  input = data.http.{name}\n}}\n')


def read(url, body=""):
    """What the data source says, and the run; None after a failure."""
    with Folder(config=config(url, body)) as f:
        result = f.apply()
        return (f.value("terraform_data.a.output") if result.code == 0 else None), result


def fails(url, words, body="", what=None):
    with Folder(config=config(url, body)) as f:
        result = f.infra("plan")
        text = " ".join(result.err.split())
        t.ok(result.code == 1 and words in text and ("main.tf line 1" in text or "main.tf line 3" in text), what or f"http: {words}", result)
        return result


def test_answers():
    with Web() as web:
        got, result = read(f"{web.url}/ip")
        t.ok(got and (got["response_body"], got["body"], got["status_code"], got["id"]) ==
             ("203.0.113.7\n", "203.0.113.7\n", 200, f"{web.url}/ip"), "http: the answer", got, result)
        t.ok(got["response_headers"]["Content-Type"] == "text/plain" and got["response_headers"]["X-Two"] == "a, b",
             "http: its headers, of one name joined", got)
        with Folder(config=f'''data "http" "me" {{
  url = "{web.url}/ip"
}}
output "cidr" {{
  value = "${{chomp(data.http.me.response_body)}}/32"
}}
''') as f:
            before = len(web.asked("/ip"))
            plan = f.infra("plan")
            t.ok('cidr = "203.0.113.7/32"' in plan.out and not actions(plan.out), "http: known while planning", plan)
            t.same(len(web.asked("/ip")) - before, 1, "http: a plan asks once")

        echo, _ = read(f"{web.url}/echo?q=a%20b", '  method = "POST"\n  request_body = "asked"\n'
                       '  request_headers = {\n    Accept = "application/json"\n    X-Own = "yes"\n  }')
        said = json.loads(echo["response_body"])
        t.same((said["method"], said["path"], said["sent"], said["headers"]["accept"], said["headers"]["x-own"]),
               ("POST", "/echo?q=a%20b", "asked", "application/json", "yes"), "http: method, body and headers go out")
        said = json.loads(read(f"{web.url}/echo")[0]["response_body"])
        t.ok(said["headers"]["user-agent"].startswith("curl/") and " infra/" in said["headers"]["user-agent"],
             "http: it names itself", said)
        said = json.loads(read(f"{web.url}/echo", '  request_headers = { Host = "other.example", User-Agent = "mine" }')[0]["response_body"])
        t.same((said["headers"]["host"], said["headers"]["user-agent"]), ("other.example", "mine"), "http: headers can be other ones")
        said = json.loads(read(f"{web.url}/echo?q=ä b")[0]["response_body"])
        t.same(said["path"].lower(), "/echo?q=%c3%a4+b", "http: what a URL cannot hold is escaped")
        head, _ = read(f"{web.url}/ip", '  method = "HEAD"')
        t.same((head["response_body"], head["status_code"], head["response_headers"]["Content-Length"]), ("", 200, "12"), "http: HEAD")
        data, result = read(f"{web.url}/bytes")
        t.ok(base64.b64decode(data["response_body_base64"]) == b"\xff\x00ok" and "Response body is not UTF-8" in result.err,
             "http: bytes that are no text", data, result)
        got, _ = read(f"{web.url}/missing")
        t.same((got["status_code"], got["response_body"]), (404, "not here"), "http: 404 is an answer like others")
        got, _ = read(f"{web.url}/unknown-method")
        t.same(got["status_code"], 501, "http: so is 501")


def test_failures():
    with Web() as web:
        fails(f"{web.url}/broken", "was answered with the status 500: the pump is broken.")
        t.same(len(web.asked("/broken")), 1, "http: without a retry block it asks once")
        result = fails(f"{web.url.replace('//', '//user:hidden@')}/broken", "was answered with the status 500")
        t.ok("hidden" not in result.err, "http: a password in a URL is not shown", result)
        with Folder(config=f'data "http" "a" {{\n  url = sensitive("http://127.0.0.1:9/hidden")\n}}\n') as f:
            result = f.infra("plan")
            t.ok(result.code == 1 and "hidden" not in result.err.replace(f.folder.name, "").split("\n\n")[-1] and
                 "GET (sensitive value): the reason would show" in " ".join(result.err.split()), "http: a sensitive URL is not shown", result)
        begin = time.monotonic()
        fails(f"{web.url}/slow", "no whole answer came in time", "  request_timeout_ms = 300")
        t.ok(time.monotonic() - begin < 10, "http: a slow server is not waited for longer than told")
        fails(f"{web.url}/big", "may have 8 MiB")
        fails(f"{web.url}/loop", "redirects more than 10 times")
        t.same(len(web.asked("/loop")), 11, "http: ten redirects are followed")
        fails(f"{web.url}/cut", "HTTP request failed")
        closed = web.url
    fails(f"{closed}/ip", "HTTP request failed", what="http: nobody listens")
    for body, words in (('url = "ftp://127.0.0.1/x"', "begins with http:// or https://"), ('url = "127.0.0.1"', "begins with http://"),
                        ('url = "http://"', "names a host"),
                        ('url = "http://x"\n  method = "PUT"', "GET, HEAD or POST is expected"),
                        ('url = "http://x"\n  request_timeout_ms = 0', "must be a whole number from 1"),
                        ('url = "http://x"\n  request_headers = { "a b" = "c" }', "is no name of a header"),
                        ('url = "http://x"\n  request_headers = { a = "b\\r\\nc: d" }', "holds a line break"),
                        ('url = "http://x"\n  request_headers = { content-length = "3" }', "the program's own to set"),
                        ('url = "http://x"\n  retry {\n    attempts = -1\n  }', "must be a whole number from 0"),
                        ('url = "http://x"\n  retry {\n    min_delay_ms = 9\n    max_delay_ms = 8\n  }', "is less than"),
                        ('url = "https://x"\n  ca_cert_pem = "ca.pem"', "not the name of a file"),
                        ('url = "https://x"\n  client_key_pem = "-----BEGIN X"', "are needed together"),
                        ('url = "https://x"\n  insecure = true\n  ca_cert_pem = "-----BEGIN X"', "take one of them out"),
                        ('', 'The argument "url" is required')):
        with Folder(config=f'data "http" "a" {{\n  {body}\n}}\n') as f:
            result = f.infra("plan")
            t.ok(result.code == 1 and words in " ".join(result.err.split()), f"http: {words}", result)


def test_retries():
    with Web() as web:
        retry = "  retry {\n    attempts = %d\n    min_delay_ms = %d\n    max_delay_ms = %d\n  }"
        got, result = read(f"{web.url}/flaky", retry % (3, 20, 40))
        t.ok(got and got["response_body"] == "at last" and len(web.asked("/flaky")) == 3, "http: asks again after 503", result)
        got, result = read(f"{web.url}/cut", retry % (1, 20, 20))
        t.ok(got and got["response_body"] == "whole", "http: asks again after a cut answer", result)
        got, result = read(f"{web.url}/busy", retry % (1, 1, 2))
        times = [entry[2] for entry in web.asked("/busy")]
        t.ok(got and len(times) == 2 and times[1] - times[0] >= 0.95, "http: waits as long as the server says", times, result)
        fails(f"{web.url}/broken", "(3 attempts)", retry % (2, 10, 10))
        t.same(len(web.asked("/broken")), 3, "http: three attempts are three requests")


def test_redirects():
    with Web() as web, Web() as other:
        got, result = read(f"{web.url}/to?status=302&to=/ip")
        t.ok(got and got["response_body"] == "203.0.113.7\n" and got["id"].endswith("to=/ip"), "http: a redirect is followed", result)
        secret = '  method = "POST"\n  request_body = "b"\n  request_headers = { Authorization = "Bearer token", X-Kept = "yes" }'
        said = json.loads(read(f"{web.url}/to?status=303&to=/echo", secret)[0]["response_body"])
        t.same((said["method"], said["sent"], said["headers"].get("authorization")), ("GET", "", "Bearer token"),
               "http: 303 becomes GET, and the same server hears the same headers")
        said = json.loads(read(f"{web.url}/to?status=307&to={other.url}/echo", secret)[0]["response_body"])
        t.same((said["method"], said["sent"], said["headers"].get("authorization"), said["headers"].get("x-kept")),
               ("POST", "b", None, "yes"), "http: 307 stays what it is; another server does not hear the password")
        fails(f"{web.url}/to?status=302&to=file:///etc/hostname", "which is no URL of http or https")


def certificate(folder):
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=infra test",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return cert, key


def test_tls():
    if not shutil.which("openssl"):
        t.skip("http: TLS", "no openssl program to make a certificate")
        return
    with tempfile.TemporaryDirectory() as folder:
        pair = certificate(Path(folder))
        with Web(pair) as web:
            fails(f"{web.url}/ip", 'give that one\'s certificate as "ca_cert_pem"')
            t.same(web.server.asked, [], "http: nothing is asked of a server that cannot be trusted")
            fails(f"{web.url}/ip", "cannot be trusted", "  retry {\n    attempts = 3\n    min_delay_ms = 60000\n  }",
                  "http: who cannot be trusted is not asked again")
            got, result = read(f"{web.url}/ip", f'  ca_cert_pem = file("{pair[0]}")')
            t.ok(got and got["status_code"] == 200, "http: an authority of one's own", result)
            got, result = read(f"{web.url}/ip", "  insecure = true")
            t.ok(got and got["status_code"] == 200, "http: insecure", result)
            got, result = read(f"{web.url}/ip", "  insecure = false\n" + f'  ca_cert_pem = file("{pair[0]}")')
            t.ok(got, "http: insecure written as false", result)
            fails(f"{web.url}/ip", "HTTP request failed", '  ca_cert_pem = "-----BEGIN CERTIFICATE-----\\nbm8=\\n-----END CERTIFICATE-----\\n"',
                  "http: what is no certificate is refused")


def test_many():
    with Web() as web:
        many = "".join(config(f"{web.url}/echo?n={i}", name=f"n{i}") for i in range(40))
        with Folder(config=many) as f:
            result = f.apply()
            t.ok(result.code == 0 and len({entry[1] for entry in web.server.asked}) == 40, "http: many at a time", result)
    with Web() as web:
        with Folder(config=f'''
resource "terraform_data" "path" {{
  input = "ip"
}}
data "http" "later" {{
  url = "{web.url}/${{terraform_data.path.output}}"
}}
output "later" {{
  value = data.http.later.response_body
}}
''') as f:
            plan = f.infra("plan")
            t.same(actions(plan.out).get("data.http.later"), "read during apply", "http: a URL known after apply is read then")
            t.same(web.server.asked, [], "http: and not before")
            result = f.apply()
            t.ok(result.code == 0 and "203.0.113.7" in result.out, "http: read while applying", result)


t.case(test_answers)
t.case(test_failures)
t.case(test_retries)
t.case(test_redirects)
t.case(test_tls)
t.case(test_many)
t.done()
