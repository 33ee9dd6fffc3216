"""A charger under every cause that there is: what its page says is in docs/why.md, word by word."""

from dataclasses import dataclass
from typing import Any

from services.portal.documents import Applied, Condition, Fault, Layout, Rejected, Share
from services.portal.facts import Facts
from services.portal.one_charger.picture import Picture, picture_of
from shared.messages.balancer import MAIN, LimitedBy, Rule, RunnerUp
from shared.phases import Phase
from tests.unit.portal.facts import (
    AT,
    BREAKER_L1,
    CHARGING,
    FREE,
    GUESTS_LOCKED,
    LAYOUT,
    STOPPED,
    at,
    known,
    reading,
    share,
)

ON_MAIN: dict[str, Any] = {"circuit_id": MAIN, "phase": Phase.L1}
MAIN_NEXT = RunnerUp(rule=Rule.BREAKER, **ON_MAIN, usable_a=160.0, limit_a=14.5)


@dataclass(frozen=True, slots=True)
class Case:
    """A cause as a stranger would name it, and what is known of the charger then."""

    cause: str
    facts: Facts
    charger_id: str = "bay-1"

    @property
    def picture(self) -> Picture:
        found = picture_of(self.facts, self.charger_id, AT)
        assert found is not None
        return found


def under(
    rule: Rule,
    limit_a: float = 12.0,
    condition: Condition = CHARGING,
    draw_a: float | None = 11.4,
    layout: Layout = LAYOUT,
    **reason: object,
) -> Facts:
    """The garage, with its first bay held down by a rule."""
    limited_by = LimitedBy.model_validate({"rule": rule} | reason)
    if condition is CHARGING:
        applied = Applied(limit_a=limit_a, valid_until=at(90), sequence=4)
        condition = CHARGING.model_copy(update={"applied": applied})
    readings = {} if draw_a is None else {"bay-1": reading(current_a=(draw_a, 0.0, 0.0))}
    return known(
        layout=layout,
        conditions={"bay-1": condition},
        shares={"bay-1": share(limit_a, limited_by)},
        readings=readings,
    )


def without_limit(condition: Condition, shares: dict[str, Share] | None = None) -> Facts:
    given = {"bay-1": share()} if shares is None else shares
    return known(conditions={"bay-1": condition}, shares=given)


GRADUAL = CHARGING.model_copy(update={"applied": None})
OFFLINE = CHARGING.model_copy(update={"online": False, "since": at(-300)})
ON_FAIL_SAFE = OFFLINE.model_copy(update={"applied": None})
FAULTY = CHARGING.model_copy(
    update={
        "status": "Faulted",
        "fault": Fault(error_code="GroundFailure", info="RCD tripped", reported_at=at(-60)),
    }
)
UNWILLING = CHARGING.model_copy(
    update={
        "rejected": Rejected(limit_a=16.0, sequence=9, status="Rejected", rejected_at=at(-5))
    }
)
LOWERED = LAYOUT.model_copy(
    update={"available_a": (40.0, 40.0, 40.0), "available_until": at(7200)}
)
UNEVEN = LAYOUT.model_copy(update={"imbalance_a": 20.0})
OWN = LAYOUT.model_copy(
    update={
        "chargers": (
            LAYOUT.chargers[0].model_copy(update={"breaker_a": 16.0}),
            LAYOUT.chargers[1],
        )
    }
)
TURN: dict[str, Any] = {
    "circuit_id": "level-1",
    "phase": Phase.L1,
    "place": 1,
    "turn_at": at(1500),
}
QUEUED = known(
    conditions={"bay-1": STOPPED},
    shares={
        "bay-1": share(
            0.0, LimitedBy.model_validate({"rule": Rule.QUEUE, "usable_a": 50.0} | TURN)
        ).model_copy(update={"waiting_since": at(-240)})
    },
    readings={"bay-1": reading(current_a=(0.0, 0.0, 0.0))},
)

CASES = (
    Case(
        "A circuit's breaker is shared out",
        under(
            Rule.BREAKER,
            circuit_id="level-1",
            phase=Phase.L1,
            shared_by=4,
            usable_a=50.0,
            runner_up=MAIN_NEXT,
        ),
    ),
    Case(
        "One car uses the whole breaker",
        under(Rule.BREAKER, 30.0, **ON_MAIN, shared_by=1, usable_a=160.0),
    ),
    Case(
        "The available current was lowered for a while",
        under(Rule.AVAILABLE, layout=LOWERED, **ON_MAIN, shared_by=3, usable_a=40.0),
    ),
    Case(
        "The rest of the building uses much",
        under(Rule.UNMANAGED, **ON_MAIN, shared_by=2, usable_a=24.0, runner_up=MAIN_NEXT),
    ),
    Case(
        "The grid operator has limited the building",
        under(Rule.GRID_OPERATOR, **ON_MAIN, shared_by=4, usable_a=48.0),
    ),
    Case(
        "The tariff is dear now",
        under(Rule.TARIFF, **ON_MAIN, shared_by=4, usable_a=48.0),
    ),
    Case(
        "The owner or the installer has set a limit",
        under(Rule.OWNER, circuit_id="level-1", phase=Phase.L1, shared_by=2, usable_a=24.0),
    ),
    Case(
        "A weekly schedule holds",
        under(Rule.SCHEDULE, circuit_id="level-1", phase=Phase.L1, shared_by=2, usable_a=24.0),
    ),
    Case(
        "The contract's peak is near",
        under(Rule.CONTRACT, **ON_MAIN, shared_by=2, usable_a=24.0),
    ),
    Case(
        "The phases may not differ by more",
        under(Rule.IMBALANCE, layout=UNEVEN, **ON_MAIN, shared_by=1),
    ),
    Case("The charger gives all it can", under(Rule.CHARGER, 32.0, draw_a=31.8)),
    Case(
        "The charger's own breaker is the smallest",
        under(Rule.OWN_BREAKER, 16.0, draw_a=15.8, layout=OWN),
    ),
    Case("The car takes less than it may", under(Rule.CAR, 12.0, draw_a=7.2)),
    Case("The car waits for its turn", QUEUED),
    Case(
        "Others must make room first",
        under(
            Rule.DECREASE_FIRST, 8.0, circuit_id="level-1", phase=Phase.L1, runner_up=MAIN_NEXT
        ),
    ),
    Case("It changes from three phases to one", under(Rule.SWITCHING, 10.0)),
    Case("A sleeping car is woken", under(Rule.WAKING, 0.0, draw_a=0.0, runner_up=MAIN_NEXT)),
    Case("The car does not obey", under(Rule.DISOBEYS, 6.0, draw_a=15.8)),
    Case("The car is full, or sleeps", under(Rule.NO_CAR, 0.0, STOPPED, 0.0)),
    Case("No car is there", under(Rule.NO_CAR, 0.0, FREE, None)),
    Case(
        "Its circuit is out of use",
        under(Rule.OUT_OF_USE, 0.0, STOPPED, 0.0, circuit_id="level-1"),
    ),
    Case(
        "It is locked",
        known(layout=GUESTS_LOCKED, conditions={"bay-2": FREE}, shares={}, readings={}),
        "bay-2",
    ),
    Case("It has never connected", known(conditions={}, shares={}, readings={})),
    Case("It is offline, and its limit still holds", without_limit(OFFLINE)),
    Case("It is offline, on its fail-safe", without_limit(ON_FAIL_SAFE)),
    Case("It reports a fault", without_limit(FAULTY)),
    Case("It does not take its limit", without_limit(UNWILLING)),
    Case(
        "Its limit has run out",
        without_limit(
            GRADUAL,
            {"bay-1": share(12.0, BREAKER_L1).model_copy(update={"valid_until": at(-30)})},
        ),
    ),
)
"""All of them; a rule that has none fails a test."""
