"""
A service for tests of the supervisor: answers health checks, and misbehaves when told to.

FAKE_SERVICE in its environment: "obstinate" ignores SIGTERM, "broken" ends at once with a
complaint, "unready" never becomes ready.
"""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

MANNER = os.environ.get("FAKE_SERVICE", "")


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = self.path in {"/health/ready", "/health/live"}
        status = 404 if not known else 503 if MANNER == "unready" else 200
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the log for what the tests look for."""


def main() -> None:
    """Serve until told to end."""
    if MANNER == "broken":
        sys.exit("a broken service complains")
    ignore = MANNER == "obstinate"
    signal.signal(signal.SIGTERM, signal.SIG_IGN if ignore else lambda *_: sys.exit(0))
    print("fake service runs with", os.environ.get("DATABASE_URL"), flush=True)  # noqa: T201
    port = int(os.environ["AMPLEDGER_HEALTH_PORT"])
    HTTPServer(("127.0.0.1", port), Health).serve_forever()


if __name__ == "__main__":
    main()
