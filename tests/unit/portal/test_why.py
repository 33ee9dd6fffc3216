"""Every rule has a sentence, and the sentence says what the rule means."""

import pytest

from services.portal.why import Situation, why
from shared.messages.balancer import MAIN, LimitedBy, Rule
from shared.phases import Phase

SITUATION = Situation(limit_a=12.0, draw_a=10.2, circuits={"level-1": "Level 1"})
STOPPED = Situation(limit_a=0.0, draw_a=0.0, circuits={"level-1": "Level 1"})
WAITING = Situation(0.0, 0.0, {"level-1": "Level 1"}, waiting_since="08:14", turn=3)
NO_CAR = Situation(0.0, None, {}, car=False)
L2 = {"circuit_id": "level-1", "phase": Phase.L2}
MAIN_L1 = {"circuit_id": MAIN, "phase": Phase.L1}

SENTENCES = [
    (
        LimitedBy(rule=Rule.BREAKER, **L2, shared_by=9),
        SITUATION,
        "12.0 A: breaker “Level 1”, phase L2, is fully shared by 9 cars",
    ),
    (
        LimitedBy(rule=Rule.BREAKER, **MAIN_L1, shared_by=1),
        SITUATION,
        "12.0 A: the main breaker, phase L1, is fully used by this car",
    ),
    (
        LimitedBy(rule=Rule.BREAKER, circuit_id="cellar"),
        SITUATION,
        "12.0 A: breaker “cellar” is fully used",
    ),
    (LimitedBy(rule=Rule.BREAKER), SITUATION, "12.0 A: a breaker is fully used"),
    (LimitedBy(rule=Rule.CHARGER), SITUATION, "12.0 A: the most this charger can give"),
    (
        LimitedBy(rule=Rule.AVAILABLE, **MAIN_L1, shared_by=4),
        SITUATION,
        "12.0 A: all that is available, phase L1, is fully shared by 4 cars",
    ),
    (
        LimitedBy(rule=Rule.UNMANAGED, **MAIN_L1, shared_by=4),
        SITUATION,
        "12.0 A: what other load leaves of the main breaker, phase L1, is fully shared by 4 cars",
    ),
    (
        LimitedBy(rule=Rule.GRID_OPERATOR, **MAIN_L1, shared_by=1),
        SITUATION,
        (
            "12.0 A: what the grid operator allows at the main breaker, phase L1, is fully used "
            "by this car"
        ),
    ),
    (
        LimitedBy(rule=Rule.TARIFF, **L2, shared_by=9),
        SITUATION,
        "12.0 A: what the tariff allows at breaker “Level 1”, phase L2, is fully shared by 9 cars",
    ),
    (
        LimitedBy(rule=Rule.OWNER, circuit_id="cellar"),
        SITUATION,
        "12.0 A: what the owner allows at breaker “cellar” is fully used",
    ),
    (
        LimitedBy(rule=Rule.SCHEDULE, circuit_id="cellar"),
        SITUATION,
        "12.0 A: what is allowed at this time at breaker “cellar” is fully used",
    ),
    (
        LimitedBy(rule=Rule.CONTRACT, **MAIN_L1, shared_by=2),
        SITUATION,
        (
            "12.0 A: what the contract's peak still leaves at the main breaker, phase L1, is "
            "fully shared by 2 cars"
        ),
    ),
    (
        LimitedBy(rule=Rule.OWN_BREAKER),
        SITUATION,
        "12.0 A: the most its own breaker carries",
    ),
    (
        LimitedBy(rule=Rule.LOCKED, circuit_id="level-1"),
        STOPPED,
        "0 A: locked, because circuit Level 1 was deactivated",
    ),
    (
        LimitedBy(rule=Rule.LOCKED),
        STOPPED,
        "0 A: locked, because the installation was deactivated",
    ),
    (
        LimitedBy(rule=Rule.OUT_OF_USE, circuit_id="level-1"),
        STOPPED,
        "0 A: circuit Level 1 is deactivated",
    ),
    (LimitedBy(rule=Rule.OUT_OF_USE), STOPPED, "0 A: the installation is deactivated"),
    (
        LimitedBy(rule=Rule.CAR),
        SITUATION,
        "The car takes no more than 10.2 A; the rest is lent to others",
    ),
    (
        LimitedBy(rule=Rule.CAR),
        STOPPED,
        "The car takes nothing now; its share is lent to others",
    ),
    (
        LimitedBy(rule=Rule.QUEUE, **MAIN_L1),
        WAITING,
        "Waiting since 08:14, turn 3: not everybody can have 6 A now on the main breaker, L1",
    ),
    (
        LimitedBy(rule=Rule.QUEUE, **L2),
        STOPPED,
        "Waiting: not everybody can have 6 A now on “Level 1”, L2",
    ),
    (LimitedBy(rule=Rule.QUEUE), STOPPED, "Waiting: not everybody can have 6 A now"),
    (LimitedBy(rule=Rule.NO_CAR), NO_CAR, "0 A: no car"),
    (LimitedBy(rule=Rule.NO_CAR), STOPPED, "0 A: the car asks for nothing"),
    (
        LimitedBy(rule=Rule.DISOBEYS),
        Situation(limit_a=6.0, draw_a=15.8, circuits={}),
        "The car draws 15.8 A, more than the 6.0 A it was told; it is counted at what it draws",
    ),
    (
        LimitedBy(rule=Rule.DISOBEYS),
        Situation(limit_a=6.0, draw_a=5.9, circuits={}),
        "The car has drawn more than it was told; it is counted at the most it drew",
    ),
    (
        LimitedBy(rule=Rule.DISOBEYS),
        Situation(limit_a=6.0, draw_a=None, circuits={}),
        "The car draws more than it was told; it is counted at what it draws",
    ),
    (
        LimitedBy(rule=Rule.DECREASE_FIRST, **L2),
        Situation(limit_a=8.0, draw_a=None, circuits={}),
        "8.0 A for now: others must first confirm that they have made room",
    ),
    (
        LimitedBy(rule=Rule.SWITCHING, **L2),
        Situation(limit_a=10.6, draw_a=None, circuits={}),
        "10.6 A for now: it changes its phases first",
    ),
]


@pytest.mark.parametrize(("limited_by", "situation", "sentence"), SENTENCES)
def test_a_limit_is_explained(
    limited_by: LimitedBy, situation: Situation, sentence: str
) -> None:
    assert why(limited_by, situation) == sentence


def test_no_rule_is_without_a_sentence() -> None:
    assert {limited_by.rule for limited_by, _, _ in SENTENCES} == set(Rule)
