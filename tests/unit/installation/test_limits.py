"""Limits that others set below breakers."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from services.installation.decider import decide, installation
from services.installation.limits import LAW_OF
from services.installation.reductions import least_w
from services.installation.refusals import (
    LimitAboveBreaker,
    LimitEndsFirst,
    LimitNeedsOneValue,
    ReductionBelowMinimum,
    UnknownCircuit,
    UnknownLimit,
)
from services.installation.state import Installation
from shared.messages.installation import ContractPeakSet, ExternalLimitLifted, ExternalLimitSet
from shared.messages.installation_commands import (
    LiftExternalLimit,
    SetContractPeak,
    SetExternalLimit,
)
from shared.messages.installation_terms import LimitOwner, PeakPeriod, WeeklyWindow
from tests.unit.installation.facts import added, assigned, created, fact, wish

EVENING = datetime(2026, 12, 1, 17, tzinfo=UTC)


def limit(**changes: object) -> SetExternalLimit:
    given = {"limit_id": "evening", "owner": LimitOwner.OWNER, "limit_a": (20.0, 20.0, 20.0)}
    return wish(SetExternalLimit, **(given | changes))


def garage(*events: object, country: str = "NO") -> Installation:
    begin = [created(country=country), added(), assigned(1), assigned(2)]
    return installation.fold([*begin, *events])  # type: ignore[list-item]


def test_a_limit_is_set_once_and_carries_the_time_zone_it_is_meant_in() -> None:
    (event,) = decide(limit(circuit_id="level-1"), garage())

    assert isinstance(event, ExternalLimitSet)
    assert (event.circuit_id, event.time_zone) == ("level-1", "Europe/Oslo")
    assert decide(limit(circuit_id="level-1"), garage(event)) == ()
    assert decide(limit(circuit_id="level-1", until=EVENING), garage(event)) != ()


@pytest.mark.parametrize(
    ("changes", "refusal", "way_on"),
    [
        ({"limit_a": None}, LimitNeedsOneValue, "give one of them"),
        ({"power_w": 9000.0}, LimitNeedsOneValue, "give one of them"),
        ({"begins": EVENING, "until": EVENING}, LimitEndsFirst, "a later end"),
        ({"limit_a": (161, 0, 0)}, LimitAboveBreaker, "at most 160 A"),
        ({"circuit_id": "cellar"}, UnknownCircuit, "add it first"),
    ],
)
def test_a_limit_that_cannot_be_is_refused(
    changes: dict[str, object], refusal: type[Exception], way_on: str
) -> None:
    with pytest.raises(refusal, match=way_on):
        decide(limit(**changes), garage())


def test_the_law_leaves_every_device_a_minimum() -> None:
    """Two chargers keep 4.2 kW and 0.8 times 4.2 kW (section 14a EnWG)."""
    operator = {"owner": LimitOwner.GRID_OPERATOR, "limit_a": None}
    germany = garage(country=LAW_OF)

    assert decide(limit(**operator, power_w=least_w(2)), germany) != ()
    with pytest.raises(ReductionBelowMinimum, match="give a reason"):
        decide(limit(**operator, power_w=7500), germany)
    with pytest.raises(ReductionBelowMinimum):
        decide(limit(owner=LimitOwner.GRID_OPERATOR, limit_a=(10, 10, 10)), germany)
    assert decide(limit(**operator, power_w=7500, reason="the cable burns"), germany) != ()
    assert decide(limit(**operator, power_w=7500), garage()) != ()
    assert decide(limit(limit_a=None, power_w=7500), germany) != ()


def test_a_limit_is_lifted_once() -> None:
    (event,) = decide(limit(), garage())
    lifted = fact(
        ExternalLimitLifted, limit_id="evening", owner=LimitOwner.OWNER, circuit_id=None
    )
    lift = wish(LiftExternalLimit, limit_id="evening")

    assert decide(lift, garage(event)) == (lifted,)
    assert decide(lift, garage(event, lifted)) == ()
    with pytest.raises(UnknownLimit, match="there are: none"):
        decide(lift, garage())


def test_a_peak_is_set_and_lifted() -> None:
    peak = wish(SetContractPeak, peak_w=30_000.0, per=PeakPeriod.QUARTER_HOUR)
    none = wish(SetContractPeak, peak_w=None)

    (event,) = decide(peak, garage())
    assert isinstance(event, ContractPeakSet)
    assert decide(peak, garage(event)) == ()
    assert [type(it) for it in decide(none, garage(event))] == [ContractPeakSet]
    assert decide(none, garage()) == ()


def test_windows_are_parts_of_a_day_in_the_installations_own_time() -> None:
    with pytest.raises(ValidationError, match="ends at another time"):
        WeeklyWindow(begins="07:00", ends="07:00")
    for clock in ("7:00", "24:00", "07:60", "07:00:00", "07:00+01:00"):
        with pytest.raises(ValidationError, match="pattern"):
            WeeklyWindow(begins=clock, ends="08:00")
    with pytest.raises(ValidationError, match="each day once"):
        WeeklyWindow.model_validate(
            {"days": ["MON", "MON"], "begins": "07:00", "ends": "08:00"}
        )
