"""What is announced is shown, and what is said live moves."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.clock import utc_now
from shared.messages.balancer import LimitedBy, Rule, SiteBalance
from shared.messages.installation import CircuitAdded
from shared.messages.telemetry import ChargerConnected, ChargerRefused, Place
from tests.integration.portal.conftest import Shown
from tests.support.portal_process import running_portal
from tests.support.portal_scene import GARAGE
from tests.support.waiting import until

pytestmark = pytest.mark.integration

STREAM_S_MAX = 20.0

Events = AsyncIterator[tuple[str, str]]


async def view_of(http: httpx.AsyncClient) -> dict[str, Any]:
    answer = await http.get(f"/api/installations/{GARAGE}")
    found: dict[str, Any] = answer.json()
    return found


async def settled(shown: Shown) -> dict[str, Any]:
    """Wait until all that was told at the beginning is shown."""

    def complete(view: dict[str, Any]) -> bool:
        return bool(view.get("scene")) and (
            view["scene"]["chargers"] == len(shown.garage.bays)
            and view["scene"]["online"].startswith(str(len(shown.garage.bays) - 2))
            and sum("in the queue" in it["why"] for it in view["chargers"]) == 2
        )

    return await until(lambda: view_of(shown.http), complete)


def charger_in(view: dict[str, Any], charger_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(it for it in view["chargers"] if it["id"] == charger_id)
    return found


async def events_of(response: httpx.Response) -> Events:
    """Read server-sent events: name and data."""
    name = ""
    async for line in response.aiter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, value


async def told(events: Events, part: str, node: str) -> dict[str, Any]:
    """Read on until a node is told of."""
    async for name, data in events:
        if name == "view":
            nodes = json.loads(data).get(part, {})
            if node in nodes:
                found: dict[str, Any] = nodes[node]
                return found
    raise AssertionError(f"the stream ended without {part} {node}")


async def measured(events: Events, balance: SiteBalance) -> dict[str, Any]:
    """Read on until the main breaker is shown as it was balanced."""
    wanted = list(balance.breakers[0].measured_a)
    while True:
        main = await told(events, "breakers", "main")
        if [bar["measured_a"] for bar in main["bars"]] == wanted:
            return main


async def test_what_the_logs_tell_is_on_the_page(shown: Shown) -> None:
    view = await settled(shown)

    assert [it["name"] for it in view["breakers"]] == [
        "Main breaker",
        "Level 1",
        "Level 2",
        "Level 3",
        "Guests",
        "Courtyard",
    ]
    page = (await shown.http.get(f"/installations/{GARAGE}")).text
    for words in ("Sea Street garage", "Bay 54", "ZAP000054", "Not seen yet", "RCD tripped"):
        assert words in page
    assert GARAGE in (await shown.http.get("/")).text


async def test_readings_move_the_stream(shown: Shown) -> None:
    await settled(shown)
    await shown.feed.say(*shown.garage.picture(utc_now(), beat=0))
    async with (
        asyncio.timeout(STREAM_S_MAX),
        shown.http.stream("GET", f"/installations/{GARAGE}/live") as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        assert "content-security-policy" in response.headers
        events = events_of(response)
        before = await measured(events, shown.garage.balance(utc_now(), 0))

        await shown.feed.say(*shown.garage.picture(utc_now(), beat=4))
        after = await measured(events, shown.garage.balance(utc_now(), 4))

    assert after["bars"][0]["measured_pc"] != before["bars"][0]["measured_pc"]


async def test_a_new_limit_moves_the_stream_with_its_reason(shown: Shown) -> None:
    view = await settled(shown)
    bay = next(it for it in shown.garage.bays if it.kind == "one")
    async with (
        asyncio.timeout(STREAM_S_MAX),
        shown.http.stream("GET", f"/installations/{GARAGE}/live") as response,
    ):
        events = events_of(response)
        before = await told(events, "chargers", bay.charger_id)
        assert before["limit_a"] == charger_in(view, bay.charger_id)["limit_a"]

        everything = LimitedBy(rule=Rule.CHARGER)
        await shown.feed.tell(*shown.garage.limit(bay, 32.0, everything, sequence=2))
        after = await told(events, "chargers", bay.charger_id)
        while after["limit_a"] != 32.0:
            after = await told(events, "chargers", bay.charger_id)

    assert after["why"] == "32.0 A: this charger can give no more"


async def test_a_new_circuit_appears_in_the_structure(shown: Shown) -> None:
    before = await settled(shown)
    await shown.feed.tell(
        CircuitAdded(
            installation_id=GARAGE,
            circuit_id="roof",
            name="Roof",
            breaker_a=16.0,
            set_a=16.0,
        )
    )

    after = await until(
        lambda: view_of(shown.http), lambda view: "Roof" in str(view["breakers"])
    )

    assert after["head"]["structure"] != before["head"]["structure"]


async def test_a_stranger_is_listed_until_it_is_let_in(shown: Shown) -> None:
    async def front_page() -> str:
        return (await shown.http.get("/")).text

    await shown.feed.tell(
        ChargerRefused(
            place=Place.UNKNOWN,
            serial="ZAP000999",
            reason="nobody assigned it",
            remote="10.0.0.9",
        )
    )
    await until(front_page, lambda page: "ZAP000999" in page)

    await shown.feed.tell(
        ChargerConnected(
            remote="10.0.0.1",
            installation_id="garage-2",
            charger_id="bay-1",
            serial="ZAP000999",
            vendor="V",
            model="M",
            gateway_id="g",
        )
    )
    await until(front_page, lambda page: "ZAP000999" not in page)


async def test_a_portal_that_starts_anew_remembers_everything_in_order(shown: Shown) -> None:
    before = await settled(shown)
    async with (
        running_portal(shown.servers, shown.portal.database_url) as again,
        httpx.AsyncClient(base_url=again.url, cookies=shown.http.cookies) as http,
    ):
        after = await view_of(http)  # the very first answer: nothing is waited for

    assert [it["id"] for it in after["breakers"]] == [it["id"] for it in before["breakers"]]
    assert [it["name"] for it in after["chargers"]] == [it["name"] for it in before["chargers"]]
    assert [it["limit_a"] for it in after["chargers"]] == [
        it["limit_a"] for it in before["chargers"]
    ]
    assert after["head"]["freshness"] == "none"  # readings are not remembered
