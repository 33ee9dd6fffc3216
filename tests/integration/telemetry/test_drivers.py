"""Who may charge: cards and roles that permissions knows, judged at the gateway, each on record."""

from datetime import timedelta
from typing import Any

import pytest

from shared.clock import utc_now
from shared.ids import new_id
from shared.messages.permissions import Role
from shared.messages.telemetry import (
    DriverAuthorized,
    DriverRefused,
    SessionEnded,
    SessionStarted,
)
from tests.integration.telemetry.people import Driver
from tests.integration.telemetry.raw_charger import RawCharger, plugged_in
from tests.integration.telemetry.steps import START, stop_of
from tests.integration.telemetry.world import Place, World

pytestmark = pytest.mark.integration


async def guarded(world: World) -> Place:
    """Assign a charger where drivers are asked who they are."""
    place = await world.assigned()
    await world.announce(place.authentication(required=True))
    return place


async def user(world: World, place: Place, role: Role = Role.USER) -> Driver:
    """Make somebody known, with a card and a role."""
    driver = world.people.driver()
    await world.grant(
        world.people.registered(driver), world.people.granted(driver, place, role)
    )
    return driver


async def shown(charger: RawCharger, card: str) -> dict[str, Any]:
    answer = await charger.call("Authorize", {"idTag": card})
    info: dict[str, Any] = answer["idTagInfo"]
    return info


async def test_who_may_charge_is_accepted_and_the_right_is_on_record(world: World) -> None:
    place = await guarded(world)
    driver = await user(world, place)

    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        accepted = await shown(charger, driver.card.lower())
        refused = await shown(charger, "STRANGER")

    assert accepted["status"] == "Accepted"
    assert len(accepted["parentIdTag"]) == 20
    assert refused == {"status": "Invalid"}
    yes, no = await world.decisions(place)
    assert isinstance(yes, DriverAuthorized)
    assert isinstance(no, DriverRefused)
    assert (yes.person_id, yes.card_mark) == (driver.person_id, world.people.mark(driver.card))
    assert "user at installation" in yes.reason
    assert yes.known_position == world.people.position
    assert yes.known_as_of is not None
    assert (no.person_id, no.status) == (None, "Invalid")
    assert "register it" in no.reason


async def test_what_is_given_and_taken_is_heard_at_once(world: World) -> None:
    place = await guarded(world)
    driver = await user(world, place)
    people = world.people

    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        statuses = [(await shown(charger, driver.card))["status"]]
        for change in (
            people.blocked(driver),
            people.unblocked(driver),
            people.revoked(driver, place),
            people.granted(driver, place, until=utc_now() - timedelta(seconds=1)),
            people.granted(driver, place, until=utc_now() + timedelta(hours=1)),
            people.removed(driver),
        ):
            await world.grant(change)
            info = await shown(charger, driver.card)
            statuses.append(info["status"])
            if "expiryDate" in info:
                statuses.append("with an end")

    assert statuses == [
        "Accepted",
        "Blocked",
        "Accepted",
        "Invalid",
        "Expired",
        "Accepted",
        "with an end",
        "Invalid",
    ]


async def test_a_blocked_card_is_blocked_also_where_nobody_is_asked(world: World) -> None:
    place = await world.assigned()
    driver = await user(world, place)
    await world.grant(world.people.blocked(driver))

    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        blocked, stranger = (
            await shown(charger, driver.card),
            await shown(charger, "STRANGER"),
        )

    assert (blocked["status"], stranger["status"]) == ("Blocked", "Accepted")


async def test_a_session_is_its_drivers_and_their_other_card_or_an_owner_ends_it(
    world: World,
) -> None:
    place = await guarded(world)
    driver, neighbour = await user(world, place), await user(world, place)
    owner = await user(world, place, Role.OWNER)
    second = Driver(driver.person_id, world.people.driver().card)
    await world.grant(world.people.registered(second))

    ends = []
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        for minute, card in enumerate((neighbour.card, second.card, owner.card, driver.card)):
            at = {"timestamp": f"2026-11-22T08:{minute:02}:00Z"}
            started = await charger.call(
                "StartTransaction", START | at | {"idTag": driver.card}
            )
            stop = stop_of(started["transactionId"]) | at | {"idTag": card}
            ends.append((await charger.call("StopTransaction", stop))["idTagInfo"]["status"])

    assert ends == ["Invalid", "Accepted", "Accepted", "Accepted"]
    session = await world.event(place, SessionStarted)
    assert (session.person_id, session.card_mark) == (
        driver.person_id,
        world.people.mark(driver.card),
    )
    await world.event(place, SessionEnded, times=4)
    refusals = [it for it in await world.decisions(place) if isinstance(it, DriverRefused)]
    assert [it.person_id for it in refusals] == [neighbour.person_id]
    assert "somebody else's" in refusals[0].reason


async def test_a_start_with_a_card_that_may_not_charge_is_on_record_and_refused(
    world: World,
) -> None:
    place = await guarded(world)

    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        started = await charger.call("StartTransaction", START)
        again = await charger.call("StartTransaction", START)

    assert started == again
    assert started["idTagInfo"] == {"status": "Invalid"}
    assert (await world.event(place, SessionStarted)).person_id is None
    assert [type(it) for it in await world.decisions(place)] == [DriverRefused]


async def test_a_card_held_to_the_reader_again_and_again_is_on_record_once(
    world: World,
) -> None:
    place = await guarded(world)
    driver = await user(world, place)

    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        for _ in range(5):
            await shown(charger, "STRANGER")
        await shown(charger, driver.card)

    kinds = [type(it) for it in await world.decisions(place)]
    assert kinds == [DriverRefused, DriverAuthorized]


async def test_what_is_known_grows_no_older_while_permissions_is_there(world: World) -> None:
    place = await guarded(world)
    await user(world, place)
    heard_at = utc_now()

    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()

        async def newer() -> bool:
            await shown(charger, new_id()[-20:])
            decision = (await world.decisions(place))[-1]
            assert isinstance(decision, DriverRefused)
            return decision.known_as_of is not None and decision.known_as_of > heard_at

        await world.until(newer)  # nothing has happened there since
