"""
What a browser keeps of us: its session, and that it is a known device.

Over HTTPS the names begin with `__Host-`, which browsers accept from this host alone, for all of it, and
never over plain HTTP. Over plain HTTP, which is for one's own machine, they go without.
"""

from datetime import datetime
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response

SESSION: Final = "ampledger"
DEVICE: Final = "ampledger-device"
COMPANY: Final = "ampledger-company"
DEVICE_S: Final = 180 * 24 * 3600
COMPANY_S: Final = 600


def read(connection: HTTPConnection, name: str) -> str | None:
    """Read a cookie of ours."""
    return connection.cookies.get(_named(connection, name)) or None


def keep(
    response: Response, connection: HTTPConnection, name: str, value: str, seconds: int
) -> None:
    """Have a browser keep something for so many seconds, out of reach of scripts and other sites."""
    response.set_cookie(
        _named(connection, name),
        value,
        max_age=seconds,
        path="/",
        secure=_is_secure(connection),
        httponly=True,
        samesite="lax",
    )


def drop(response: Response, connection: HTTPConnection, name: str) -> None:
    """Have a browser forget something."""
    keep(response, connection, name, "", 0)


def seconds_until(end: datetime | None, now: datetime) -> int:
    """Reckon how long something is worth keeping, in seconds."""
    return 0 if end is None else max(0, int((end - now).total_seconds()))


def _named(connection: HTTPConnection, name: str) -> str:
    return f"__Host-{name}" if _is_secure(connection) else name


def _is_secure(connection: HTTPConnection) -> bool:
    return connection.url.scheme == "https"
