"""What meters sign of sessions is kept as it came, told unchanged, and forgotten with whoever charged."""

import hashlib
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest

from shared import subjects
from shared.messages.permissions import PersonForgotten, Role
from shared.messages.signed import SignedValues, SignedValuesAnswer
from shared.messages.telemetry import SessionStarted, SignedValueReceived
from tests.integration.cli.typed import typed
from tests.integration.telemetry.raw_charger import RawCharger, plugged_in
from tests.integration.telemetry.world import Place, World
from tests.support.ocmf import SigningMeter

pytestmark = pytest.mark.integration

BEGAN, OVER = "2026-11-22T08:00:00Z", "2026-11-22T09:00:00Z"
METER = SigningMeter()
CARD = "04A1B2C3D4E5F6"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


BEGIN = METER.value(("B", at(BEGAN), 1.0))
END = METER.value(("E", at(OVER), 19.4))


def signed(text: str, context: str, when: str) -> dict[str, Any]:
    value = {"value": text, "context": context, "format": "SignedData"}
    return {"timestamp": when, "sampledValue": [value]}


async def begun(charger: RawCharger, card: str = CARD) -> int:
    started = {"connectorId": 1, "idTag": card, "meterStart": 1000, "timestamp": BEGAN}
    answer = await charger.call("StartTransaction", started)
    return int(answer["transactionId"])


async def metered(charger: RawCharger, transaction_id: int, *values: dict[str, Any]) -> None:
    said = {"connectorId": 1, "transactionId": transaction_id, "meterValue": list(values)}
    assert await charger.call("MeterValues", said) == {}


async def over(charger: RawCharger, transaction_id: int, meter_stop: int = 19400) -> None:
    data = [signed(END, "Transaction.End", OVER)]
    said = {"transactionId": transaction_id, "meterStop": meter_stop, "timestamp": OVER}
    await charger.call("StopTransaction", {**said, "transactionData": data})


async def told(world: World, place: Place, key: str | None = None) -> SignedValuesAnswer:
    session = await world.event(place, SessionStarted)
    query = SignedValues(session_id=session.session_id, public_key=key)
    subject = subjects.query("telemetry", SignedValues.__name__)
    reply = await world.client.request(subject, query.model_dump_json().encode(), timeout=10)
    return SignedValuesAnswer.model_validate_json(reply.data)


async def facts(world: World, place: Place) -> list[SignedValueReceived]:
    found = [it.event for it in await world.log.load(f"signed-{place.charger_id}")]
    return [it for it in found if isinstance(it, SignedValueReceived)]


async def test_values_are_told_as_they_came_and_their_facts_are_on_record(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        transaction_id = await begun(charger)
        for _ in range(2):  # a charger that was not answered in time tells it again
            await metered(charger, transaction_id, signed(BEGIN, "Transaction.Begin", BEGAN))
        await over(charger, transaction_id)

    found = await told(world, place, METER.public_key)
    assert [it.text for it in found.values] == [BEGIN, END]
    assert [it.verdict for it in found.values] == ["valid", "valid"]
    assert (found.agrees, found.energy_differs_wh) == (True, 0)
    assert (await told(world, place)).values[0].verdict == "not checked"

    on_record = await facts(world, place)
    assert [it.sha256 for it in on_record] == [
        hashlib.sha256(it.encode()).hexdigest() for it in (BEGIN, END)
    ]
    assert [it.context for it in on_record] == ["Transaction.Begin", "Transaction.End"]
    everything = b"".join(
        bytes(it["data"]) for it in await world.pool.fetch("select data from event_log")
    )
    assert CARD.encode() not in everything


async def test_a_charger_that_told_something_else_is_found_out(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        transaction_id = await begun(charger)
        await metered(charger, transaction_id, signed(BEGIN, "Transaction.Begin", BEGAN))
        await over(charger, transaction_id, meter_stop=21400)

    found = await told(world, place)
    session = await world.event(place, SessionStarted)
    words = ["session", "signed", session.session_id]
    environment = {"NATS_URL": world.servers.nats_url}
    shown = await typed([*words, "--public-key", METER.public_key], environment)
    xml = await typed([*words, "--xml", "--public-key", METER.public_key], environment)
    raw = await typed([*words, "--raw"], environment)
    nothing = await typed(["session", "signed", "nowhere"], environment)

    assert (found.agrees, found.end_differs_wh) == (False, -2000)
    assert shown.code == xml.code == raw.code == 1
    assert "IS NOT WHAT THE CHARGER TOLD: +0.0 Wh at its beginning, -2000" in shown.out
    assert raw.out.splitlines() == [BEGIN, END]
    values = ElementTree.fromstring(xml.out)  # noqa: S314  # it is ours
    assert [it.findtext("signedData") for it in values] == [BEGIN, END]
    assert {it.findtext("publicKey") for it in values} == {METER.public_key}
    assert (nothing.code, "nothing is kept" in nothing.err) == (1, True)


async def test_a_session_keeps_so_many_values_and_no_larger_ones(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        transaction_id = await begun(charger)
        many = (METER.value(("C", at(BEGAN), number / 10)) for number in range(12))
        for text in many:
            await metered(charger, transaction_id, signed(text, "Sample.Periodic", BEGAN))
        large = f"OCMF|{'x' * 40_000}"
        await metered(charger, transaction_id, signed(large, "Transaction.End", OVER))
        await over(charger, transaction_id)

    found = await told(world, place)
    assert len(found.values) == 9
    assert found.values[-1].text == END


async def test_values_go_when_whoever_charged_is_forgotten(world: World) -> None:
    place, driver = await world.assigned(), world.people.driver()
    await world.grant(
        world.people.registered(driver), world.people.granted(driver, place, Role.USER)
    )
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        transaction_id = await begun(charger, driver.card)
        await metered(charger, transaction_id, signed(BEGIN, "Transaction.Begin", BEGAN))
        assert (await told(world, place)).person_id == driver.person_id
        await world.grant(PersonForgotten(person_id=driver.person_id))

    assert (await told(world, place)).values == ()
    assert len(await facts(world, place)) == 1
