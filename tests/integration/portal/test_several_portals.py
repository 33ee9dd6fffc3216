"""Several portals: each shows everything, what was done through one is seen through all, and one may go."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from shared.clock import utc_now
from shared.ids import new_id
from shared.messages.telemetry import SessionEnded, SessionStarted
from shared.numbers import numbers_taken, taking_number
from tests.integration.portal.conftest import Shown
from tests.support.portal_process import PortalProcess, running_portal
from tests.support.portal_scene import GARAGE
from tests.support.waiting import until

pytestmark = pytest.mark.integration


@dataclass(frozen=True, slots=True)
class Beside:
    """A second portal on the same database as the first, and who is signed in there by the same session."""

    portal: PortalProcess
    http: httpx.AsyncClient


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def beside(shown: Shown) -> AsyncIterator[Beside]:
    url = shown.portal.database_url
    async with (
        running_portal(shown.servers, url) as portal,
        httpx.AsyncClient(base_url=portal.url, cookies=shown.http.cookies) as http,
    ):
        yield Beside(portal, http)


async def cursors(url: str) -> dict[str, int]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "select consumer, position from cursor where service = 'telemetry'"
        )
        return {it["consumer"]: it["position"] for it in rows}
    finally:
        await connection.close()


async def chargers(http: httpx.AsyncClient) -> list[Any]:
    answer = await http.get(f"/api/installations/{GARAGE}")
    return [(it["id"], it["limit_a"], it["state"]) for it in answer.json().get("chargers", ())]


async def test_two_portals_show_the_same_each_by_a_name_of_its_own(
    shown: Shown, beside: Beside
) -> None:
    async def both() -> tuple[list[Any], list[Any]]:
        return await chargers(shown.http), await chargers(beside.http)

    first, second = await until(both, lambda it: bool(it[0]) and it[0] == it[1])
    assert len(second) == len(first) == len(shown.garage.bays)
    at = await cursors(shown.portal.database_url)
    assert {"portal", "portal-2"} <= set(at)


async def test_what_happens_moves_the_streams_of_both_and_a_session_is_one_row(
    shown: Shown, beside: Beside
) -> None:
    bay = next(it for it in shown.garage.bays if it.kind == "free")
    where = {"installation_id": GARAGE, "charger_id": bay.charger_id}
    about = {"session_id": new_id(), "transaction_id": 4711}
    now = utc_now()

    async def seen(http: httpx.AsyncClient) -> None:
        """Read a stream until it tells of the charger."""
        async with (
            asyncio.timeout(30),
            http.stream("GET", f"/installations/{GARAGE}/live") as response,
        ):
            whole = True
            async for line in response.aiter_lines():
                if not line.startswith("data: {"):
                    continue
                if not whole and bay.charger_id in line:
                    return
                if whole:
                    looking.release()
                whole = False
        raise AssertionError("the stream has ended")

    looking = asyncio.Semaphore(0)
    streams = [asyncio.create_task(seen(it)) for it in (shown.http, beside.http)]
    for _ in streams:
        await looking.acquire()
    await shown.feed.tell(SessionStarted(**where, **about, started_at=now, register_wh=1_000))
    await asyncio.gather(*streams)

    await shown.feed.tell(
        SessionEnded(
            **where,
            **about,
            ended_at=now + timedelta(minutes=1),
            register_wh=1_500,
            energy_wh=500,
            reason="Local",
        )
    )
    connection = await asyncpg.connect(shown.portal.database_url)
    try:
        both = ("portal", "portal-2")

        async def caught_up() -> bool:
            at = await cursors(shown.portal.database_url)
            return at[both[0]] == at[both[1]]

        async def rows() -> list[Any]:
            found = await connection.fetch(
                "select energy_wh, ended_at from charging_session where session_id = $1",
                about["session_id"],
            )
            return [it["energy_wh"] for it in found]

        assert await until(rows, lambda it: it == [500])
        assert await until(caught_up, bool)
        assert await rows() == [500]
    finally:
        await connection.close()


async def test_whoever_comes_takes_the_lowest_number_that_is_free(
    shown: Shown, beside: Beside
) -> None:
    url = shown.portal.database_url
    connection = await asyncpg.connect(url)
    try:
        async with taking_number(url, "portal") as number:
            assert number.number == 3
            assert await numbers_taken(connection) == [1, 2, 3]
        await until(lambda: numbers_taken(connection), lambda it: it == [1, 2])
        beside.portal.process.kill()
        await until(lambda: numbers_taken(connection), lambda it: it == [1])
        async with taking_number(url, "portal") as number:
            assert number.number == 2
    finally:
        await connection.close()
    assert len(await chargers(shown.http)) == len(shown.garage.bays)
