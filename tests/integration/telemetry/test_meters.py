"""A meter at a breaker pushes its readings, and they are published."""

import asyncio
from typing import Any

import httpx
import pytest
from nats.aio.msg import Msg

from services.telemetry.attempts import OF_ONE_MAX
from shared import subjects
from shared.clock import utc_now
from shared.ids import new_id
from shared.messages.credentials import IssueMeterToken, WithdrawMeterToken
from shared.messages.installation import MeterAdded, MeterChanged, MeterRemoved
from shared.messages.installation_terms import Measures, MeterKind
from shared.messages.telemetry import BreakerReading
from shared.phases import PHASES
from tests.integration.telemetry.passwords import asked
from tests.integration.telemetry.world import Place, World

pytestmark = pytest.mark.integration


AS_MOUNTED: dict[str, Any] = {
    "kind": MeterKind.BUILDING,
    "measures": Measures.TOTAL,
    "phases": PHASES,
    "highest_a": 40,
    "error_a": 0.5,
    "interval_s": 1,
}


def entered(place: Place) -> dict[str, Any]:
    return {"installation_id": place.installation_id, "meter_id": "house", "circuit_id": None}


async def test_a_reading_that_is_pushed_is_published(world: World) -> None:
    place = world.somewhere()
    about = entered(place)
    await world.announce(place.created(), MeterAdded(**about, **AS_MOUNTED))
    heard: asyncio.Queue[Msg] = asyncio.Queue()
    subject = subjects.telemetry(BreakerReading, place.installation_id, "house")
    await world.client.subscribe(subject, cb=heard.put)
    await world.client.flush()
    door = f"http://127.0.0.1:{world.settings.meter_port}/meters/{place.installation_id}"
    async with httpx.AsyncClient() as http:

        async def push(name: str) -> int:
            said = {"measured_at": utc_now().isoformat(), "current_a": [12.5, 0.0, -3.0]}
            return (await http.post(f"{door}/{name}", json=said)).status_code

        assert await push("house") == 202
        async with asyncio.timeout(10):
            reading = BreakerReading.model_validate_json((await heard.get()).data)
        assert reading.current_a == (12.5, 0.0, -3.0)
        assert await push("roof") == 404

        await world.announce(MeterRemoved(**about))
        assert await push("house") == 404


# --- Tokens ---


async def pushed(
    world: World, place: Place, token: str | None, host: str = "127.0.0.1"
) -> tuple[int, str]:
    """Push a reading; returns the status, and the refusal if there is one."""
    door = f"http://127.0.0.1:{world.settings.meter_port}/meters/{place.installation_id}/house"
    said = {"measured_at": utc_now().isoformat(), "current_a": [12.5, 0.0, -3.0]}
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    transport = httpx.AsyncHTTPTransport(local_address=host)
    async with httpx.AsyncClient(transport=transport) as http:
        answer = await http.post(door, json=said, headers=headers)
    await asyncio.sleep(0.11)  # a meter that sends more often is refused
    return answer.status_code, answer.json()["refusal"] if answer.content else ""


async def token_of(world: World, place: Place) -> str:
    command = IssueMeterToken(
        command_id=new_id(), installation_id=place.installation_id, meter_id="house"
    )
    answer = await asked(world, command)
    assert answer.accepted, answer
    assert answer.shown_once is not None
    again = await asked(world, command)
    assert (again.accepted, again.shown_once) == (True, None)
    return answer.shown_once[0].secret


async def metered(world: World) -> Place:
    place = world.somewhere()
    await world.announce(place.created(), MeterAdded(**entered(place), **AS_MOUNTED))
    return place


async def test_a_meter_that_was_issued_a_token_is_heard_with_it_only(world: World) -> None:
    place, other = await metered(world), await metered(world)
    assert await pushed(world, place, None) == (202, "")

    token, strange = await token_of(world, place), await token_of(world, other)

    assert await pushed(world, place, None) == (401, "TokenMissing")
    assert await pushed(world, place, strange) == (401, "TokenWrong")
    assert await pushed(world, place, token) == (202, "")


async def test_a_newer_token_replaces_the_older_one_when_it_is_shown(world: World) -> None:
    place = await metered(world)
    old, new = await token_of(world, place), await token_of(world, place)

    assert await pushed(world, place, old) == (202, "")
    assert await pushed(world, place, new) == (202, "")
    assert await pushed(world, place, old) == (401, "TokenWrong")


async def test_a_meter_that_was_changed_keeps_its_token_and_one_entered_anew_does_not(
    world: World,
) -> None:
    place = await metered(world)
    token = await token_of(world, place)

    await world.announce(MeterChanged(**entered(place), **AS_MOUNTED | {"highest_a": 20}))
    assert await pushed(world, place, None) == (401, "TokenMissing")
    assert await pushed(world, place, token) == (202, "")

    await world.announce(MeterRemoved(**entered(place)))
    await world.announce(MeterAdded(**entered(place), **AS_MOUNTED))
    assert await pushed(world, place, None) == (202, "")


async def test_a_withdrawn_token_is_taken_no_more(world: World) -> None:
    place = await metered(world)
    token = await token_of(world, place)
    about = {"installation_id": place.installation_id, "meter_id": "house"}

    assert (await asked(world, WithdrawMeterToken(command_id=new_id(), **about))).accepted
    assert await pushed(world, place, token) == (401, "TokenWrong")
    waived = WithdrawMeterToken(command_id=new_id(), **about, let_in_without=True)
    assert (await asked(world, waived)).accepted
    assert await pushed(world, place, None) == (202, "")


async def test_whoever_tries_out_tokens_is_not_listened_to_for_a_while(world: World) -> None:
    place = await metered(world)
    token = await token_of(world, place)
    for number in range(OF_ONE_MAX):
        assert (await pushed(world, place, f"{number:040}"))[0] == 401

    assert await pushed(world, place, token) == (429, "TooManyWrongTokens")
    assert await pushed(world, place, token, host="127.0.0.2") == (202, "")


async def test_there_is_no_token_for_a_meter_nobody_entered(world: World) -> None:
    place = world.somewhere()
    command = IssueMeterToken(
        command_id=new_id(), installation_id=place.installation_id, meter_id="house"
    )

    assert (await asked(world, command)).refusal == "MeterNotThere"
