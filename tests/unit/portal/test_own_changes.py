"""What somebody has changed through one portal is waited for by the next one that they are led to."""

from collections.abc import Mapping

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from services.portal.changed import note_change
from services.portal.own_changes import COOKIE, WAIT_S_MAX, OwnChanges


class Portal:
    """One of several, which has heard of nothing yet."""

    def __init__(self) -> None:
        self.waited: list[tuple[str, int, float]] = []

        async def change(_: Request) -> Response:
            note_change("installation", 7)
            note_change("installation", 5)
            note_change("telemetry", 12)
            return PlainTextResponse("done")

        async def look(_: Request) -> Response:
            return PlainTextResponse("looked")

        routes = [Route("/change", change, methods=["POST"]), Route("/look", look)]
        self.app = OwnChanges(Starlette(routes=routes), self._until)

    async def _until(self, service: str, position: int, within_s: float) -> bool:
        self.waited.append((service, position, within_s))
        return False  # it never hears of it, and answers all the same

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="https://portal") as http:
            return await http.request(method, path, headers=headers)


async def test_the_next_portal_waits_for_what_was_changed_through_this_one() -> None:
    one, other = Portal(), Portal()

    changed = await one.ask("POST", "/change")
    cookie = changed.headers["set-cookie"].partition(";")[0]
    looked = await other.ask("GET", "/look", {"Cookie": cookie})

    assert cookie.startswith(f"__Host-{COOKIE}=")
    assert one.waited == []
    assert other.waited == [("installation", 7, WAIT_S_MAX), ("telemetry", 12, WAIT_S_MAX)]
    assert looked.text == "looked"
    assert "set-cookie" not in looked.headers


async def test_programs_say_by_themselves_what_they_have_changed() -> None:
    answer = await Portal().ask("POST", "/change", {"Authorization": "Bearer amp_x"})

    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "value", ["", "x", "installation-", "-7", "a-1" * 9, "installation-" + "9" * 40]
)
async def test_what_is_none_of_ours_holds_nobody_up(value: str) -> None:
    portal = Portal()

    answer = await portal.ask("GET", "/look", {"Cookie": f"__Host-{COOKIE}={value}"})

    assert answer.text == "looked"
    assert portal.waited == []
