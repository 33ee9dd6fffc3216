"""
Answers go compressed, so that pages are there at once on a slow line.

Not those that another site's page has made a browser ask for: its author could learn from their length what
is in them (BREACH). Nor streams of what happens, which are to come at once.
"""

from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

LEVEL: Final = 5
"""Of 9: beyond it pages become hardly smaller, and take longer."""
COMPRESSED_ALREADY: Final = (
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)


class Compressed:
    """Compresses answers for whoever can read them so."""

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        left = (*DEFAULT_EXCLUDED_CONTENT_TYPES, *COMPRESSED_ALREADY)
        self._compressed = GZipMiddleware(app, compresslevel=LEVEL, exclude_content_types=left)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        foreign = scope["type"] != "http" or _by_another_site(Headers(scope=scope))
        await (self._plain if foreign else self._compressed)(scope, receive, send)


def _by_another_site(headers: Headers) -> bool:
    return headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}
