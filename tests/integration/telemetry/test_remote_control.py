"""Sessions begun and ended from afar: by a person in the app, or by the operator."""

from typing import Any

import pytest

from services.telemetry.drivers import TAG_BEGINS
from services.telemetry.payloads import written
from services.telemetry.remote_control import RemoteCommand
from shared import subjects
from shared.clock import utc_now
from shared.context import Context
from shared.ids import new_id
from shared.messages import Answer
from shared.messages.permissions import Role
from shared.messages.telemetry import (
    ChargingRequested,
    DriverAuthorized,
    DriverRefused,
    FirmwareUpdateRequested,
    SessionEnded,
    SessionStarted,
    StartCharging,
    StopCharging,
    UpdateFirmware,
)
from shared.messaging import request
from tests.integration.telemetry.people import Driver
from tests.integration.telemetry.raw_charger import plugged_in
from tests.integration.telemetry.simulated import living, plug_a_car
from tests.integration.telemetry.steps import START, stop_of
from tests.integration.telemetry.test_drivers import guarded, user
from tests.integration.telemetry.world import Place, World

pytestmark = pytest.mark.integration


def soon_text() -> str:
    """Write this moment as a charger does whose clock is right."""
    return written(utc_now())


async def asked(
    world: World,
    kind: type[RemoteCommand],
    place: Place,
    driver: Driver,
    **also: Any,
) -> Answer:
    """Ask for something as the portal does for a person."""
    command = kind(**{"command_id": new_id(), **place.ids, **also})
    subject = subjects.asked(kind, place.installation_id)
    context = Context(f"person/{driver.person_id}", new_id())
    return await request(world.client, command, subject, context, 10.0)


async def commanded(
    world: World, kind: type[RemoteCommand], place: Place, **also: Any
) -> Answer:
    """Ask for something as the operator does."""
    command = kind(**{"command_id": new_id(), **place.ids, **also})
    subject = subjects.command(kind, place.installation_id)
    return await request(world.client, command, subject, Context("operator", new_id()), 10.0)


async def test_a_session_begun_in_the_app_is_its_persons_and_ended_there(world: World) -> None:
    place = await guarded(world)
    driver, neighbour = await user(world, place), await user(world, place)
    async with living(world.gateway, place.serial) as charger:
        plug_a_car(charger)  # its driver has no card that is known

        async def begun() -> bool:
            return (await asked(world, StartCharging, place, driver)).accepted

        await world.until(begun)  # before the charger is accepted, it is not asked
        session = await world.event(place, SessionStarted)
        mine = await asked(world, StartCharging, place, driver)
        theirs = await asked(world, StopCharging, place, neighbour)
        ended = await asked(world, StopCharging, place, driver)
        end = await world.event(place, SessionEnded)
        none = await asked(world, StopCharging, place, driver)

    assert session.person_id == driver.person_id
    assert end.session_id == session.session_id
    assert end.reason == "Remote"
    assert (mine.refusal, theirs.refusal, none.refusal) == (
        "SessionRuns",
        "NotYourSession",
        "NoSession",
    )
    assert ended.accepted
    wishes = [it for it in await world.decisions(place) if isinstance(it, ChargingRequested)]
    assert [(it.wish, it.status, it.person_id) for it in wishes] == [
        ("START", "Accepted", driver.person_id),
        ("STOP", "Accepted", driver.person_id),
    ]


async def test_who_may_not_charge_is_refused_in_the_app_as_well(world: World) -> None:
    place = await guarded(world)
    installer = await user(world, place, Role.SERVICE)
    driver = await user(world, place)
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        without = await asked(world, StartCharging, place, installer)
        for_others = await asked(
            world, StartCharging, place, driver, person_id=installer.person_id
        )
        operator = await commanded(world, StartCharging, place)
        told = charger.asked_for("RemoteStartTransaction")

    assert {it.refusal for it in (without, for_others)} == {"Forbidden"}
    assert operator.refusal == "NotAuthorized"
    assert told == []


async def test_a_tag_is_for_one_session_at_one_charger(world: World) -> None:
    place, elsewhere = await guarded(world), await guarded(world)
    driver = await user(world, place)
    await world.grant(world.people.granted(driver, elsewhere))
    answers = {"RemoteStartTransaction": {"status": "Accepted"}}
    async with (
        plugged_in(world.gateway, place.serial, answers) as charger,
        plugged_in(world.gateway, elsewhere.serial) as other,
    ):
        await charger.boot_until_accepted()
        await other.boot_until_accepted()
        begun = await asked(world, StartCharging, place, driver)
        tag = (await charger.was_asked("RemoteStartTransaction"))["idTag"]
        start = START | {"idTag": tag, "timestamp": soon_text()}
        stolen = await other.call("StartTransaction", start)
        first = await charger.call("StartTransaction", start)
        again = await charger.call("StartTransaction", start)
        await charger.call("StopTransaction", stop_of(first["transactionId"]))
        later = await charger.call("StartTransaction", start | {"meterStart": 9000})

    assert begun.accepted
    assert tag.startswith(TAG_BEGINS)
    assert len(tag) == 20
    assert first == again
    assert [it["idTagInfo"]["status"] for it in (stolen, first, later)] == [
        "Invalid",
        "Accepted",
        "Invalid",
    ]
    decisions = await world.decisions(place)
    assert [type(it) for it in decisions] == [
        DriverAuthorized,
        ChargingRequested,
        DriverAuthorized,
        DriverRefused,
    ]


async def test_the_operator_begins_for_somebody_and_ends_for_anybody(world: World) -> None:
    place = await guarded(world)
    driver = await user(world, place)
    answers = {"RemoteStartTransaction": {"status": "Accepted"}}
    async with plugged_in(world.gateway, place.serial, answers) as charger:
        await charger.boot_until_accepted()
        wish = {"person_id": driver.person_id, "command_id": new_id()}
        first = await commanded(world, StartCharging, place, **wish)
        again = await commanded(world, StartCharging, place, **wish)
        tags = charger.asked_for("RemoteStartTransaction")
        start = START | {"idTag": tags[0]["idTag"], "timestamp": soon_text()}
        await charger.call("StartTransaction", start)
        ended = await commanded(world, StopCharging, place)

    assert first == again
    assert len(tags) == 1
    assert ended.accepted
    assert (await world.event(place, SessionStarted)).person_id == driver.person_id


async def test_a_charger_that_is_away_or_says_no_is_told_of(world: World) -> None:
    place = await guarded(world)
    driver = await user(world, place)
    away = await asked(world, StartCharging, place, driver)
    answers = {"RemoteStartTransaction": {"status": "Rejected"}}
    async with plugged_in(world.gateway, place.serial, answers) as charger:
        await charger.boot_until_accepted()
        rejected = await asked(world, StartCharging, place, driver)

    assert (away.refusal, rejected.refusal) == ("ChargerNotReached", "RejectedByCharger")
    assert "a car is plugged in" in (rejected.detail or "")


async def test_firmware_is_fetched_on_the_word_of_who_serves_the_place(world: World) -> None:
    place = await guarded(world)
    installer = await user(world, place, Role.SERVICE)
    driver = await user(world, place)
    new = {"location": "https://firmware.example/go-2.4.bin"}
    async with living(world.gateway, place.serial):

        async def done() -> bool:
            return (await asked(world, UpdateFirmware, place, installer, **new)).accepted

        await world.until(done)
        refused = await asked(world, UpdateFirmware, place, driver, **new)

    told = [
        it for it in await world.decisions(place) if isinstance(it, FirmwareUpdateRequested)
    ]
    assert refused.refusal == "Forbidden"
    assert [it.location for it in told] == [new["location"]]


async def test_a_charger_that_does_not_know_how_keeps_its_firmware(world: World) -> None:
    place = await guarded(world)
    installer = await user(world, place, Role.SERVICE)
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        answer = await asked(
            world,
            UpdateFirmware,
            place,
            installer,
            location="https://firmware.example/go-2.4.bin",
        )

    assert answer.refusal == "RejectedByCharger"
    assert "NotImplemented" in str(answer.detail)
    assert not [
        it for it in await world.decisions(place) if isinstance(it, FirmwareUpdateRequested)
    ]
