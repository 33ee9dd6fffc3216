"""What a page says once, after something was done: carried over the redirect in a cookie of a minute."""

from collections.abc import Sequence
from typing import Final

import orjson
from pydantic import TypeAdapter, ValidationError
from starlette.requests import HTTPConnection
from starlette.responses import Response

COOKIE: Final = "ampledger-told"
LASTS_S: Final = 60
TEXTS_MAX: Final = 8
CHARS_MAX: Final = 300
"""Of a text; browsers keep cookies of 4 KiB."""
_TEXTS: Final = TypeAdapter(list[str])


def tell(response: Response, connection: HTTPConnection, texts: Sequence[str]) -> None:
    """Have the next page say something."""
    kept = [it[:CHARS_MAX] for it in texts[:TEXTS_MAX]]
    while kept and len(_written(kept)) > 3000:
        kept.pop()
    _keep(response, connection, _written(kept), LASTS_S)


def told(connection: HTTPConnection) -> list[str]:
    """Read what is to be said; what is not ours, or was cut, says nothing."""
    try:
        return _TEXTS.validate_json(bytes.fromhex(connection.cookies.get(COOKIE, "")))
    except (ValueError, ValidationError):
        return []


def said(response: Response, connection: HTTPConnection) -> None:
    """Say it no more."""
    if COOKIE in connection.cookies:
        _keep(response, connection, "", 0)


def _written(texts: list[str]) -> str:
    return orjson.dumps(texts).hex()


def _keep(response: Response, connection: HTTPConnection, value: str, seconds: int) -> None:
    response.set_cookie(
        COOKIE,
        value,
        max_age=seconds,
        path="/",
        secure=connection.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
