"""Whoever collects traces, by OTLP over HTTP."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Take = Callable[[str, bytes], None]
"""Is handed the path and the body of every message."""


@contextlib.contextmanager
def collecting(take: Take = lambda _, __: None) -> Iterator[str]:
    """
    Collect traces for as long as this lasts, in a thread; yields where.

    Args:
        take: what becomes of them; by default nothing is kept.
    """

    class Receiver(BaseHTTPRequestHandler):
        """An empty answer says that all was taken."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """It is no news that somebody hands in traces."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        serving = threading.Thread(target=server.serve_forever, name="collector")
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()
