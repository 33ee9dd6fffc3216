"""A route that nobody has thought about who may use fails the build."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from cli.bench.coverage import pages, uncovered
from services.portal.api.application import handlers_of
from services.portal.api.commands import COMMAND_ROUTES
from services.portal.api.looking import Looking
from services.portal.api.read_routes import READ_ROUTES
from services.portal.page_rights import PAGE_RIGHTS
from shared.messages.installation_commands import AddCircuit
from shared.messages.permissions import LookAtHistory
from shared.messages.signing_in import Asker
from shared.rights.rules import DECIDED_BY_PERMISSIONS, RULES

ASKED_BY_READING = frozenset({LookAtHistory})
"""Commands without a route: what reading something leads to."""


def test_every_route_of_pages_and_api_says_what_it_takes() -> None:
    assert uncovered() == set()


def test_what_is_said_of_pages_is_said_of_pages_that_there_are() -> None:
    found = {it.path for it in pages().routes if hasattr(it, "methods")}

    assert found == set(PAGE_RIGHTS)


def test_a_route_nobody_has_thought_about_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(PAGE_RIGHTS, "/account")
    monkeypatch.delitem(RULES, AddCircuit)

    assert uncovered() == {
        "GET /account",
        "HEAD /account",
        "POST /api/v1/installations/{installation_id}/circuits",
    }


def test_every_command_route_has_a_rule() -> None:
    ruled = RULES.keys() | DECIDED_BY_PERMISSIONS.keys()

    assert {it.command.__name__ for it in COMMAND_ROUTES if it.command not in ruled} == set()
    assert {it.__name__ for it in ruled - ASKED_BY_READING} == {
        it.command.__name__ for it in COMMAND_ROUTES
    }


@pytest.mark.parametrize("route", [it for it in READ_ROUTES if it.action is not None])
def test_what_a_read_route_says_it_takes_is_what_it_asks(route: Any) -> None:
    """The handler is run with a guard that notes what it is asked, and lets nobody through."""
    asked = asyncio.run(_asked_by(route))

    assert asked == [route.action]


async def _asked_by(route: Any) -> list[object]:
    asked: list[object] = []

    class Stopped(Exception):
        pass

    class Noting:
        def check(self, _: Asker, action: object, *__: object) -> None:
            asked.append(action)
            raise Stopped

    class Sources:
        guard = Noting()

    asker = Asker(actor="person/ada", name="Ada")
    handlers = handlers_of(Looking(Sources(), lambda _: asker))  # type: ignore[arg-type]
    app = FastAPI()
    app.add_api_route(route.path, handlers[route.name], name=route.name)
    path = app.url_path_for(route.name, **dict.fromkeys(_names(app.routes[-1]), "x"))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as http:
        with pytest.raises(Stopped):
            await http.get(path)
    return asked


def _names(route: Any) -> list[str]:
    assert isinstance(route, APIRoute)
    return [it.name for it in route.dependant.path_params]
