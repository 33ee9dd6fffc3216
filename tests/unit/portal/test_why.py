"""How a reason is introduced where it is shown beside a charger's figures."""

import pytest

from services.portal.why import Why, why
from shared.history.why import Situation
from shared.messages.balancer import LimitedBy, Rule, RunnerUp
from shared.phases import Phase

NAMES = {"level-1": "Level 1"}
CHARGES = Situation(NAMES, limit_a=12.0, draw_a=10.2)
STOPPED = Situation(NAMES, limit_a=0.0, draw_a=0.0)
L2 = {"circuit_id": "level-1", "phase": Phase.L2}

SENTENCES = [
    (
        LimitedBy(rule=Rule.BREAKER, **L2, shared_by=9),
        CHARGES,
        "12.0 A: circuit Level 1 is fully shared out on L2 among 9 cars",
    ),
    (
        LimitedBy(rule=Rule.LOCKED),
        STOPPED,
        "0 A: it is locked, because the installation was deactivated",
    ),
    (
        LimitedBy(rule=Rule.CAR),
        CHARGES,
        "The car takes no more than 10.2 A; the rest is lent to others",
    ),
    (
        LimitedBy(rule=Rule.QUEUE, **L2),
        Situation(NAMES, waiting_since="08:14", place=3),
        (
            "Waiting since 08:14, place 3 in the queue: not everybody can have 6 A now on L2 of "
            "circuit Level 1"
        ),
    ),
    (
        LimitedBy(rule=Rule.DISOBEYS),
        Situation(NAMES, limit_a=6.0, draw_a=15.8),
        "The car draws 15.8 A, more than the 6.0 A it was told; it is counted at what it draws",
    ),
    (
        LimitedBy(rule=Rule.DECREASE_FIRST, **L2),
        Situation(NAMES, limit_a=8.0),
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
    assert why(limited_by, situation) == Why(sentence)


def test_what_would_be_next_stands_beside_it() -> None:
    following = RunnerUp(rule=Rule.BREAKER, **L2, limit_a=13.0)

    told = why(LimitedBy(rule=Rule.CHARGER, runner_up=following), CHARGES)

    assert told == Why(
        "12.0 A: this charger can give no more",
        "If this charger could give more, circuit Level 1 on L2 would be next, at 13.0 A",
    )
