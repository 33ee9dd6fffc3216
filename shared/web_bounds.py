"""
How much anybody may send to a web server of ours, and how long they may take over it.

What is more, or slower, is answered and cut off, whatever the application behind it makes of that.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEAD_BYTES_MAX: Final = 16 * 1024
"""The address of a request and its headers: a few cookies and tokens, and no more."""
BODY_BYTES_MAX: Final = 256 * 1024
"""The largest body that any page, route or meter has use for is a list of chargers to assign."""
BODY_S_MAX: Final = 20.0
"""How long a body may take to arrive, from when it is first read on."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one request may have."""

    body_bytes_max: int = BODY_BYTES_MAX
    body_s_max: float = BODY_S_MAX


class Bounded:
    """Passes requests on, up to their bounds; a fault of the application is logged and answered here."""

    def __init__(self, app: ASGIApp, bounds: Bounds = Bounds()) -> None:  # it is frozen
        self._app = app
        self._bounds = bounds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _Request(scope, receive, send, self._bounds)
        if request.head() > HEAD_BYTES_MAX:
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            what = f"address and headers together may have {HEAD_BYTES_MAX} bytes"
            await request.end(status, "HeadTooLarge", what)
            return
        if request.announced() > self._bounds.body_bytes_max:
            await request.end(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "BodyTooLarge", request.too_large
            )
            return
        try:
            await self._app(scope, request.receive, request.send)
        except Exception:
            if (
                not request.ended
            ):  # else it is only the application's word for having been cut off
                log.exception("request failed", method=scope["method"], path=scope["path"])
                what = "something went wrong here; it is on record, try again later"
                await request.end(HTTPStatus.INTERNAL_SERVER_ERROR, "Fault", what)


class _Request:
    """One request: what has come of it, and whether it has been answered."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, bounds: Bounds) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._bounds = bounds
        self._deadline_s: float | None = None
        """Until when the body has to be there, once the application has begun to read it."""
        self._bytes = 0
        self._whole = False
        self._begun = False
        """The application has begun to answer."""
        self.ended = False
        """It was cut off here."""

    @property
    def too_large(self) -> str:
        return (
            f"a request may carry {self._bounds.body_bytes_max} bytes at most; send it in parts"
        )

    def head(self) -> int:
        """Say how large the address and the headers are."""
        address = len(self._scope["raw_path"]) + len(self._scope["query_string"])
        return address + sum(len(name) + len(value) for name, value in self._scope["headers"])

    def announced(self) -> int:
        """Say how large the body is, as its sender has it; 0 if that is not said."""
        found = (value for name, value in self._scope["headers"] if name == b"content-length")
        return int(next(found, b"0"))

    async def receive(self) -> Message:
        """Take what comes next."""
        if self.ended:
            return {"type": "http.disconnect"}
        if self._whole:
            return await self._receive()
        if self._deadline_s is None:
            self._deadline_s = asyncio.get_running_loop().time() + self._bounds.body_s_max
        try:
            async with asyncio.timeout_at(self._deadline_s):
                message = await self._receive()
        except TimeoutError:
            what = f"the body of a request has to arrive within {self._bounds.body_s_max:g} s"
            return await self._cut_off(HTTPStatus.REQUEST_TIMEOUT, "TooSlow", what)
        if message["type"] == "http.request":
            self._bytes += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._bytes > self._bounds.body_bytes_max:
                status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                return await self._cut_off(status, "BodyTooLarge", self.too_large)
        return message

    async def send(self, message: Message) -> None:
        """Pass an answer on, unless one was given here."""
        if self.ended:
            return
        self._begun = True
        await self._send(message)

    async def _cut_off(self, status: HTTPStatus, name: str, detail: str) -> Message:
        await self.end(status, name, detail)
        return {"type": "http.disconnect"}

    async def end(self, status: HTTPStatus, name: str, detail: str) -> None:
        """Answer in the application's place, and have the connection closed."""
        self.ended = True
        if self._begun:
            return
        log.info("request cut off", refusal=name, path=self._scope["path"])
        problem = {
            "type": "about:blank",
            "title": status.phrase,
            "status": int(status),
            "refusal": name,
            "detail": detail,
        }
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
            (b"connection", b"close"),
        ]
        start = {"type": "http.response.start", "status": int(status), "headers": headers}
        await self._send(start)
        await self._send({"type": "http.response.body", "body": orjson.dumps(problem)})
