"""Counts requests by the template of their route, outermost of all that stands around pages."""

import time
from typing import Final

from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.portal.metrics import ANSWERING, REQUESTS, STREAMS
from shared import tracing

UNROUTED: Final = "none"
"""What no route has taken: it is nowhere, or was refused before."""
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Counted:
    """Counts what is asked and how soon an answer begins."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun_s = time.perf_counter()

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = route_of(scope)
                method = scope["method"] if scope["method"] in METHODS else "other"
                REQUESTS.labels(route, method, message["status"]).inc()
                tracing.rename(f"request {method} {route}")
                ANSWERING.labels(route).observe(time.perf_counter() - begun_s)
            await send(message)

        with STREAMS.track_inprogress(), tracing.root(f"request {scope['method']}"):
            await self.app(scope, receive, send_counted)


def route_of(scope: Scope) -> str:
    """Name the template of the route that has taken a request."""
    route = scope.get("route")
    path = getattr(route, "path", None)
    if path is None:
        return UNROUTED
    return str(path) if isinstance(route, Mount) else f"{scope.get('root_path', '')}{path}"
