"""What all chargers together may draw at which times of the week."""

import pytest
from pydantic import ValidationError

from services.installation.decider import decide, installation
from services.installation.fail_safes import FAIL_SAFE_SHARE_MAX
from services.installation.refusals import (
    AvailableAboveBreaker,
    OtherwiseWithoutRules,
    RulesOverlap,
    UnknownInstallation,
)
from services.installation.state import Installation
from shared.messages.installation import CurrentScheduleSet, FailSafeSet
from shared.messages.installation_commands import SetCurrentSchedule
from shared.messages.installation_terms import WEEK, ScheduleRule
from tests.unit.installation.facts import added, assigned, created, fact, wish


def rule(begins: str, ends: str, a: float = 80.0, days: str = "MON") -> ScheduleRule:
    return ScheduleRule(
        days=tuple(it for it in WEEK if it in days), begins=begins, ends=ends,
        available_a=(a, a, a),
    )  # fmt: skip


def set_to(*rules: ScheduleRule, otherwise_a: float | None = None) -> SetCurrentSchedule:
    otherwise = None if otherwise_a is None else (otherwise_a,) * 3
    return wish(SetCurrentSchedule, rules=rules, otherwise_a=otherwise)


def garage(*events: object, chargers: int = 2) -> Installation:
    begin = [created(), added(), *(assigned(it + 1) for it in range(chargers))]
    return installation.fold([*begin, *events])  # type: ignore[list-item]


def test_a_schedule_is_set_once_and_carries_the_time_zone_it_is_meant_in() -> None:
    wished = set_to(rule("06:00", "22:00"), otherwise_a=160.0)
    (event, *_) = decide(wished, garage())

    assert isinstance(event, CurrentScheduleSet)
    assert (event.rules, event.time_zone) == (wished.rules, "Europe/Oslo")
    assert decide(wished, garage(event)) == ()


def test_a_schedule_without_rules_is_lifted() -> None:
    (event, *_) = decide(set_to(rule("06:00", "22:00")), garage())
    (lifted, *_) = decide(set_to(), garage(event))

    assert isinstance(lifted, CurrentScheduleSet)
    assert lifted.rules == ()
    assert decide(set_to(), garage(event, lifted)) == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (rule("06:00", "22:00"), rule("21:00", "23:00")),
        (rule("22:00", "06:00", days="SUN"), rule("05:00", "07:00")),
        (rule("00:00", "00:00", days="SAT"), rule("12:00", "13:00", days="SAT SUN")),
        (rule("06:00", "07:00"), rule("06:00", "07:00")),
    ],
)
def test_two_rules_at_the_same_time_are_refused(one: ScheduleRule, other: ScheduleRule) -> None:
    with pytest.raises(RulesOverlap, match="end one of them where the other begins"):
        decide(set_to(one, other), garage())


def test_rules_may_follow_one_another() -> None:
    rules = (rule("06:00", "22:00"), rule("22:00", "06:00"), rule("06:00", "07:00", days="TUE"))

    assert decide(set_to(*rules), garage())


@pytest.mark.parametrize(
    "wished",
    [set_to(rule("06:00", "22:00", 161.0)), set_to(rule("06:00", "22:00"), otherwise_a=161.0)],
)
def test_more_than_the_main_breaker_carries_is_refused(wished: SetCurrentSchedule) -> None:
    with pytest.raises(AvailableAboveBreaker, match="at most 160 A"):
        decide(wished, garage())


def test_a_current_below_nothing_is_no_current() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        rule("06:00", "22:00", -1.0)


def test_nothing_is_otherwise_without_a_rule() -> None:
    with pytest.raises(OtherwiseWithoutRules, match="enter a rule"):
        decide(set_to(otherwise_a=80.0), garage())


def test_what_is_nowhere_has_no_schedule() -> None:
    with pytest.raises(UnknownInstallation):
        decide(set_to(rule("06:00", "22:00")), Installation())


def test_fail_safes_leave_a_part_of_the_least_that_is_allowed_at_any_time() -> None:
    """Nobody tells a charger the time while its connection is lost."""
    before = garage(
        *(
            fact(FailSafeSet, charger_id=f"bay-{it}", fail_safe_a=6.0, wished=False)
            for it in (1, 2)
        ),
    )
    assert sum(it.fail_safe_a for it in before.chargers.values()) == 12.0

    events = decide(set_to(rule("06:00", "07:00", 14.0), otherwise_a=160.0), before)
    after = installation.fold(events, before)

    left_a = sum(it.fail_safe_a for it in after.chargers.values())
    assert left_a == 6.0
    assert left_a <= 14.0 * FAIL_SAFE_SHARE_MAX
