"""Routes of the portal that nobody has said who may use."""

from dataclasses import fields
from typing import Any, Final

from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.routing import Route

from services.portal.api.application import PREFIX, api
from services.portal.api.commands import COMMAND_ROUTES
from services.portal.api.read_routes import READ_ROUTES
from services.portal.page_rights import PAGE_RIGHTS
from services.portal.pages import application
from services.portal.parts import Parts
from services.portal.security import SecurityHeaders
from shared.rights.rules import DECIDED_BY_PERMISSIONS, RULES

OF_ONESELF: Final = frozenset({"/me", "/installations", "/notifications"})
"""What tells people of themselves only."""
OF_NOBODY: Final = frozenset({"/openapi.json"})
"""What says what there is, and nothing of anybody's."""


class Nothing:
    """Stands for any part: only asked for parts of its own, never to do anything."""

    def __getattr__(self, name: str) -> "Nothing":
        return self


def uncovered() -> set[str]:
    """Name the routes that have no rule: method and path of each."""
    return _of_pages() | _of_api()


def pages() -> Starlette:
    """Put the pages together over nothing: only their routes are looked at."""
    nothing: Any = Nothing()
    parts = Parts(*[nothing] * len(fields(Parts)))
    found = application(parts, Starlette())
    inner = found.app if isinstance(found, SecurityHeaders) else found
    if not isinstance(inner, Starlette):
        raise TypeError(f"the pages' routes are not to be found in {inner!r}")
    return inner


def _of_pages() -> set[str]:
    found = {
        f"{method} {it.path}"
        for it in pages().routes
        if isinstance(it, Route)  # what is mounted has routes of its own
        for method in it.methods or ()
    }
    return {it for it in found if it.partition(" ")[2] not in PAGE_RIGHTS}


def _of_api() -> set[str]:
    app = api(None, None, lambda _: None)  # type: ignore[arg-type]  # nothing is asked of them
    ruled = RULES.keys() | DECIDED_BY_PERMISSIONS.keys()
    covered = {(it.path, it.method) for it in COMMAND_ROUTES if it.command in ruled}
    covered |= {
        (it.path, "GET") for it in READ_ROUTES if it.action is not None or it.path in OF_ONESELF
    }
    return {
        f"{method} {PREFIX}{it.path}"
        for it in app.routes
        if isinstance(it, Route | APIRoute) and it.path not in OF_NOBODY
        for method in it.methods or ()
        if (it.path, method) not in covered
    }
