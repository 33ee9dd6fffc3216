"""How a refusal looks over HTTP: problem details (RFC 9457), with its name and what to do."""

from collections.abc import Sequence
from typing import Any, Final

import orjson
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.portal.guarding import NotHere
from services.portal.looks import ReasonNeeded
from shared.commands import INVALID, TOO_OLD, UNAVAILABLE
from shared.decider import Refused, StaleVersion
from shared.messages import Answer
from shared.messaging import ServiceUnavailable
from shared.rights.guard import Forbidden
from shared.rights.reach import OutOfScope, StepUpNeeded

PROBLEM_JSON: Final = "application/problem+json"
RETRY_AFTER_S: Final = 2
_FORBIDDEN: Final = frozenset(it.__name__ for it in (Forbidden, OutOfScope, StepUpNeeded))
_INCOMPLETE: Final = frozenset({INVALID, ReasonNeeded.__name__})


class Problem(BaseModel):
    """What went wrong, and what to do about it."""

    type: str
    """`urn:ampledger:refusal:<name>`; stable, for programs."""
    title: str
    """The refusal's name, such as CircuitInUse."""
    status: int
    detail: str
    """A sentence for people that says what to do."""


class Bad(Refused):
    """
    Something is wrong with the request itself.

    Args:
        status: of HTTP.
        title: its name.
        detail: what to do.
    """

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title


def problem(
    status: int, title: str, detail: str, headers: dict[str, str] | None = None
) -> Response:
    """Answer with a problem."""
    told = Problem(
        type=f"urn:ampledger:refusal:{title}", title=title, status=status, detail=detail
    )
    return Response(
        orjson.dumps(told.model_dump()),
        status,
        {"Cache-Control": "no-store"} | (headers or {}),
        PROBLEM_JSON,
    )


def status_of(refusal: str) -> int:
    """
    Say which status of HTTP a refusal has, by its name.

    >>> status_of("CircuitInUse"), status_of("UnknownCircuit"), status_of("Forbidden")
    (409, 404, 403)
    """
    if refusal in _FORBIDDEN:
        return 403
    if refusal == NotHere.__name__ or refusal.startswith("Unknown"):
        return 404
    if refusal == StaleVersion.__name__:
        return 412
    if refusal in {UNAVAILABLE, TOO_OLD}:
        return 503
    return 422 if refusal in _INCOMPLETE else 409


def refused(answer: Answer, headers: dict[str, str]) -> Response:
    """Answer with what a service refused."""
    name = answer.refusal or "Refused"
    return problem(status_of(name), name, answer.detail or "", headers)


async def on_refused(_: Request, fault: Exception) -> Response:
    """Answer with what the portal itself refuses."""
    if isinstance(fault, Bad):
        return problem(fault.status, fault.title, fault.detail)
    name = type(fault).__name__
    return problem(status_of(name), name, str(fault))


async def on_unavailable(_: Request, fault: Exception) -> Response:
    """Answer that a service is away. What it is called inside is nobody's business."""
    assert isinstance(fault, ServiceUnavailable)  # noqa: S101  # registered for it only
    detail = (
        "the service that decides this does not answer now; whether it has done it is unknown: send "
        "the same request again under the same Idempotency-Key"
    )
    return problem(503, "ServiceUnavailable", detail, {"Retry-After": str(RETRY_AFTER_S)})


async def on_invalid(_: Request, fault: Exception) -> Response:
    """Answer which fields are wrong, and why."""
    assert isinstance(fault, RequestValidationError)  # noqa: S101  # registered for it only
    return problem(422, "InvalidRequest", faults_told(fault.errors()))


async def on_http(_: Request, fault: Exception) -> Response:
    """Answer what is not there, or not done that way."""
    assert isinstance(fault, HTTPException)  # noqa: S101  # registered for it only
    title = {404: "NoSuchRoute", 405: "MethodNotAllowed"}.get(fault.status_code, "BadRequest")
    return problem(fault.status_code, title, str(fault.detail), dict(fault.headers or {}))


def faults_told(faults: Sequence[Any]) -> str:
    """
    Say which fields are wrong, and why; what was sent is not repeated.

    >>> faults_told([{"loc": ("body", "name"), "msg": "Field required"}])
    'name: Field required'
    """
    return "; ".join(
        f"{'.'.join(str(part) for part in it['loc'][1:]) or it['loc'][0]}: {it['msg']}"
        for it in faults
    )
