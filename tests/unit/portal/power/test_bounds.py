"""What bounds an installation at a moment, and what would be otherwise, as pages say it."""

from datetime import timedelta

import pytest

from services.portal.documents import AgreedLimit, AgreedPeak, Layout
from services.portal.power.bounds import bounds_of, now_of
from services.portal.power.what_if import compared, question_of
from shared.messages.balancer import LimitedBy, Rule
from shared.messages.installation_terms import (
    LimitOwner,
    PeakPeriod,
    ScheduleRule,
    WeeklyWindow,
)
from shared.messages.what_if import BreakerThen, CarThen, Picture, WhatIf, WhatIfAnswer
from shared.phases import PHASES
from tests.unit.portal.facts import AT, LAYOUT, OSLO, at

EMPTY = {
    "at": "", "count": "", "phases": "", "circuit": "", "available_a": "", "breaker": "", "set_a": "",
}  # fmt: skip
NIGHT = ScheduleRule(begins="22:00", ends="06:00", available_a=(100.0, 100.0, 100.0))
MORNING = ScheduleRule(begins="06:00", ends="12:00", available_a=(80.0, 60.0, 80.0))
"""It is 09:00 in Oslo."""


def layout(**changes: object) -> Layout:
    return LAYOUT.model_copy(update={"time_zone": "Europe/Oslo", **changes})


def test_nothing_holds_it_below_the_breaker() -> None:
    now = now_of(layout(), AT, OSLO)

    assert (now.figure, now.why) == ("160", "Nothing holds it below the breaker.")


def test_the_schedule_of_this_time_holds_until_it_ends() -> None:
    now = now_of(layout(schedule=(NIGHT, MORNING)), AT, OSLO)

    assert (now.figure, now.why) == ("60", "The weekly schedule holds, until 12:00.")


def test_the_lower_of_schedule_and_available_current_holds() -> None:
    available = {"available_a": (50.0, 50.0, 50.0), "available_until": at(3600)}

    now = now_of(layout(schedule=(MORNING,), **available), AT, OSLO)

    assert (now.figure, now.why) == ("50", "The available current is set, until 10:00.")


def test_a_limit_of_somebody_else_holds_when_it_is_the_lowest() -> None:
    limit = AgreedLimit(
        limit_id="evening", circuit_id=None, owner=LimitOwner.GRID_OPERATOR, limit_a=None,
        power_w=6900.0, includes_load=False, begins=None, until=None,
        windows=(WeeklyWindow(begins="08:00", ends="10:00"),),
    )  # fmt: skip

    now = now_of(layout(limits=(limit,)), AT, OSLO)
    later = now_of(layout(limits=(limit,)), AT + timedelta(hours=2), OSLO)

    assert (now.figure, now.why) == ("10", "A limit of the grid operator holds.")
    assert later.figure == "160"


def test_everything_that_bounds_is_listed_whether_or_not_it_holds_now() -> None:
    peak = AgreedPeak(circuit_id="level-1", peak_w=9000.0, per=PeakPeriod.HOUR)
    found = bounds_of(
        layout(
            schedule=(NIGHT,),
            peaks=(peak,),
            available_a=(80.0, 80.0, 80.0),
            available_until=at(-60),
        ),
        AT,
        OSLO,
    )

    assert [(it.what, it.holds) for it in found] == [
        ("Breaker", True),
        ("Available current", False),
        ("Weekly schedule", False),
        ("Contract's peak", True),
    ]


# --- What if ---


def test_a_question_is_read_from_what_was_filled_in() -> None:
    given = EMPTY | {"count": "10", "phases": "1", "circuit": "level-1", "set_a": "63,5"}

    asked = question_of(given, layout(), AT)

    assert asked.question is not None
    (more,) = asked.question.more
    assert (more.count, more.three_phases, more.circuit_id) == (10, False, "level-1")
    assert asked.question.other is not None
    assert (asked.question.other.circuit_id, asked.question.other.set_a) == ("main", 63.5)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"count": "many", "circuit": "level-1"}, "count"),
        ({"count": "1000", "circuit": "level-1"}, "count"),
        ({"count": "10", "circuit": "attic"}, "circuit"),
        ({"at": "2020-01-01T18:00"}, "at"),
        ({"available_a": "x"}, "available_a"),
        ({"set_a": "1"}, "set_a"),
    ],
)
def test_what_is_wrong_with_a_question_is_said_of_its_field(
    given: dict[str, str], field: str
) -> None:
    asked = question_of(EMPTY | given, layout(), AT)

    assert asked.question is None
    assert set(asked.wrong) == {field}


def test_before_and_after_stand_side_by_side() -> None:
    shared = LimitedBy(rule=Rule.BREAKER, circuit_id="main", shared_by=2)
    queued = LimitedBy(rule=Rule.QUEUE, circuit_id="main", place=1)

    def car(name: str, limit_a: float, reason: LimitedBy, *, is_new: bool = False) -> CarThen:
        return CarThen(
            charger_id=name, circuit_id="level-1", is_new=is_new, limit_a=limit_a,
            phases=PHASES, waits=limit_a == 0, limited_by=reason,
        )  # fmt: skip

    def main(load_a: float) -> BreakerThen:
        return BreakerThen(
            circuit_id="main", set_a=160.0, usable_a=(160.0,) * 3, load_a=(load_a, load_a, 0.0)
        )

    answer = WhatIfAnswer(
        as_is=Picture(breakers=(main(32.0),), cars=(car("bay-1", 32.0, shared),)),
        otherwise=Picture(
            breakers=(main(159.0),),
            cars=(
                car("bay-1", 16.0, shared),
                car("new-car-001", 16.0, shared, is_new=True),
                car("new-car-002", 0.0, queued, is_new=True),
            ),
        ),
    )

    found = compared(WhatIf(installation_id="garage-1"), answer, layout(), AT)

    assert found.sentences[:4] == (
        "1 more car would charge at once, with 16.0 A.",
        "1 more car would wait for its turn.",
        "The 1 car that is here would have 16.0 A instead of 32.0 A.",
        "1.0 A more would be left at the tightest breaker: Main breaker on L1.",
    )
    assert [(it.name, it.before, it.after, it.change) for it in found.cars] == [
        ("Bay 1", "32.0 A", "16.0 A", "less"),
        ("New car 1", "–", "16.0 A", "new"),
        ("New car 2", "–", "waits, place 1", "waits"),
    ]
    (breaker,) = found.breakers
    assert (breaker.phases[0].before_pc, breaker.phases[0].after_pc) == (20.0, 99.4)
