"""Signed values are read and checked; whatever a charger sends, it is told what can be said of it."""

import base64
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.telemetry.signed.agreeing import agreement
from services.telemetry.signed.ocmf import Told, Verdict, opened
from tests.support.ocmf import REGISTER, SigningMeter
from tests.unit.telemetry.facts import later

METER = SigningMeter()
BEGIN, END = ("B", later(0), 1222.9), ("E", later(60), 1241.3)


def test_a_value_says_what_the_meter_showed_and_its_signature_is_good() -> None:
    found = opened(METER.value(BEGIN, END), METER.public_key)

    assert (found.verdict, found.why, found.meter) == (
        Verdict.VALID,
        "",
        "Simulated M1 1ABC0001",
    )
    first, last = found.readings
    assert (first.begins, first.ends, last.begins, last.ends) == (True, False, False, True)
    assert (first.at, first.value_wh, first.register) == (later(0), Decimal(1222900), REGISTER)
    assert (first.status, first.clock, first.step_wh) == ("G", "S", Decimal(100))


def test_a_value_that_was_changed_is_not_valid() -> None:
    changed = METER.value(BEGIN, END).replace("1241.3", "1240.3")

    assert opened(changed, METER.public_key).verdict is Verdict.INVALID
    assert opened(METER.value(BEGIN), SigningMeter().public_key).verdict is Verdict.INVALID


def test_without_a_key_or_with_none_that_can_be_used_nothing_is_checked() -> None:
    unknown = opened(METER.value(BEGIN), None)
    wrong = opened(METER.value(BEGIN), "abcd")

    assert (unknown.verdict, unknown.why) == (
        Verdict.NOT_CHECKED,
        "the meter's public key is not known",
    )
    assert (wrong.verdict, "public key" in wrong.why) == (Verdict.NOT_CHECKED, True)
    assert len(unknown.readings) == 1


def test_the_key_may_be_in_the_value_and_the_value_in_base64() -> None:
    with_key = f"{METER.value(BEGIN)}|{METER.public_key}"
    encoded = base64.b64encode(METER.value(BEGIN).encode()).decode()

    assert opened(with_key, None).verdict is Verdict.VALID
    assert opened(encoded, METER.public_key).verdict is Verdict.VALID


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("AP;0;3;AJ2J7LYMGCIWT4AHUJPPFIIVB3FGRV2JQ2HVZG2I;", "no OCMF"),
        ("OCMF|{}", "cannot be read"),
        ('OCMF|{"RD": {}}|{"SD": ""}', "cannot be read"),
        ('OCMF|{"RD": [1]}|{"SD": ""}', "cannot be read"),
        (f"OCMF|{'[' * 30000}|{{}}", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_said_to_be_so(text: str, says: str) -> None:
    found = opened(text, METER.public_key)

    assert (found.verdict, says in found.why, found.readings) == (Verdict.NOT_CHECKED, True, ())


@given(st.text() | st.text().map("OCMF|{}|".format) | st.binary().map(str))
def test_nothing_that_comes_breaks_it(text: str) -> None:
    assert opened(text, METER.public_key).verdict is not Verdict.VALID


# --- Whether it is what the charger told ---


def told(*shown: tuple[str, float, float], register: str = REGISTER) -> list[Told]:
    value = METER.value(*((reason, later(at), kwh) for reason, at, kwh in shown))
    return [
        it if register == REGISTER else _of(it, register) for it in opened(value, None).readings
    ]


def _of(it: Told, register: str) -> Told:
    return Told(it.at, it.clock, it.reason, register, it.value_wh, it.step_wh, it.status)


def test_a_session_agrees_within_what_the_numbers_show() -> None:
    found = agreement(told(("B", 0, 1222.9), ("E", 60, 1241.3)), 1222930, 1241299)

    assert found.agrees is True
    assert (found.begin_wh, found.end_wh, found.energy_wh) == (-30, 1, 31)


def test_a_session_that_was_told_otherwise_does_not_agree() -> None:
    assert (
        agreement(told(("B", 0, 1222.9), ("E", 60, 1241.3)), 1222900, 1242300).agrees is False
    )
    assert agreement(told(("B", 0, 1220.9)), 1222900, None).agrees is False


def test_without_a_beginning_and_an_end_nothing_is_compared() -> None:
    assert agreement(told(("C", 30, 1230.0)), 1222900, 1241300).agrees is None
    assert agreement((), 1, 2).agrees is None


def test_the_end_is_of_the_register_of_the_beginning() -> None:
    other = told(("E", 60, 5.5), register="01-00:C2.08.00*FF")
    mine = told(("B", 0, 1222.9), ("E", 60, 1241.3))

    assert agreement([*mine, *other], 1222900, 1241300).agrees is True
