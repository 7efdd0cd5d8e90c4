#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A proxy that stands before an HTTP server and, on order, does to its clients what a bad day of AWS does.

    fault_proxy.py --to PORT [--fault WHEN:WHAT]... [--log FILE] [--pid-file FILE] [--throttle RATE --seed N]

It prints its own port, one line, when it listens. Each request is numbered from 1 in the order in which it has
arrived completely; connections are kept open on both sides. Requests for /moto-api/ pass without a number, and those
for /-fault-proxy/ are orders to the proxy itself (below).

WHEN   17           request number 17
       CreateVpc    the first request of that action; CreateVpc#3 the third, CreateVpc#* each one.
                    A REST request is called by the action that its method and path make, as in `DELETE /2015-02-01/...`
       *            each request
WHAT   kill-before        SIGKILL the process named by --pid-file, the request does not reach the server
       kill-after         the server has answered, then SIGKILL; the answer never leaves
       drop               the server has answered; close the connection without a word
       close-before       close the connection, the request does not reach the server
       reset-before       the same with a TCP reset
       reset-after        the server has answered; TCP reset
       status=500         answer 500 (or 503, or another), the request does not reach the server
       status-after=500   the same after the server has done it
       throttle           answer as AWS does to too many requests, in the words of the service asked
       delay=250          wait 250 ms, then pass the request on
       delay-after=250    pass it on, and hold the answer for 250 ms
       hang               never answer; the request does not reach the server
       hang-after         the same after the server has done it
       garble-after       the server has answered; the body that arrives is noise
       cut-after          half of the answer arrives, then the connection is closed
       head-after         the connection is closed within the answer's head
       empty-after        the status arrives, and no body
       page-after         200 and a page for people, as a proxy in between would say
       error-after        200 and the body of an error
       redirect           302 to where the request came from; it does not reach the server

A fault with a number or `#3` is done once. Of several that fit one request, the first named counts.

Orders, while it runs:
    GET  /-fault-proxy/stats      {"requests": N, "fired": [...], "open": requests that wait for the server}
    GET  /-fault-proxy/log        the log of this round, one JSON object a line
    POST /-fault-proxy/faults     body: one WHEN:WHAT a line; replaces all
    POST /-fault-proxy/reset      numbers start from 1 again; no faults, no throttling, no latency, nobody to kill, empty
                                  log, and all connections but this one are cut
    POST /-fault-proxy/pid        body: the process that the next kill is for
    POST /-fault-proxy/throttle   body: RATE [SEED]
    POST /-fault-proxy/latency    body: milliseconds added to each request
    POST /-fault-proxy/to         body: address of the server that stands behind from now on

The log has a line for each request: n, method, path, service, action, status (0: no answer was sent), ms, and fault
where there was one. The line is written just before the answer leaves.
"""
import argparse
import asyncio
import json
import os
import random
import re
import signal
import socket
import struct
import sys
import time
import urllib.parse

from lifetime import announce, end_with_parent, end_with_stdin

LIMIT_HEAD = 64 * 1024
LIMIT_BODY = 256 * 1024 * 1024
CONTROL = "/-fault-proxy/"
PLAIN = {"kill-before", "kill-after", "drop", "close-before", "reset-before", "reset-after", "throttle", "hang",
         "hang-after", "garble-after", "cut-after", "head-after", "empty-after", "page-after", "error-after", "redirect"}
WITH_NUMBER = {"status", "status-after", "delay", "delay-after"}
BEFORE = {"kill-before", "close-before", "reset-before", "hang"}
AFTER = {"kill-after", "drop", "reset-after", "hang-after"}
SPOILT = {"garble-after", "cut-after", "head-after", "empty-after", "page-after", "error-after"}
PAGE = b"<html><head><title>Sign in</title></head><body><p>Please sign in to use this network.<br></body></html>"


class BadMessage(Exception):
    """What arrived is not HTTP as we understand it."""


class Closed(Exception):
    """The other side closed the connection between two messages."""


class Message:
    """One request or answer: its head in parts, and its body, both as they came and decoded."""

    def __init__(self, start, headers, raw_body, body):
        self.start, self.headers, self.raw_body, self.body = start, headers, raw_body, body

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name), None)

    def has_token(self, name, token):
        return token in [part.strip().lower() for part in (self.header(name) or "").split(",")]

    def encode(self):
        head = "".join([self.start + "\r\n"] + [f"{key}: {value}\r\n" for key, value in self.headers] + ["\r\n"])
        return head.encode("latin-1") + self.raw_body


async def read_head(reader):
    try:
        data = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if not error.partial.strip():
            raise Closed from None
        raise BadMessage("the connection ended within a head") from None
    except asyncio.LimitOverrunError:
        raise BadMessage(f"a head of more than {LIMIT_HEAD} bytes") from None
    start, *lines = data.decode("latin-1").lstrip("\r\n").split("\r\n")
    headers = []
    for line in lines:
        if line:
            key, colon, value = line.partition(":")
            if not colon:
                raise BadMessage(f"a header without a colon: {line!r}")
            headers.append((key, value.strip()))
    return Message(start, headers, b"", b"")


async def read_chunked(reader):
    """A chunked body: as it came, with its trailers, and decoded."""
    raw, body = [], []
    size_sum = 0
    while True:
        line = await reader.readuntil(b"\r\n")
        raw.append(line)
        size = int(line.split(b";")[0].strip(), 16)
        size_sum += size
        if size_sum > LIMIT_BODY:
            raise BadMessage("a body without end")
        if size == 0:
            break
        chunk = await reader.readexactly(size + 2)
        raw.append(chunk)
        body.append(chunk[:-2])
    while True:  # trailers
        line = await reader.readuntil(b"\r\n")
        raw.append(line)
        if line == b"\r\n":
            return b"".join(raw), b"".join(body)


async def read_body(reader, message, until_close):
    try:
        if message.has_token("transfer-encoding", "chunked"):
            message.raw_body, message.body = await read_chunked(reader)
        elif message.header("content-length") is not None:
            length = int(message.header("content-length"))
            if not 0 <= length <= LIMIT_BODY:
                raise BadMessage(f"a body of {length} bytes")
            message.raw_body = message.body = await reader.readexactly(length)
        elif until_close:
            message.raw_body = message.body = await reader.read(-1)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
        raise BadMessage(f"a broken body ({error})") from None


async def read_request(reader, writer):
    message = await read_head(reader)
    if len(message.start.split(" ")) != 3:
        raise BadMessage(f"no request line: {message.start!r}")
    if message.has_token("expect", "100-continue"):
        # We read the whole body before we decide anything, so the promise is ours to make.
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
        message.headers = [(key, value) for key, value in message.headers if key.lower() != "expect"]
    await read_body(reader, message, until_close=False)
    return message


async def read_answer(reader, method):
    while True:
        message = await read_head(reader)
        status = int(message.start.split(" ")[1])
        if status >= 200:
            break
    if method != "HEAD" and status not in (204, 304):
        await read_body(reader, message, until_close=True)
    return status, message


def service_and_action(request):
    """What an AWS client asks for, from signature, target header, form or path."""
    method, target, _ = request.start.split(" ")
    path = target.partition("?")[0]
    scope = re.search(r"Credential=[^/]+/\d+/[^/]*/([^/]+)/aws4_request", request.header("authorization") or "")
    service = scope[1] if scope else ""
    if request.header("x-amz-target"):
        return service, request.header("x-amz-target").rpartition(".")[2]
    cbor = re.fullmatch(r"/service/[^/]+/operation/([^/]+)", path)
    if cbor:
        return service, cbor[1]
    if (request.header("content-type") or "").startswith("application/x-www-form-urlencoded"):
        action = urllib.parse.parse_qs(request.body.decode("utf-8", "replace")).get("Action")
        if action:
            return service, action[0]
    query = urllib.parse.parse_qs(target.partition("?")[2])
    if "Action" in query:
        return service, query["Action"][0]
    return service, f"{method} {path}"


def error_answer(request, service, status, code, text):
    """An error in the form that the asked service would give it."""
    request_id = "00000000-0000-0000-0000-000000000000"
    extra = []
    if request.header("x-amz-target") or (service not in ("s3", "route53", "cloudfront")
                                          and b"Action=" not in request.body and "Action=" not in request.start):
        kind = "application/x-amz-json-1.1"
        body = json.dumps({"__type": code, "message": text, "ErrorCode": code})
        extra = [("x-amzn-ErrorType", code)]
    elif service == "ec2":
        kind = "text/xml;charset=UTF-8"
        body = (f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>{code}</Code>'
                f"<Message>{text}</Message></Error></Errors><RequestID>{request_id}</RequestID></Response>")
    elif service == "s3":
        kind = "application/xml"
        body = (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{text}</Message>'
                f"<RequestId>{request_id}</RequestId></Error>")
    else:
        kind = "text/xml"
        body = (f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{text}</Message></Error>"
                f"<RequestId>{request_id}</RequestId></ErrorResponse>")
    raw = body.encode()
    headers = [("Content-Type", kind), ("Content-Length", str(len(raw))), ("x-amzn-RequestId", request_id)] + extra
    reason = {400: "Bad Request", 429: "Too Many Requests", 500: "Internal Server Error",
              502: "Bad Gateway", 503: "Service Unavailable"}.get(status, "Fault")
    if request.start.startswith("HEAD "):
        raw = b""
    return Message(f"HTTP/1.1 {status} {reason}", headers, raw, raw)


def throttled(request, service):
    if service == "ec2":
        return 503, error_answer(request, service, 503, "RequestLimitExceeded", "Request limit exceeded.")
    if service == "s3":
        return 503, error_answer(request, service, 503, "SlowDown", "Please reduce your request rate.")
    if request.header("x-amz-target") or b"Action=" in request.body or service == "route53":
        code = "ThrottlingException" if request.header("x-amz-target") else "Throttling"
        return 400, error_answer(request, service, 400, code, "Rate exceeded")
    return 429, error_answer(request, service, 429, "TooManyRequestsException", "Rate exceeded")


class Fault:
    def __init__(self, text):
        when, colon, what = text.strip().rpartition(":")
        if not colon or not when:
            raise ValueError(f"a fault is WHEN:WHAT, not {text!r}")
        self.text = text.strip()
        self.number, self.action, self.nth = None, None, None
        if when.isdigit():
            self.number = int(when)
        elif when != "*":
            self.action, mark, nth = when.partition("#")
            self.nth = None if nth == "*" else int(nth) if mark else 1
        self.kind, equals, value = what.partition("=")
        if (self.kind not in WITH_NUMBER if equals else self.kind not in PLAIN):
            raise ValueError(f"unknown fault {what!r}")
        self.value = int(value) if equals else 0

    def fits(self, number, action, nth):
        if self.number is not None:
            return number == self.number
        if self.action is None:
            return True
        return action == self.action and self.nth in (None, nth)


class Proxy:
    def __init__(self, args):
        self.host, self.port = args.to
        self.pid_file, self.victim, self.clients = args.pid_file, None, {}
        self.log_path = args.log
        self.log_file = open(args.log, "w", encoding="utf-8") if args.log else None
        self.reset(None)
        self.faults = [Fault(text) for text in args.fault]
        self.rate, self.random = args.throttle, random.Random(args.seed)
        self.latency = args.latency

    def reset(self, asking):
        """A new round. What a client of the old one has left in its connection must not be counted in it."""
        for writer in self.clients:
            if writer is not asking:
                writer.transport.abort()
        self.aim(None)
        self.count, self.actions, self.fired, self.lines, self.faults = 0, {}, [], [], []
        self.rate, self.random, self.latency, self.open = 0.0, random.Random(0), 0, 0
        self.round = getattr(self, "round", 0) + 1
        if self.log_file:
            self.log_file.seek(0)
            self.log_file.truncate()

    def note(self, entry):
        self.lines.append(entry)
        if self.log_file:
            self.log_file.write(json.dumps(entry) + "\n")
            self.log_file.flush()

    def aim(self, pid):
        """Name the process to kill. Held by a descriptor: its number may soon be that of somebody else."""
        if self.victim is not None:
            os.close(self.victim)
        self.victim = None if pid is None else os.pidfd_open(pid)

    def kill(self):
        if self.victim is None and self.pid_file:
            with open(self.pid_file, encoding="ascii") as file:
                self.aim(int(file.read()))
        if self.victim is None:
            raise RuntimeError("a kill was ordered, and no process to kill was named")
        try:
            signal.pidfd_send_signal(self.victim, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.aim(None)

    def choose(self, number, action):
        nth = self.actions[action] = self.actions.get(action, 0) + 1
        for fault in self.faults:
            if fault.fits(number, action, nth):
                return fault
        if self.rate and self.random.random() < self.rate:
            return Fault("*:throttle")
        return None

    def control(self, method, path, body, writer):
        order = path[len(CONTROL):]
        text = body.decode()
        if (method, order) == ("GET", "stats"):
            return 200, json.dumps({"requests": self.count, "fired": self.fired, "open": self.open})
        if (method, order) == ("GET", "log"):
            return 200, "".join(json.dumps(entry) + "\n" for entry in self.lines)
        if (method, order) == ("POST", "reset"):
            self.reset(writer)
        elif (method, order) == ("POST", "faults"):
            self.faults = [Fault(line) for line in text.splitlines() if line.strip()]
        elif (method, order) == ("POST", "pid"):
            self.aim(int(text))
        elif (method, order) == ("POST", "throttle"):
            rate, *seed = text.split()
            self.rate, self.random = float(rate), random.Random(int(seed[0]) if seed else 0)
        elif (method, order) == ("POST", "latency"):
            self.latency = int(text)
        elif (method, order) == ("POST", "to"):
            self.host, self.port = address(text)
        else:
            return 404, "no such order\n"
        return 200, "ok\n"

    async def client(self, reader, writer):
        up = Upstream(self)
        self.clients[writer] = True
        try:
            while await self.one(reader, writer, up):
                pass
        except (Closed, ConnectionError):
            pass
        except BadMessage as error:
            print(f"fault_proxy.py: {error}", file=sys.stderr, flush=True)
        finally:
            del self.clients[writer]
            up.close()
            writer.close()

    async def one(self, reader, writer, up):
        """One request; false when the connection is not to be used again."""
        request = await read_request(reader, writer)
        method, target, version = request.start.split(" ")
        keep = not request.has_token("connection", "close") and version != "HTTP/1.0"
        if target.startswith(CONTROL):
            try:
                status, text = self.control(method, target, request.body, writer)
            except (ValueError, ProcessLookupError) as error:
                status, text = 400, f"{error}\n"
            raw = text.encode()
            await send(writer, Message(f"HTTP/1.1 {status} Order", [("Content-Length", str(len(raw)))], raw, raw))
            return keep
        if target.startswith("/moto-api"):
            _, answer = await up.ask(request, method)
            await send(writer, answer)
            return keep and up.alive

        self.count += 1
        service, action = service_and_action(request)
        entry = {"n": self.count, "method": method, "path": target, "service": service, "action": action, "status": 0}
        fault = self.choose(self.count, action)
        this_round, begin = self.round, time.monotonic()
        if fault:
            entry["fault"] = fault.text if fault.text != "*:throttle" else "throttle"
            self.fired.append({"n": self.count, "action": action, "fault": entry["fault"]})
        self.open += 1

        def done(status):
            """Before the answer leaves, so that whoever has it finds it in the log."""
            if "ms" not in entry:
                entry["status"], entry["ms"] = status, round((time.monotonic() - begin) * 1000, 1)
                if this_round == self.round:  # not a straggler of a round that is over
                    self.open -= 1
                    self.note(entry)

        try:
            return await self.answer(request, method, service, fault, reader, writer, up, done) and keep
        finally:
            done(0)

    async def answer(self, request, method, service, fault, reader, writer, up, done):
        """Do what the fault says, and the rest as if nothing were; false when the connection is at its end."""
        kind = fault.kind if fault else None

        async def say(status, message):
            done(status)
            await send(writer, message)

        if self.latency:
            await asyncio.sleep(self.latency / 1000)
        if kind == "delay":
            await asyncio.sleep(fault.value / 1000)
        if kind == "status":
            await say(fault.value, broken(request, service, fault.value))
            return True
        if kind == "throttle":
            await say(*throttled(request, service))
            return True
        if kind == "redirect":
            where = f"http://{request.header('host')}{request.start.split(' ')[1]}"
            await say(302, Message("HTTP/1.1 302 Found", [("Location", where), ("Content-Length", "0")], b"", b""))
            return True
        if kind in BEFORE:
            await self.end(kind, reader, writer, done)
            return False

        try:
            status, message = await up.ask(request, method)
        except (OSError, Closed, BadMessage) as error:
            print(f"fault_proxy.py: the server behind: {error!r}", file=sys.stderr, flush=True)
            await say(502, error_answer(request, service, 502, "BadGateway", "the server behind gave no answer"))
            return False
        if kind in AFTER:
            await self.end(kind, reader, writer, done)
            return False
        if kind == "status-after":
            status, message = fault.value, broken(request, service, fault.value)
        if kind in SPOILT:
            status, message = spoil(kind, request, service, status, message)
            if kind in ("cut-after", "head-after"):
                done(0)
                text = message.encode()
                writer.write(text[:len(text) - len(message.body) // 2 - 1] if kind == "cut-after" else text[:30])
                await writer.drain()
                return False
        if kind == "delay-after":
            await asyncio.sleep(fault.value / 1000)
        await say(status, message)
        return up.alive

    async def end(self, kind, reader, writer, done):
        """The client gets no answer, in one way or another."""
        if kind.startswith("hang"):
            while not (reader.at_eof() or writer.transport.is_closing()):
                await asyncio.sleep(0.05)
        done(0)
        if kind.startswith("kill"):
            self.kill()
        elif kind.startswith("reset"):
            reset(writer)

class Upstream:
    """The connection to the server that belongs to one client's connection."""

    def __init__(self, proxy):
        self.proxy, self.writer, self.reader, self.alive, self.address = proxy, None, None, True, None

    async def ask(self, request, method):
        address_now = self.proxy.host, self.proxy.port
        if self.writer and (self.reader.at_eof() or self.address != address_now):
            self.close()
        if not self.writer:
            self.reader, self.writer = await asyncio.open_connection(*address_now, limit=LIMIT_HEAD)
            self.address = address_now
        self.writer.write(request.encode())
        await self.writer.drain()
        status, answer = await read_answer(self.reader, method)
        framed = answer.header("content-length") is not None or answer.has_token("transfer-encoding", "chunked")
        self.alive = framed or method == "HEAD" or status in (204, 304)  # else its end was the end of the connection
        if not self.alive or answer.has_token("connection", "close") or answer.start.startswith("HTTP/1.0"):
            self.close()
        return status, answer

    def close(self):
        if self.writer:
            self.writer.close()
        self.writer = self.reader = None


def broken(request, service, status):
    code = {500: "InternalError", 503: "ServiceUnavailable"}.get(status, f"Fault{status}")
    if request.header("x-amz-target") and status == 500:
        code = "InternalServerError"
    return error_answer(request, service, status, code, f"ordered fault, status {status}")


def spoil(kind, request, service, status, message):
    """An answer as the fault wants it."""
    body, kind_of = message.body, message.header("content-type") or "text/xml"
    if kind == "garble-after":
        body = bytes((byte * 167 + 13) % 256 for byte in body) or b"\xff\xfe<"
    elif kind == "empty-after":
        body = b""
    elif kind == "page-after":
        status, body, kind_of = 200, PAGE, "text/html; charset=utf-8"
    elif kind == "error-after":
        status, body = 200, broken(request, service, 500).body
    reason = message.start.split(" ", 2)[2] if status == int(message.start.split(" ")[1]) else "OK"
    headers = [("Content-Type", kind_of), ("Content-Length", str(len(body)))]
    return status, Message(f"HTTP/1.1 {status} {reason}", headers, body, body)


async def send(writer, message):
    # A server that closed its side of a kept connection said so to us; the client's connection goes on.
    message.headers = [(key, value) for key, value in message.headers
                       if not (key.lower() == "connection" and value.lower() == "close")]
    writer.write(message.encode())
    await writer.drain()


def reset(writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def address(text):
    """PORT, HOST:PORT or http://HOST:PORT"""
    text = text.removeprefix("http://").rstrip("/")
    host, _, port = text.rpartition(":")
    return host or "127.0.0.1", int(port)


async def run(args):
    proxy = Proxy(args)
    server = await asyncio.start_server(proxy.client, args.host, args.port, limit=LIMIT_HEAD)
    announce(server.sockets[0].getsockname()[1], args.port_file)
    async with server:
        await server.serve_forever()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=address, required=True, help="the server: PORT, HOST:PORT or http://HOST:PORT")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--port-file", help="also write the port into this file")
    parser.add_argument("--fault", action="append", default=[], metavar="WHEN:WHAT")
    parser.add_argument("--log", help="file for the log; a reset empties it")
    parser.add_argument("--pid-file", help="holds the process that kill-before and kill-after kill; read when needed")
    parser.add_argument("--throttle", type=float, default=0.0, metavar="RATE", help="fraction of requests refused")
    parser.add_argument("--seed", type=int, default=0, help="of the dice that choose them")
    parser.add_argument("--latency", type=int, default=0, metavar="MS", help="added to each request")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input is closed")
    args = parser.parse_args()
    end_with_parent()
    if args.until_eof:
        end_with_stdin()
    try:
        asyncio.run(run(args))
    except ValueError as error:
        sys.exit(f"fault_proxy.py: {error}")


if __name__ == "__main__":
    main()
