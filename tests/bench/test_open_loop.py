"""The open loop counts response times from when requests were due, and all failures."""

import os
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.open_loop import CONNECTIONS, arrive
from bench.raw_http import Template, raw_request

STALL_S = 0.5
PER_S = 2_000
REQUEST = Template([raw_request("GET", "/", {})])
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
REFUSED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


def test_requests_that_wait_for_a_connection_count_from_when_they_were_due() -> None:
    with served(OK, stall_s=STALL_S) as url:
        found = arrive(url, os.getpid(), [REQUEST], PER_S, 2 * STALL_S, 0)

    assert found.errors == 0
    # Half of the requests were due in the stall. Counted from the sending, only as many as connections were slow.
    assert 0.1 * found.requests > CONNECTIONS
    assert found.p90_ms > 500 * STALL_S


def test_answers_other_than_2xx_are_errors() -> None:
    with served(REFUSED) as url:
        found = arrive(url, os.getpid(), [REQUEST], 100, 0.5, 0)

    assert found.errors == found.requests > 0


@contextmanager
def served(answer: bytes, stall_s: float = 0.0) -> Iterator[str]:
    """Answer all requests alike, the first ones after `stall_s` seconds. Return the address."""
    until = time.monotonic() + stall_s

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while data := self.request.recv(65_536):
                time.sleep(max(0.0, until - time.monotonic()))
                self.request.sendall(answer * data.count(b"\r\n\r\n"))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 2 * CONNECTIONS

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
