"""By a clock that is off nothing is decided, from the moment at which it is set."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from services.balancer.clock_agreement import DECIDES_OFF_S_MAX, ClockAgreement

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Machine:
    """A machine whose clock can be set, beside a database whose clock is right."""

    passed_s: float = 0.0
    ahead_s: float = 0.0

    def clock(self) -> datetime:
        return self.true() + timedelta(seconds=self.ahead_s)

    def true(self) -> datetime:
        return NOON + timedelta(seconds=self.passed_s)

    def uptime_s(self) -> float:
        return 1000.0 + self.passed_s

    def agreement(self) -> ClockAgreement:
        return ClockAgreement(self.clock, self.uptime_s)

    def compare(
        self, agreement: ClockAgreement, way_s: float = 0.0, set_to_s: float | None = None
    ) -> None:
        asked_s = self.uptime_s()
        self.passed_s += way_s
        theirs = self.true()
        self.passed_s += way_s
        if set_to_s is not None:
            self.ahead_s = set_to_s
        agreement.compare(asked_s, theirs)

    def stands(self, agreement: ClockAgreement) -> bool:
        return agreement.stands(self.clock().timestamp())


@pytest.mark.parametrize("ahead_s", [-300.0, -2.2, 2.2, 300.0])
def test_a_clock_that_is_set_is_seen_before_anybody_is_asked(ahead_s: float) -> None:
    machine = Machine()
    agreement = machine.agreement()
    machine.compare(agreement)
    machine.passed_s += 0.3
    assert machine.stands(agreement)

    machine.ahead_s = ahead_s

    assert not machine.stands(agreement)
    assert f"{abs(ahead_s):.1f} s" in str(agreement.why_not())


@pytest.mark.parametrize("ahead_s", [-2.0, 0.0, 2.0, 300.0])
def test_it_is_decided_by_the_databases_clock_whatever_ours_shows(ahead_s: float) -> None:
    machine = Machine(ahead_s=-1.5)
    agreement = machine.agreement()
    machine.compare(agreement)
    machine.passed_s += 0.3
    machine.ahead_s = ahead_s

    assert agreement.agreed() == machine.true()


@pytest.mark.parametrize("ahead_s", [-300.0, -2.2, 2.2, 300.0])
def test_a_clock_that_is_set_while_it_is_compared_does_not_stand(ahead_s: float) -> None:
    machine = Machine()
    agreement = machine.agreement()

    machine.compare(agreement, way_s=0.01, set_to_s=ahead_s)

    assert not machine.stands(agreement)


@pytest.mark.parametrize("ahead_s", [-2.0, 0.0, 2.0])
def test_a_clock_that_is_a_little_off_is_decided_by(ahead_s: float) -> None:
    machine = Machine(ahead_s=ahead_s)
    agreement = machine.agreement()
    for _ in range(100):
        machine.compare(agreement, way_s=0.01)
        machine.passed_s += 0.4
        assert machine.stands(agreement)
    assert agreement.why_not() is None


def test_a_clock_that_was_off_from_the_beginning_is_found_by_asking() -> None:
    machine = Machine(ahead_s=60.0)
    agreement = machine.agreement()

    machine.compare(agreement, way_s=0.01)

    assert not machine.stands(agreement)


def test_it_stands_again_once_it_is_set_right() -> None:
    machine = Machine()
    agreement = machine.agreement()
    machine.ahead_s = -90.0
    machine.compare(agreement)
    assert not machine.stands(agreement)

    machine.ahead_s = 0.0

    assert machine.stands(agreement)
    machine.compare(agreement)
    assert machine.stands(agreement)


def test_a_process_that_slept_between_two_looks_at_its_clocks_decides_nothing_by_the_older_one() -> (
    None
):
    machine = Machine()
    agreement = machine.agreement()
    machine.compare(agreement)
    shown_s = machine.clock().timestamp()

    machine.passed_s += DECIDES_OFF_S_MAX + 1

    assert not agreement.stands(shown_s)
    assert machine.stands(agreement)
