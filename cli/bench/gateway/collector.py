"""Whoever collects traces: takes what a gateway sends it, and keeps nothing."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Takes(BaseHTTPRequestHandler):
    """Answers OTLP over HTTP: an empty answer says that all was taken."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def collecting() -> Iterator[str]:
    """Collect traces for as long as this lasts, in a thread; yields where."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Takes) as server:
        serving = threading.Thread(target=server.serve_forever, name="collector")
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()
