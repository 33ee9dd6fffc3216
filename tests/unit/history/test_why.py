"""Every rule has a clause that says what it means, and every limit says what would be next."""

import pytest

from shared.history.why import Situation, afterwards, because, waits
from shared.messages.balancer import MAIN, LimitedBy, Rule, RunnerUp
from shared.phases import Phase

NAMES = {"level-1": "Level 1"}
CHARGES = Situation(NAMES, limit_a=12.0, draw_a=10.2)
STOPPED = Situation(NAMES, limit_a=0.0, draw_a=0.0)
NO_CAR = Situation(NAMES, limit_a=0.0, car=False)
L2 = {"circuit_id": "level-1", "phase": Phase.L2}
MAIN_L1 = {"circuit_id": MAIN, "phase": Phase.L1}

CLAUSES = [
    (
        LimitedBy(rule=Rule.BREAKER, **L2, shared_by=9, usable_a=32.0),
        CHARGES,
        "circuit Level 1 (32 A) is fully shared out on L2 among 9 cars",
    ),
    (
        LimitedBy(rule=Rule.BREAKER, **MAIN_L1, shared_by=1),
        CHARGES,
        "the main breaker is fully used on L1 by this car",
    ),
    (
        LimitedBy(rule=Rule.BREAKER, circuit_id="cellar"),
        CHARGES,
        "circuit cellar is fully used",
    ),
    (LimitedBy(rule=Rule.BREAKER), CHARGES, "a breaker is fully used"),
    (
        LimitedBy(rule=Rule.AVAILABLE, **MAIN_L1, shared_by=4, usable_a=40.0),
        CHARGES,
        "what is available to all chargers (40 A) is fully shared out on L1 among 4 cars",
    ),
    (
        LimitedBy(rule=Rule.UNMANAGED, **MAIN_L1, shared_by=4, usable_a=21.0),
        CHARGES,
        "what other load leaves of the main breaker (21 A) is fully shared out on L1 among 4 cars",
    ),
    (
        LimitedBy(rule=Rule.GRID_OPERATOR, **MAIN_L1, shared_by=1),
        CHARGES,
        "what the grid operator allows at the main breaker is fully used on L1 by this car",
    ),
    (
        LimitedBy(rule=Rule.TARIFF, **L2, shared_by=9),
        CHARGES,
        "what the tariff allows at circuit Level 1 is fully shared out on L2 among 9 cars",
    ),
    (
        LimitedBy(rule=Rule.OWNER, circuit_id="cellar"),
        CHARGES,
        "what the owner allows at circuit cellar is fully used",
    ),
    (
        LimitedBy(rule=Rule.SCHEDULE, circuit_id="cellar"),
        CHARGES,
        "what is allowed at this time at circuit cellar is fully used",
    ),
    (
        LimitedBy(rule=Rule.CONTRACT, **MAIN_L1, shared_by=2),
        CHARGES,
        (
            "what the contract's peak still leaves at the main breaker is fully shared out on L1 "
            "among 2 cars"
        ),
    ),
    (
        LimitedBy(rule=Rule.IMBALANCE, **MAIN_L1, shared_by=2),
        CHARGES,
        "the phases of the main breaker may differ by no more",
    ),
    (LimitedBy(rule=Rule.CHARGER), CHARGES, "this charger can give no more"),
    (LimitedBy(rule=Rule.OWN_BREAKER), CHARGES, "its own breaker carries no more"),
    (
        LimitedBy(rule=Rule.LOCKED, circuit_id="level-1"),
        STOPPED,
        "it is locked, because circuit Level 1 was deactivated",
    ),
    (
        LimitedBy(rule=Rule.LOCKED),
        STOPPED,
        "it is locked, because the installation was deactivated",
    ),
    (
        LimitedBy(rule=Rule.OUT_OF_USE, circuit_id="level-1"),
        STOPPED,
        "circuit Level 1 is deactivated",
    ),
    (LimitedBy(rule=Rule.OUT_OF_USE), STOPPED, "the installation is deactivated"),
    (
        LimitedBy(rule=Rule.CAR),
        CHARGES,
        "the car takes no more than 10.2 A; the rest is lent to others",
    ),
    (
        LimitedBy(rule=Rule.CAR),
        STOPPED,
        "the car takes nothing now; its share is lent to others",
    ),
    (
        LimitedBy(rule=Rule.CAR),
        Situation(NAMES),
        "the car takes no more; the rest is lent to others",
    ),
    (
        LimitedBy(rule=Rule.QUEUE, **L2, usable_a=32.0),
        STOPPED,
        "not everybody can have 6 A now on L2 of circuit Level 1 (32 A)",
    ),
    (
        LimitedBy(rule=Rule.QUEUE, circuit_id=MAIN),
        STOPPED,
        "not everybody can have 6 A now on the main breaker",
    ),
    (LimitedBy(rule=Rule.QUEUE), STOPPED, "not everybody can have 6 A now"),
    (LimitedBy(rule=Rule.NO_CAR), NO_CAR, "no car is there"),
    (
        LimitedBy(rule=Rule.NO_CAR),
        STOPPED,
        "the car asks for nothing: it is full, or sleeps",
    ),
    (
        LimitedBy(rule=Rule.DISOBEYS),
        Situation(NAMES, limit_a=6.0, draw_a=15.8),
        "the car draws 15.8 A, more than the 6.0 A it was told; it is counted at what it draws",
    ),
    (
        LimitedBy(rule=Rule.DISOBEYS),
        Situation(NAMES, limit_a=6.0, draw_a=5.9),
        "the car has drawn more than it was told; it is counted at the most it drew",
    ),
    (
        LimitedBy(rule=Rule.DISOBEYS),
        Situation(NAMES, limit_a=6.0),
        "the car draws more than it was told; it is counted at what it draws",
    ),
    (LimitedBy(rule=Rule.SWITCHING), CHARGES, "it changes its phases first"),
    (
        LimitedBy(rule=Rule.WAKING),
        STOPPED,
        "the car seems to sleep since it was paused, and is woken",
    ),
    (
        LimitedBy(rule=Rule.DECREASE_FIRST, **L2),
        CHARGES,
        "others must first confirm that they have made room",
    ),
]


@pytest.mark.parametrize(("reason", "situation", "clause"), CLAUSES)
def test_a_reason_is_told(reason: LimitedBy, situation: Situation, clause: str) -> None:
    assert because(reason, situation) == clause


def test_no_rule_is_without_a_clause() -> None:
    assert {reason.rule for reason, _, _ in CLAUSES} == set(Rule)


MAIN_NEXT = RunnerUp(rule=Rule.BREAKER, **MAIN_L1, usable_a=63.0, limit_a=11.2)

NEXT = [
    (
        LimitedBy(rule=Rule.BREAKER, **L2, runner_up=MAIN_NEXT),
        "if circuit Level 1 carried more, the main breaker (63 A) on L1 would be next, at 11.2 A",
    ),
    (
        LimitedBy(
            rule=Rule.QUEUE,
            **L2,
            runner_up=MAIN_NEXT.model_copy(update={"rule": Rule.QUEUE, "limit_a": 0.0}),
        ),
        "if circuit Level 1 carried more, it would wait for the main breaker (63 A) on L1 instead",
    ),
    (
        LimitedBy(
            rule=Rule.AVAILABLE,
            **MAIN_L1,
            runner_up=RunnerUp(rule=Rule.CHARGER, limit_a=32.0),
        ),
        "if more were available, what this charger can give would be next, at 32.0 A",
    ),
    (
        LimitedBy(
            rule=Rule.CHARGER,
            runner_up=RunnerUp(rule=Rule.AVAILABLE, usable_a=40.0, limit_a=33.0),
        ),
        (
            "if this charger could give more, what is available to all chargers (40 A) would be next, "
            "at 33.0 A"
        ),
    ),
    (
        LimitedBy(rule=Rule.OWN_BREAKER, runner_up=RunnerUp(rule=Rule.CHARGER)),
        "if its own breaker carried more, what this charger can give would be next",
    ),
    (
        LimitedBy(rule=Rule.CAR, runner_up=RunnerUp(rule=Rule.OWN_BREAKER, limit_a=16.0)),
        "if the car took more, its own breaker would be next, at 16.0 A",
    ),
    (
        LimitedBy(rule=Rule.BREAKER, runner_up=RunnerUp(rule=Rule.CAR, limit_a=9.0)),
        "if a breaker carried more, what the car takes would be next, at 9.0 A",
    ),
    (
        LimitedBy(rule=Rule.UNMANAGED, **L2, runner_up=MAIN_NEXT),
        "if there were no other load, the main breaker (63 A) on L1 would be next, at 11.2 A",
    ),
    (
        LimitedBy(rule=Rule.GRID_OPERATOR, **L2, runner_up=MAIN_NEXT),
        "if the grid operator allowed more, the main breaker (63 A) on L1 would be next, at 11.2 A",
    ),
    (
        LimitedBy(rule=Rule.IMBALANCE, **MAIN_L1, runner_up=MAIN_NEXT),
        (
            "if the phases might differ by more, the main breaker (63 A) on L1 would be next, at "
            "11.2 A"
        ),
    ),
    (
        LimitedBy(
            rule=Rule.CHARGER,
            runner_up=RunnerUp(rule=Rule.IMBALANCE, **MAIN_L1, limit_a=20.0),
        ),
        (
            "if this charger could give more, the difference between the phases of the main "
            "breaker would be next, at 20.0 A"
        ),
    ),
    (
        LimitedBy(rule=Rule.DECREASE_FIRST, **L2, runner_up=MAIN_NEXT),
        "once they have, it may draw 11.2 A, limited by the main breaker (63 A) on L1",
    ),
    (
        LimitedBy(rule=Rule.SWITCHING, runner_up=MAIN_NEXT),
        "when it has, it may draw 11.2 A, limited by the main breaker (63 A) on L1",
    ),
    (
        LimitedBy(rule=Rule.WAKING, runner_up=MAIN_NEXT),
        (
            "when its offer comes back in some seconds, it may draw 11.2 A, limited by the main "
            "breaker (63 A) on L1"
        ),
    ),
    (LimitedBy(rule=Rule.BREAKER, **L2), None),
]


@pytest.mark.parametrize(("reason", "clause"), NEXT)
def test_what_would_be_next_is_told(reason: LimitedBy, clause: str | None) -> None:
    assert afterwards(reason, CHARGES) == clause


def test_who_waits_is_told_since_when_at_which_place_and_until_when() -> None:
    queued = Situation(NAMES, waiting_since="08:14", place=3, turn_at="08:40")

    assert waits(queued) == (
        "waiting since 08:14, place 3 in the queue, its turn is expected at 08:40"
    )
    assert waits(Situation(NAMES)) == "waiting"
