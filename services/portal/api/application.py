"""Where all of the API meets."""

import re
from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from services.portal.acting import Acting
from services.portal.api.asking import Done, handler_of
from services.portal.api.commands import COMMAND_ROUTES
from services.portal.api.entering import AskerOf, Entrance
from services.portal.api.forms import OTHER_FORMS, in_forms
from services.portal.api.happenings import STREAMED, Happenings
from services.portal.api.hearing import heard_first
from services.portal.api.looking import Looking, Sources
from services.portal.api.measured import MeasuredLately
from services.portal.api.meters import Meters
from services.portal.api.notices import Notices
from services.portal.api.paging import Page
from services.portal.api.problems import (
    PROBLEM_JSON,
    Problem,
    on_http,
    on_invalid,
    on_refused,
    on_unavailable,
)
from services.portal.api.read_routes import READ_ROUTES, ReadRoute
from services.portal.api.reading import Reading
from services.portal.api.records import Records
from services.portal.api.signed import Signed
from services.portal.api.tracing import Tracing
from shared.decider import Refused
from shared.messaging import ServiceUnavailable

PREFIX: Final = "/api/v1"
_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {
        "description": what,
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, what in (
        (400, "The request cannot be read."),
        (401, "Nobody is signed in."),
        (403, "Whoever asks may not; the detail says what it takes."),
        (404, "There is no such place, or none where whoever asks has a role."),
        (422, "Some fields are wrong; the detail says which."),
    )
}
_OF_READING: Final[dict[int | str, dict[str, Any]]] = {
    503: {
        "description": "What `min_position` names has not come here yet.",
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    },
}
_GONE: Final[dict[str, Any]] = {
    "description": "An older copy of a log was restored since Last-Event-ID.",
    "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_OF_COMMANDS: Final[dict[int | str, dict[str, Any]]] = {
    status: {
        "description": what,
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, what in (
        (409, "A rule says no; the title is its name, the detail the way on."),
        (412, "There was a change since what If-Match says."),
        (413, "The body is too large."),
        (415, "The body is no JSON."),
        (503, "The service that decides it does not answer now."),
    )
}


def api(acting: Acting, sources: Sources, asker_of: AskerOf) -> FastAPI:
    """
    Put the API together, to be mounted at `PREFIX`.

    Args:
        acting: has done what is asked for.
        sources: what is read from.
        asker_of: says who asks; none: nobody that is known.
    """
    app = FastAPI(
        title="Ampledger",
        version="1",
        summary="What people may see and do in their installations.",
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        middleware=[Middleware(Entrance, asker_of=asker_of)],
        exception_handlers={
            Refused: on_refused,
            ServiceUnavailable: on_unavailable,
            RequestValidationError: on_invalid,
            HTTPException: on_http,
        },
        redirect_slashes=False,
    )
    handlers = handlers_of(Looking(sources, asker_of))
    first_heard = heard_first(sources)
    for read in READ_ROUTES:
        app.add_api_route(
            read.path,
            in_forms(handlers[read.name]),
            name=read.name,
            operation_id=read.name,
            summary=_in_words(read.name),
            response_model=read.answers,
            responses=_of_reading(read),
            dependencies=[first_heard],
            tags=["read"],
        )
    for route in COMMAND_ROUTES:
        here = "" if "charger_id" not in route.left_out else "Here"
        at_charger = "AtCharger" if route.command in _TWICE and not here else ""
        app.add_api_route(
            route.path,
            handler_of(route, acting, asker_of),
            methods=[route.method],
            name=route.command.__name__,
            operation_id=f"{route.command.__name__}{at_charger}",
            summary=_in_words(route.command.__name__),
            response_model=Done,
            status_code=201 if route.creates else 200,
            responses=_PROBLEMS | _OF_COMMANDS,
            tags=[route.command.service],
        )
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # FastAPI's own way
    return app


def _of_reading(read: ReadRoute) -> dict[int | str, dict[str, Any]]:
    told = _PROBLEMS | _OF_READING
    if getattr(read.answers, "__pydantic_generic_metadata__", {}).get("origin") is Page:
        told |= {200: {"content": OTHER_FORMS}}
    if read.name == Happenings.events.__name__:
        told |= {200: {"content": STREAMED}, 410: _GONE}
    return told


def handlers_of(looking: Looking) -> dict[str, Callable[..., Any]]:
    """Name the handler of everything that is read."""
    groups = (
        Reading(looking),
        Records(looking),
        Tracing(looking),
        Happenings(looking),
        Notices(looking),
        MeasuredLately(looking),
        Signed(looking),
        Meters(looking),
    )
    return {
        route.name: next(getattr(it, route.name) for it in groups if hasattr(it, route.name))
        for route in READ_ROUTES
    }


_TWICE: Final = frozenset(it.command for it in COMMAND_ROUTES if it.left_out)
"""Commands with a route for an installation and one for a charger of it."""


def _in_words(name: str) -> str:
    """
    Spell a name as people would.

    >>> _in_words("AddCircuit"), _in_words("charger_live")
    ('Add circuit', 'Charger live')
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name).capitalize()


def _document(app: FastAPI) -> dict[str, Any]:
    """Write the OpenAPI document, with what FastAPI does not know: how one signs in, and problems."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            routes=app.routes,
            servers=[{"url": PREFIX}],
        )
        parts = document["components"]
        parts["schemas"]["Problem"] = Problem.model_json_schema()
        parts["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": "__Host-ampledger"},
        }
        document["security"] = [{"token": []}, {"session": []}]
        app.openapi_schema = document
    return app.openapi_schema
