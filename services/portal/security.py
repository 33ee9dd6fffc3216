"""
Headers that tell a browser what these pages never do, so that it refuses them.

They are on every answer: pages, streams, the API, files, and what is said when something went wrong.
Nobody on the way keeps anything but our own files, and those only if they are named by their content.
"""

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS: Final = {
    # Nothing but our own files; no script or style within a page.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), "
        "gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()"
    ),
}
HSTS: Final = "max-age=63072000; includeSubDomains"
"""For two years a browser that has come by HTTPS comes by nothing else."""
STATIC: Final = "/static/"
KEPT: Final = "public, max-age=31536000, immutable"
"""A file that is asked for by its content never changes."""


class SecurityHeaders:
    """Adds the headers to every answer, streams among them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if scope.get("scheme") == "https":
                    headers["Strict-Transport-Security"] = HSTS
                headers.setdefault("Cache-Control", _kept(scope, message["status"], headers))
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def _kept(scope: Scope, status: int, headers: Headers) -> str:
    """Say whether an answer may be kept: a file may, if it is named by its content."""
    named = scope["path"].startswith(STATIC) and scope["query_string"].startswith(b"v=")
    return KEPT if named and status == 200 and "set-cookie" not in headers else "no-store"
