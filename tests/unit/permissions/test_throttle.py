"""How long to wait after failures: growing, bounded, forgiven, and nobody else's business."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.permissions.sign_in.throttle import (
    DELAY_S_MAX,
    FORGIVEN_AFTER_S,
    FREE,
    Of,
    Tally,
    begins_to_wait,
    counted,
    network_of,
    taken_back,
    wait_s,
)
from services.permissions.sign_in.throttling import counts_of
from tests.unit.portal.facts import AT

FREE_ONES = FREE[Of.ACCOUNT]


def after(failures: int) -> Tally:
    tally = None
    for _ in range(failures):
        tally = counted(tally, AT)
    assert tally is not None
    return tally


def test_the_first_attempts_wait_for_nothing() -> None:
    assert wait_s(None, FREE_ONES, AT) == 0
    assert wait_s(after(FREE_ONES - 1), FREE_ONES, AT) == 0


def test_every_further_attempt_waits_twice_as_long() -> None:
    waits = [wait_s(after(FREE_ONES + it), FREE_ONES, AT) for it in range(6)]

    assert waits == [1, 2, 4, 8, 16, 32]


def test_it_is_said_once_that_attempts_begin_to_wait() -> None:
    said = [begins_to_wait(after(it), FREE_ONES) for it in range(1, 12)]

    assert said.count(True) == 1
    assert said[FREE_ONES - 1]


@given(st.integers(1, 10_000))
def test_nobody_waits_longer_than_a_quarter_of_an_hour(failures: int) -> None:
    assert wait_s(Tally(failures, AT), FREE_ONES, AT) <= DELAY_S_MAX


@given(st.floats(0, 10_000), st.integers(0, 10_000))
def test_failures_are_forgiven_with_time_and_never_below_none(
    failures: float, passed: int
) -> None:
    later = AT + timedelta(seconds=passed)

    left = counted(Tally(failures, AT), later).failures - 1

    assert 0 <= left <= failures + 1e-6
    if passed >= failures * FORGIVEN_AFTER_S:
        assert left == 0


@given(st.floats(0, 100))
def test_an_attempt_that_succeeds_costs_nothing(failures: float) -> None:
    before = Tally(failures, AT)

    assert abs(taken_back(counted(before, AT), AT).failures - failures) < 1e-9


def test_somebody_elsewhere_and_the_owners_own_device_are_counted_apart() -> None:
    attacker = set(counts_of("198.51.100.7", "ada@example.com", device=None))
    elsewhere = set(counts_of("192.0.2.1", "ada@example.com", device=None))
    at_home = set(counts_of("198.51.100.7", "ada@example.com", device="her laptop"))

    assert not attacker & elsewhere
    assert not attacker & at_home


def test_all_addresses_of_one_customer_are_one_network() -> None:
    assert network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff::2")
    assert network_of("2001:db8:1:2::1") != network_of("2001:db8:1:3::1")
