"""The list by which a charger lets drivers in while it is offline."""

from datetime import timedelta
from typing import Any

import pytest

from shared.clock import utc_now
from shared.messages.telemetry import SessionStarted
from tests.integration.telemetry.raw_charger import RawCharger, plugged_in
from tests.integration.telemetry.simulated import living, now_s, plug_a_car
from tests.integration.telemetry.test_drivers import guarded, user
from tests.integration.telemetry.world import Place, World

pytestmark = pytest.mark.integration

KEEPS_A_LIST: dict[str, Any] = {
    "GetConfiguration": {
        "configurationKey": [
            {"key": "LocalAuthListMaxLength", "readonly": True, "value": "5"},
            {"key": "SendLocalListMaxLength", "readonly": True, "value": "2"},
        ]
    },
    "GetLocalListVersion": {"listVersion": 0},
    "SendLocalList": {"status": "Accepted"},
}


def named(world: World, place: Place, *cards: str) -> None:
    """Have permissions name the numbers of cards when it is asked for those of a charger."""
    world.people.numbers[place.charger_id] = list(cards)


async def next_list(charger: RawCharger, times: int) -> dict[str, Any]:
    """Wait until so many messages of lists have come; the charger has the last one's version."""
    sent = await charger.was_asked("SendLocalList", times)
    charger.answers["GetLocalListVersion"] = {"listVersion": sent["listVersion"]}
    return sent


def cards_in(sent: dict[str, Any]) -> list[str]:
    return [it["idTag"] for it in sent["localAuthorizationList"]]


async def test_the_list_follows_what_people_may_in_small_steps(world: World) -> None:
    place = await guarded(world)
    drivers = [await user(world, place) for _ in range(3)]
    guest = world.people.driver()
    named(world, place, guest.card, *(it.card for it in drivers))
    async with plugged_in(world.gateway, place.serial, KEEPS_A_LIST) as charger:
        await charger.boot_until_accepted()
        await next_list(charger, 2)
        whole, rest = charger.asked_for("SendLocalList")
        until = utc_now() + timedelta(hours=1)
        await world.grant(
            world.people.registered(guest), world.people.granted(guest, place, until=until)
        )
        added = await next_list(charger, 3)
        await world.grant(world.people.revoked(drivers[0], place))
        await next_list(charger, 5)
        anew = charger.asked_for("SendLocalList")[3:]
        told = {it["key"]: it["value"] for it in charger.asked_for("ChangeConfiguration")}

    assert (whole["updateType"], rest["updateType"]) == ("Full", "Differential")
    assert rest["listVersion"] > whole["listVersion"]
    assert sorted(cards_in(whole) + cards_in(rest)) == sorted(it.card for it in drivers)
    assert (added["updateType"], cards_in(added)) == ("Differential", [guest.card])
    (entry,) = added["localAuthorizationList"]
    assert entry["idTagInfo"]["status"] == "Accepted"
    assert "expiryDate" in entry["idTagInfo"]
    assert [it["updateType"] for it in anew] == ["Full", "Differential"]
    assert drivers[0].card not in [card for it in anew for card in cards_in(it)]
    assert told["AllowOfflineTxForUnknownId"] == "false"
    assert told["LocalAuthListEnabled"] == "true"


async def test_a_charger_that_has_its_list_is_not_sent_it_again(world: World) -> None:
    place = await guarded(world)
    driver = await user(world, place)
    named(world, place, driver.card)
    async with plugged_in(world.gateway, place.serial, KEEPS_A_LIST) as charger:
        await charger.boot_until_accepted()
        sent = await next_list(charger, 1)
    asked = world.people.asked

    known = KEEPS_A_LIST | {"GetLocalListVersion": {"listVersion": sent["listVersion"]}}
    async with plugged_in(world.gateway, place.serial, known) as charger:
        await charger.boot_until_accepted()
        await charger.was_asked("GetLocalListVersion")
        await world.grant(world.people.granted(world.people.driver(), place))  # without a card
        await charger.was_asked("GetLocalListVersion", 2)
        again = charger.asked_for("SendLocalList")

    assert again == []
    assert world.people.asked == asked


async def test_offline_a_charger_lets_in_whom_its_list_names_and_nobody_else(
    world: World,
) -> None:
    place = await guarded(world)
    driver = await user(world, place)
    named(world, place, driver.card)
    async with living(world.gateway, place.serial) as charger:

        async def listed() -> bool:
            return charger.local_list.find(driver.card) is not None

        await world.until(listed)
        await world.service.stop()
        try:

            async def cut_off() -> bool:
                return not charger.connected

            await world.until(cut_off)
            plug_a_car(charger, "STRANGER")

            async def turned_away() -> bool:
                return charger.transactions.barred

            await world.until(turned_away)
            charger.unplug(now_s())
            plug_a_car(charger, driver.card)

            async def charging() -> bool:
                return charger.transactions.running is not None

            await world.until(charging)
        finally:
            await world.service.start()
        session = await world.event(place, SessionStarted)

    assert session.person_id == driver.person_id
