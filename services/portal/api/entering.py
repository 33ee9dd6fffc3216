"""
Who is let in to the API, and with how much: before anything of a request is looked at.

A body is bounded in size and depth and is JSON as RFC 8259 has it. A browser's session counts only when
the page that asks is one of ours: it knows the session's token, which no other site can read.
"""

from collections.abc import Callable
from typing import Any, Final

import orjson
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.portal.api.problems import Bad, problem
from services.portal.signing_in.origins import is_ours
from shared.messages.signing_in import Asker

BODY_BYTES_MAX: Final = 64 * 1024
DEPTH_MAX: Final = 16
CSRF_HEADER: Final = "X-CSRF-Token"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
PUBLIC: Final = "/openapi.json"

AskerOf = Callable[[HTTPConnection], Asker | None]


class Entrance:
    """Stands before the API's routes."""

    def __init__(self, app: ASGIApp, asker_of: AskerOf) -> None:
        self._app = app
        self._asker_of = asker_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check_asker(HTTPConnection(scope))
            body = await _body(Headers(scope=scope), receive)
        except Bad as fault:
            wanted = {"WWW-Authenticate": "Bearer"} if fault.status == 401 else {}
            answer = problem(fault.status, fault.title, fault.detail, wanted)
            await answer(scope, receive, send)
            return
        await self._app(scope, _again(body, receive), send)

    def _check_asker(self, asking: HTTPConnection) -> None:
        if asking.scope["path"].removeprefix(asking.scope.get("root_path", "")) == PUBLIC:
            return
        asker = self._asker_of(asking)
        if asker is None:
            raise Bad(
                401, "NotSignedIn", "sign in, or send a token: Authorization: Bearer amp_…"
            )
        if asker.session_id is not None and asking.scope["method"] not in SAFE:
            _check_page(asking.headers, asker)


def _check_page(headers: Headers, asker: Asker) -> None:
    """A request of a session that changes something comes from a page of ours."""
    if not is_ours(headers.get(CSRF_HEADER, ""), asker):
        raise Bad(
            403,
            "ForeignPage",
            f"a browser's session needs the header {CSRF_HEADER} with the token of its pages; "
            "programs sign in with a token of their own",
        )
    if headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise Bad(
            403, "ForeignPage", "another site's page asked for this; open ours and try again"
        )


async def _body(headers: Headers, receive: Receive) -> bytes:
    """
    Take in a body.

    Raises:
        Bad: it is too large, too deep, or no JSON.
    """
    told = headers.get("Content-Length", "0")
    if told.isdecimal() and int(told) > BODY_BYTES_MAX:
        raise _too_large()
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > BODY_BYTES_MAX:
            raise _too_large()
    if body:
        _check_json(bytes(body), headers.get("Content-Type", ""))
    return bytes(body)


def _too_large() -> Bad:
    return Bad(
        413, "BodyTooLarge", f"a body has at most {BODY_BYTES_MAX // 1024} KiB; send parts"
    )


def _check_json(body: bytes, content_type: str) -> None:
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Bad(415, "NotJson", "send JSON, and Content-Type: application/json")
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Bad(400, "UnreadableBody", f"the body is no JSON: {error}") from None
    if not _shallow(content, DEPTH_MAX):
        raise Bad(400, "BodyTooDeep", f"a body is at most {DEPTH_MAX} levels deep")


def _shallow(content: Any, levels: int) -> bool:  # noqa: ANN401  # whatever JSON holds
    if not isinstance(content, dict | list):
        return True
    inner = content.values() if isinstance(content, dict) else content
    return levels > 0 and all(_shallow(it, levels - 1) for it in inner)


def _again(body: bytes, receive: Receive) -> Receive:
    """Give the body on, and then whatever else comes."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
