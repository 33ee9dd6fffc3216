"""What chargers do in the field: clocks that are off, messages that come late, twice, in disorder."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.telemetry.settings import Settings
from shared import subjects
from shared.clock import utc_now
from shared.messages.telemetry import (
    ChargerDisconnected,
    ClockDriftMeasured,
    MeterReading,
    SessionEnded,
    SessionStarted,
)
from tests.integration.telemetry.raw_charger import RawCharger, plugged_in
from tests.integration.telemetry.test_messages import START, meter_values, sampled
from tests.integration.telemetry.world import Place, World

pytestmark = pytest.mark.integration

BEHIND_S = 300.0
APART_S = 3.2
"""What two readings are apart that say something of a clock."""
STOP = {"meterStop": 8000, "timestamp": "2026-11-22T09:00:00Z", "reason": "EVDisconnected"}


def spelt(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def values_at(at: datetime) -> dict[str, Any]:
    taken = {"timestamp": spelt(at), "sampledValue": sampled(10, 10, 10)}
    return {"connectorId": 1, "meterValue": [taken]}


def own_time() -> datetime:
    """What a clock shows that is behind."""
    return utc_now() - timedelta(seconds=BEHIND_S)


async def test_a_clock_that_is_behind_is_put_on_record_set_and_allowed_for(
    world: World,
) -> None:
    place = await world.assigned()
    subject = subjects.telemetry(MeterReading, place.installation_id, place.charger_id)
    heard = await world.client.subscribe(subject)
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        triggers = len(charger.asked_for("TriggerMessage"))
        for _ in range(3):
            await charger.call("MeterValues", values_at(own_time()))
            await asyncio.sleep(APART_S)
        asked = await charger.was_asked("TriggerMessage", triggers + 1)
        drift = await world.event(place, ClockDriftMeasured)
        start = START | {"timestamp": spelt(own_time())}
        first = await charger.call("StartTransaction", start)
        again = await charger.call("StartTransaction", start)
        readings = [
            MeterReading.model_validate_json((await heard.next_msg(timeout=10)).data)
            for _ in range(3)
        ]

    assert asked == {"requestedMessage": "Heartbeat"}
    assert drift.drift_s == pytest.approx(-BEHIND_S, abs=2.0)
    late_s = [(it.received_at - it.measured_at).total_seconds() for it in readings]
    assert late_s[0] == pytest.approx(BEHIND_S, abs=2.0), "one reading says nothing"
    assert late_s[2] == pytest.approx(0.0, abs=2.0)
    assert first["transactionId"] == again["transactionId"]
    session = await world.event(place, SessionStarted)
    assert session.started_at - readings[2].received_at < timedelta(seconds=60)
    assert session.started_at > readings[0].received_at, "it is by our clock"


async def whole(world: World, place: Place) -> SessionEnded:
    """The only session there is, from its start to its end."""
    ended = await world.event(place, SessionEnded)
    events = await world.events(place)
    (started,) = [it for it in events if isinstance(it, SessionStarted)]
    assert [it for it in events if isinstance(it, SessionEnded)] == [ended]
    assert ended.session_id == started.session_id
    return ended


async def offline(charger: RawCharger, start: int, stop: int) -> None:
    """Tell a session that began and ended while nobody was there, everything several times."""
    nameless = {"transactionId": -1}
    for _ in range(start):
        await charger.call("StartTransaction", START)
    for amperes in (12, 10, 12):
        await charger.call("MeterValues", meter_values(amperes, 0, 0, **nameless))
    for _ in range(stop):
        await charger.call("StopTransaction", STOP | nameless)


@pytest.mark.parametrize(("start", "stop"), [(1, 1), (2, 3)])
async def test_a_session_told_afterwards_is_one_whole_session(
    world: World, start: int, stop: int
) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        await offline(charger, start, stop)
    async with plugged_in(world.gateway, place.serial) as charger:
        await offline(charger, start, stop)  # it never heard that it was understood

    assert (await whole(world, place)).energy_wh == 7000


async def test_an_end_that_comes_before_its_start_is_taken_when_it_is_told_again(
    world: World,
) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        await charger.call("StopTransaction", STOP | {"transactionId": -1})
        begun = await charger.call("StartTransaction", START)
        await charger.call("StopTransaction", STOP | {"transactionId": begun["transactionId"]})

    assert (await whole(world, place)).energy_wh == 7000


def test_a_peer_that_answers_nothing_is_found_within_half_a_minute() -> None:
    fields = Settings.model_fields
    interval_s = fields["ping_interval_s"].default
    """It may have spoken just after a round began: then the next one passes it by."""
    assert 0 < 2 * interval_s + fields["ping_timeout_s"].default <= 30.0


async def test_a_half_open_socket_is_found(world: World) -> None:
    await world.service.stop()
    world.service.settings = world.settings.model_copy(
        update={"ping_interval_s": 0.5, "ping_timeout_s": 1.0}
    )
    await world.service.start()
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        charger.socket.transport.pause_reading()  # it hears nothing more, and its line stays up
        gone = await world.event(place, ChargerDisconnected)

    assert "keepalive" in gone.reason or "lost" in gone.reason
