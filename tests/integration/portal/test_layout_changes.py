"""Whatever is changed, moved, removed, locked or deactivated is shown as it is from then on."""

from typing import Any

import httpx
import pytest

from tests.integration.portal.conftest import Shown
from tests.support.portal_pier import PIER, changed, locked, serial, set_up, unlocked
from tests.support.waiting import until

pytestmark = pytest.mark.integration


async def view_of(http: httpx.AsyncClient, query: str = "") -> dict[str, Any]:
    answer = await http.get(f"/api/installations/{PIER}{query}")
    found: dict[str, Any] = answer.json()
    return found


def places(view: dict[str, Any]) -> dict[str, str]:
    """Name the circuit of every charger that is shown."""
    return {it["id"]: it["circuit_id"] for it in view.get("chargers", [])}


async def test_an_installation_is_shown_as_it_is_whatever_happens_to_it(shown: Shown) -> None:
    http = shown.http
    await shown.feed.tell(*set_up())
    await until(lambda: view_of(http), lambda it: len(places(it)) == 6)

    await shown.feed.tell(*changed())
    view = await until(lambda: view_of(http), lambda it: "berth-6" not in places(it))
    assert view["head"]["name"] == "New pier"
    assert view["head"]["available"] == "available L1 60 A, L2 60 A, L3 50 A"
    assert view["breakers"][0]["breaker_a"] == 100.0
    assert places(view)["berth-2"] == "quay-2"
    assert (view["chargers"][0]["name"], view["chargers"][0]["priority"]) == ("Ferry", 9)
    gone = await view_of(http, "?deactivated=1")
    assert {it["id"]: it["state"] for it in gone["chargers"]}["berth-6"] == "removed"

    await shown.feed.tell(*locked())
    view = await until(
        lambda: view_of(http),
        lambda it: [one["id"] for one in it.get("breakers", [])] == ["main", "quay-1"],
    )
    assert set(places(view)) == {"berth-1"}
    assert view["head"]["hidden_text"] == "2 circuits and 5 chargers"
    knocked = await until(
        lambda: view_of(http, "?deactivated=1"), lambda it: "knocked" in str(it["chargers"])
    )
    why = {it["id"]: it["why"] for it in knocked["chargers"]}
    assert why["berth-4"].startswith("Locked: its circuit Quay 2 was deactivated")
    assert why["berth-5"].startswith("Locked: circuit Quay 2 above it was deactivated")
    assert why["berth-3"].endswith("from elsewhere than before")
    (knock,) = (
        it
        for it in (await http.get("/api/installations")).json()["knocks"]
        if it["serial"] == serial(3)
    )
    assert knock["locked"]
    assert "locked: its circuit Quay 2 was deactivated" in (await http.get("/")).text

    await shown.feed.tell(*unlocked())
    view = await until(lambda: view_of(http), lambda it: len(places(it)) == 5)
    assert places(view)["berth-5"] == "jetty"
    assert not any("ocked" in it["why"] for it in view["chargers"])
