"""What was heard live: the newest counts."""

from services.portal.latest import Latest
from tests.unit.portal.facts import AT, GARAGE, at, balance, reading


def test_a_reading_that_comes_late_does_not_replace_a_newer_one() -> None:
    latest = Latest(AT)
    latest.hear_reading(reading(received_s=10))
    latest.hear_reading(reading(received_s=5))
    latest.hear_reading(reading(number=2, received_s=1))

    heard = latest.readings_of(GARAGE)
    assert {it: heard[it].received_at for it in heard} == {"bay-1": at(10), "bay-2": at(1)}


def test_a_balance_that_comes_late_does_not_replace_a_newer_one() -> None:
    latest = Latest(AT)
    newer = balance().model_copy(update={"measured_at": at(10)})
    latest.hear_balance(newer)
    latest.hear_balance(balance())

    assert latest.balance_of(GARAGE) == newer
    assert latest.balance_of("elsewhere") is None
    assert latest.readings_of("elsewhere") == {}
