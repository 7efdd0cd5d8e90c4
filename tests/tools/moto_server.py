#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run a moto server on a free port until our parent goes away.

Prints the port, one line, as soon as the server accepts connections, and then stays in the foreground.
It ends on SIGTERM or SIGINT, when its standard input is closed (with --until-eof), or when the process that
started it dies, however that happens: a test that is killed leaves no server behind.

The server is bound here and handed to the same process, so there is no moment between choosing a port and
listening on it. State lives in memory; POST /moto-api/reset empties it.

POST /moto-api/-/fork makes a second server out of this one, with the same state, and answers its port: tests that try
many things from one beginning need not make the beginning each time. Ask while no other request is under way.
POST /moto-api/-/exit ends such a copy. (moto knows neither; the path keeps clear of what it knows.)
"""
import argparse
import logging
import os
import queue
import signal
import stat
import sys

from lifetime import announce, end_with_parent, end_with_stdin
from moto_faults import mend

AMIS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "moto", "amis.json")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--amis", default=AMIS, help="images the server knows, as MOTO_AMIS_PATH")
    parser.add_argument("--port-file", help="also write the port into this file")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input is closed")
    parser.add_argument("--verbose", action="store_true", help="log each request to standard error")
    args = parser.parse_args()

    end_with_parent()
    if args.until_eof:
        end_with_stdin()

    # moto reads these when it is imported.
    os.environ["MOTO_AMIS_PATH"] = os.path.abspath(args.amis)
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    try:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import WSGIRequestHandler, make_server
    except ImportError as error:
        sys.exit(f"moto_server.py: moto with its server extra is not installed ({error})")

    mend()
    # moto parses the images' dates in place, and stumbles over its own work when a second region, or the first one
    # after a reset, loads the same list. Hand out copies.
    from moto.ec2.models import amis

    class Copies(list):
        def __iter__(self):
            return (dict(image) for image in super().__iter__())

    amis.AMIS = Copies(amis.AMIS)

    # moto tags a rule before it looks whether the group has it already: the tags of a refused one stayed behind, on
    # nothing. Tag when whoever asked for the rule comes back for the next one, having taken this one.
    from moto.ec2.models.security_groups import SecurityGroupBackend

    make_rules = SecurityGroupBackend._iterate_security_rules  # pylint: disable=protected-access

    def rules_tagged_late(backend, *args, tags=None, **named):
        for rule in make_rules(backend, *args, **named):
            yield rule
            rule.add_tags(tags or {})

    SecurityGroupBackend._iterate_security_rules = rules_tagged_late  # pylint: disable=protected-access

    class Handler(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"  # keep connections open, as AWS does

        def handle(self):
            # A client that is killed resets its connections; that is what the tests do all day.
            try:
                super().handle()
            except (ConnectionError, TimeoutError):
                pass

    if not args.verbose:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = DomainDispatcherApplication(create_backend_app)

    def app(environ, start_response):
        order = environ["PATH_INFO"].removeprefix("/moto-api/-/")
        if order == environ["PATH_INFO"]:
            return moto(environ, start_response)
        if order == "exit":
            os._exit(0)
        answer = b"%d" % forks.order() if order == "fork" else b"no such order"
        start_response("200 OK", [("Content-Length", str(len(answer)))])
        return [answer]

    def serve(port):
        server = make_server(args.host, port, app, threaded=True, request_handler=Handler)
        server.daemon_threads = True
        server.service_actions = forks.serve
        os.environ["MOTO_PORT"] = str(server.server_port)
        return server

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the copies
    forks = Forks(serve)
    server = serve(args.port)
    announce(server.server_port, args.port_file)
    server.serve_forever(poll_interval=0.02)


class Forks:
    """Copies of the process. The main thread makes them, since a copy ends with the thread that made it."""

    def __init__(self, serve):
        self.make_server, self.orders = serve, queue.Queue()

    def order(self):
        """From any thread: a copy's port."""
        answer = queue.Queue()
        self.orders.put(answer)
        return answer.get()

    def serve(self):
        """From the main thread, now and then."""
        while not self.orders.empty():
            answer = self.orders.get()
            read_end, write_end = os.pipe()
            if os.fork() == 0:
                os.close(read_end)
                self.become_copy(write_end)
            os.close(write_end)
            with open(read_end, encoding="ascii") as file:
                answer.put(int(file.read()))

    def become_copy(self, write_end):
        end_with_parent()
        # The connections belong to the original: while we held them open, their clients would not see them closed.
        for name in os.listdir("/proc/self/fd"):
            try:
                if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                    os.close(int(name))
            except OSError:
                pass
        self.orders = queue.Queue()
        server = self.make_server(0)
        os.write(write_end, b"%d" % server.server_port)
        os.close(write_end)
        try:
            server.serve_forever(poll_interval=0.02)
        finally:
            os._exit(1)


if __name__ == "__main__":
    main()
