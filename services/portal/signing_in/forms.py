"""What was filled in on a page, or sent by a script of ours: bounded, and from one of our pages."""

from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request

from services.portal.signing_in.asking import required
from services.portal.signing_in.origins import is_ours
from shared.messages.signing_in import Asker
from shared.speech import _, marked

BYTES_MAX: Final = 32 * 1024
FIELDS_MAX: Final = 40
CSRF_HEADER: Final = "X-CSRF-Token"
OLD_PAGE: Final = marked(
    "This page is too old, or was not ours. Load it again and repeat what you did"
)


async def body_of(request: Request) -> bytes:
    """
    Read a body.

    Raises:
        HTTPException: it is larger than any of our pages makes it.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BYTES_MAX:
            raise HTTPException(413, _("What was sent is too large"))
    return body


async def form_of(request: Request) -> dict[str, list[str]]:
    """
    Read what was filled in, by the names of its fields.

    Raises:
        HTTPException: it is no form of ours.
    """
    try:
        pairs = parse_qsl(
            (await body_of(request)).decode(),
            keep_blank_values=True,
            max_num_fields=FIELDS_MAX,
            errors="strict",
        )
    except ValueError as fault:
        raise HTTPException(400, _("What was sent is no form of ours")) from fault
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def one(form: dict[str, list[str]], name: str) -> str:
    """Take the value of a field; empty where there is none."""
    return form.get(name, [""])[0]


async def own_form(request: Request) -> tuple[Asker, dict[str, list[str]]]:
    """
    Read a form that somebody who is signed in has filled in on a page of ours.

    Raises:
        HTTPException: nobody is signed in, or the page was not of this session.
    """
    asker = required(request)
    form = await form_of(request)
    if not is_ours(one(form, "csrf"), asker):
        raise HTTPException(403, _(OLD_PAGE))
    return asker, form


async def json_of(request: Request, *, own: bool) -> dict[str, Any]:
    """
    Read what a script of ours has sent.

    Args:
        request: which.
        own: it takes somebody who is signed in, and a page of that session.

    Raises:
        HTTPException: it is not, or it cannot be read.
    """
    if own and not is_ours(request.headers.get(CSRF_HEADER, ""), required(request)):
        raise HTTPException(403, _(OLD_PAGE))
    try:
        content = orjson.loads(await body_of(request) or b"{}")
    except orjson.JSONDecodeError as fault:
        raise HTTPException(400, _("What was sent is no JSON")) from fault
    if not isinstance(content, dict):
        raise HTTPException(400, _("What was sent is no JSON object"))
    return content
