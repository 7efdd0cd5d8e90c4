# SPDX-License-Identifier: Apache-2.0
"""Talk to a Terraform provider over its plugin protocol, version 5, with Python's own library.

The provider is a process that serves gRPC on a socket which its first line of output names. gRPC
is HTTP/2 with protobuf messages behind a five-byte head; values inside them are MessagePack. Of
all three only what this conversation needs is here: one request at a time, no compression.
"""
import os
import socket
import struct
import subprocess

# The word by which a provider knows that Terraform started it (hashicorp/go-plugin).
COOKIE = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"


class Unknown:
    def __repr__(self):
        return "UNKNOWN"

    def __deepcopy__(self, memo):
        return self


UNKNOWN = Unknown()


# --- MessagePack

def pack(v):
    if v is None:
        return b"\xc0"
    if v is UNKNOWN:
        return b"\xd4\x00\x00"
    if v is True or v is False:
        return b"\xc3" if v else b"\xc2"
    if isinstance(v, int):
        return struct.pack("B", v) if 0 <= v < 128 else b"\xd3" + struct.pack(">q", v)
    if isinstance(v, float):
        return b"\xcb" + struct.pack(">d", v)
    if isinstance(v, str):
        b = v.encode()
        return b"\xdb" + struct.pack(">I", len(b)) + b
    if isinstance(v, list):
        return b"\xdd" + struct.pack(">I", len(v)) + b"".join(map(pack, v))
    if isinstance(v, dict):
        return b"\xdf" + struct.pack(">I", len(v)) + b"".join(
            pack(k) + pack(x) for k, x in v.items())
    raise TypeError(type(v))


def unpack(b):
    return _unpack(b, 0)[0]


def _unpack(b, i):
    c = b[i]
    i += 1

    def sized(table):
        f, n = table[c]
        return struct.unpack_from(">" + f, b, i)[0], i + n

    if c < 0x80:
        return c, i
    if c >= 0xe0:
        return c - 256, i
    if c in (0xc0, 0xc2, 0xc3):
        return {0xc0: None, 0xc2: False, 0xc3: True}[c], i
    if 0xd4 <= c <= 0xd8:
        return UNKNOWN, i + 1 + (1 << (c - 0xd4))
    if c == 0xc7:
        return UNKNOWN, i + 2 + b[i]
    scalars = {0xcc: "B1", 0xcd: "H2", 0xce: "I4", 0xcf: "Q8", 0xd0: "b1", 0xd1: "h2",
               0xd2: "i4", 0xd3: "q8", 0xca: "f4", 0xcb: "d8"}
    if c in scalars:
        v, i = sized({c: (scalars[c][0], int(scalars[c][1]))})
        return (int(v) if isinstance(v, float) and v == int(v) else v), i
    lengths = {0xd9: ("B", 1), 0xda: ("H", 2), 0xdb: ("I", 4), 0xdc: ("H", 2), 0xdd: ("I", 4),
               0xde: ("H", 2), 0xdf: ("I", 4), 0xc4: ("B", 1), 0xc5: ("H", 2), 0xc6: ("I", 4)}
    if c in lengths:
        n, i = sized(lengths)
    elif c < 0x90:
        n = c - 0x80
    elif c < 0xa0:
        n = c - 0x90
    else:
        n = c - 0xa0
    if 0xa0 <= c < 0xc0 or c in (0xd9, 0xda, 0xdb, 0xc4, 0xc5, 0xc6):
        return b[i:i + n].decode(), i + n
    if 0x90 <= c < 0xa0 or c in (0xdc, 0xdd):
        out = []
        for _ in range(n):
            v, i = _unpack(b, i)
            out.append(v)
        return out, i
    table = {}
    for _ in range(n):
        k, i = _unpack(b, i)
        table[k], i = _unpack(b, i)
    return table, i


# --- protobuf

def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(n, data):
    if isinstance(data, str):
        data = data.encode()
    return varint(n << 3 | 2) + varint(len(data)) + data


def fields(b):
    """[(number, bytes or integer)] of one message."""
    out, i = [], 0

    def number():
        nonlocal i
        value = shift = 0
        while True:
            value |= (b[i] & 127) << shift
            shift += 7
            i += 1
            if b[i - 1] < 128:
                return value

    while i < len(b):
        key = number()
        if key & 7 == 0:
            out.append((key >> 3, number()))
        elif key & 7 == 2:
            n = number()
            out.append((key >> 3, b[i:i + n]))
            i += n
        else:
            raise ValueError("wire type %d" % (key & 7))
    return out


# --- HTTP/2

class Connection:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.stream = -1
        self.sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self.frame(4, 0, 0, struct.pack(">HI", 4, 0x7fffffff))   # window of each stream
        self.frame(8, 0, 0, struct.pack(">I", 0x7fff0000))       # window of the connection

    def frame(self, kind, flags, stream, data):
        head = struct.pack(">I", len(data))[1:] + bytes([kind, flags]) + struct.pack(">I", stream)
        self.sock.sendall(head + data)

    def exactly(self, n):
        out = b""
        while len(out) < n:
            more = self.sock.recv(n - len(out))
            if not more:
                raise EOFError("the provider closed the connection")
            out += more
        return out

    def call(self, path, message):
        """The answer's message, or None where the call failed."""
        self.stream += 2
        headers = b""
        for name, value in ((":method", "POST"), (":scheme", "http"), (":path", path),
                            (":authority", "localhost"), ("content-type", "application/grpc"),
                            ("te", "trailers")):
            # a literal that enters no table; both lengths stay below 127
            headers += (b"\0" + bytes([len(name)]) + name.encode()
                        + bytes([len(value)]) + value.encode())
        self.frame(1, 4, self.stream, headers)
        data = b"\0" + struct.pack(">I", len(message)) + message
        while len(data) > 16384:
            self.frame(0, 0, self.stream, data[:16384])
            data = data[16384:]
        self.frame(0, 1, self.stream, data)
        body = b""
        while True:
            head = self.exactly(9)
            size = int.from_bytes(head[:3], "big")
            kind, flags = head[3], head[4]
            stream = int.from_bytes(head[5:], "big") & 0x7fffffff
            data = self.exactly(size)
            if kind == 4 and not flags & 1:
                self.frame(4, 1, 0, b"")
            elif kind == 6 and not flags & 1:
                self.frame(6, 1, 0, data)
            elif kind == 7:
                raise EOFError("the provider goes away")
            elif stream == self.stream:
                if kind == 0:
                    body += data
                if kind == 3 or (kind in (0, 1) and flags & 1):
                    return body[5:] if len(body) >= 5 else None


# --- the protocol

class Provider:
    """A running provider; value arguments are dicts of the schema's shape."""

    def __init__(self, binary):
        env = dict(os.environ, TF_PLUGIN_MAGIC_COOKIE=COOKIE, PLUGIN_PROTOCOL_VERSIONS="5",
                   AWS_EC2_METADATA_DISABLED="true")
        self.process = subprocess.Popen([binary], env=env, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        line = self.process.stdout.readline().decode().strip()
        self.connection = Connection(line.split("|")[3])

    def close(self):
        self.process.terminate()
        self.process.wait()

    def call(self, method, message):
        answer = self.connection.call("/tfplugin5.Provider/" + method, message)
        return None if answer is None else fields(answer)

    @staticmethod
    def diagnostics(answer, number):
        """[(severity, summary, detail, attribute)]"""
        out = []
        for n, data in answer:
            if n != number:
                continue
            parts = dict(fields(data))
            path = [steps(data) for k, data in fields(data) if k == 4]
            out.append(("error" if parts.get(1) == 1 else "warning", parts.get(2, b"").decode(),
                        parts.get(3, b"").decode(), path[0] if path else ()))
        return out

    def configure(self, config):
        answer = self.call("Configure", field(1, "1.11.4") + field(2, field(1, pack(config))))
        return self.diagnostics(answer, 1)

    def validate(self, type_name, config):
        answer = self.call("ValidateResourceTypeConfig",
                           field(1, type_name) + field(2, field(1, pack(config))))
        return self.diagnostics(answer, 1)

    def plan(self, type_name, prior, proposed, config, private=b""):
        """Return (planned or None, paths that force replacement, diagnostics, private)."""
        answer = self.call("PlanResourceChange",
                           field(1, type_name) + field(2, field(1, pack(prior)))
                           + field(3, field(1, pack(proposed)))
                           + field(4, field(1, pack(config))) + field(5, private))
        if answer is None:
            return None, [], [("error", "the call failed", "", ())], b""
        planned, private, paths = None, b"", []
        for n, data in answer:
            if n == 1:
                planned = unpack(dict(fields(data))[1])
            elif n == 2:
                paths.append(steps(data))
            elif n == 3:
                private = data
        return planned, paths, self.diagnostics(answer, 4), private


def steps(data):
    """An attribute path: names as text, indices as integers."""
    out = []
    for _, step in fields(data):
        kind, value = fields(step)[0] if step else (3, 0)
        out.append(value if kind == 3 else value.decode())
    return tuple(out)
