"""What happens is told as it happens; whoever comes back misses nothing and hears nothing twice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import orjson
import pytest
from httpx_sse import ServerSentEvent, aconnect_sse

from services.portal.api.application import PREFIX
from shared.clock import utc_now
from shared.messages.telemetry import ChargerConnected, SessionStarted
from shared.web_server import listening_socket, serve
from tests.integration.api.conftest import BAY, HARBOUR
from tests.support.api_place import ApiPlace

pytestmark = pytest.mark.integration

EVENTS = f"/installations/{HARBOUR}/events"


@contextlib.asynccontextmanager
async def over_the_wire(place: ApiPlace, who: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who asks over a socket: answers come as they are written."""
    taken = listening_socket("127.0.0.1", 0)
    started = asyncio.Event()
    serving = asyncio.create_task(serve(place.app, taken, started.set, lambda: None))
    await asyncio.wait_for(started.wait(), 10)
    known = place.person(who)
    url = f"http://127.0.0.1:{taken.getsockname()[1]}{PREFIX}"
    async with httpx.AsyncClient(base_url=url, headers=known.headers, timeout=30) as http:
        yield http
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


async def heard(
    http: httpx.AsyncClient,
    count: int,
    last: str | None = None,
    about: str = "",
    **params: str,
) -> list[ServerSentEvent]:
    """Listen until so many events have come that have a text in them."""
    headers = {} if last is None else {"Last-Event-ID": last}
    found: list[ServerSentEvent] = []
    async with aconnect_sse(http, "GET", EVENTS, params=params, headers=headers) as source:
        source.response.raise_for_status()
        async for it in source.aiter_sse():
            if it.data and about in it.data:
                found.append(it)
            if len(found) == count:
                break
    return found


async def test_whoever_comes_back_hears_what_came_meanwhile_once_and_in_order(
    place: ApiPlace,
) -> None:
    async with over_the_wire(place, "installer") as http:
        first, *_ = await heard(http, 1, begin="first", type="InstallationCreated")
        names = [f"Bay one, {it}" for it in range(3)]
        for name in names:
            done = await http.patch(
                f"/installations/{HARBOUR}/chargers/{BAY}", json={"name": name}
            )
            assert done.status_code == 200, done.text
        all_of_them = await heard(http, 3, first.id, "Bay one, ", type="ChargerChanged")
        rest = await heard(http, 2, all_of_them[0].id, "Bay one, ", type="ChargerChanged")

    assert [orjson.loads(it.data)["data"]["name"] for it in all_of_them] == names
    assert [it.id for it in rest] == [it.id for it in all_of_them[1:]]


async def test_what_happens_now_is_heard_now(place: ApiPlace) -> None:
    async with over_the_wire(place, "owner") as http:
        listening = asyncio.create_task(heard(http, 1, type="ChargerConnected"))
        while not listening.done():
            await place.feed.tell(
                ChargerConnected(
                    installation_id=HARBOUR,
                    charger_id=BAY,
                    serial="ZAP000001",
                    vendor="Acme",
                    model="One",
                    firmware="1.0",
                    protocol="ocpp1.6",
                    gateway_id="gateway-1",
                    remote="10.0.0.7",
                )
            )
            await asyncio.sleep(0.2)
        (told,) = await listening

    assert orjson.loads(told.data)["data"]["serial"] == "ZAP000001"


async def test_sessions_are_told_to_those_alone_who_may_see_all_of_them(
    place: ApiPlace,
) -> None:
    await place.feed.tell(
        SessionStarted(
            installation_id=HARBOUR,
            charger_id=BAY,
            session_id="s-of-somebody",
            transaction_id=7,
            register_wh=0,
            started_at=utc_now(),
        )
    )
    async with over_the_wire(place, "owner") as http:
        (told,) = await heard(
            http, 1, None, "s-of-somebody", begin="first", type="SessionStarted"
        )
    async with over_the_wire(place, "installer") as http:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await heard(http, 1, begin="first", type="SessionStarted")

    assert orjson.loads(told.data)["data"]["session_id"] == "s-of-somebody"


async def test_who_may_not_look_does_not_listen(place: ApiPlace) -> None:
    assert (await place.person("stranger").get(EVENTS)).status_code == 404
    assert (await place.person("driver").get(EVENTS)).status_code == 403


@pytest.mark.parametrize(
    ("last", "status", "title"),
    [
        ("installation=1:999999", 410, "PastReplaced"),
        ("installation=7:1", 410, "PastReplaced"),
        ("yesterday", 422, "UnknownEventId"),
    ],
)
async def test_a_place_in_the_past_that_is_none_is_refused(
    place: ApiPlace, last: str, status: int, title: str
) -> None:
    answer = await place.person("owner").get(EVENTS, headers={"Last-Event-ID": last})

    assert (answer.status_code, answer.json()["title"]) == (status, title)
