"""What a run of chaos says in the end: recoveries, what must not be lost, the verdict, and the picture."""

from dataclasses import replace
from pathlib import Path

import pytest
import typer

from cli.chaos import commands
from cli.chaos.callers import Callers
from cli.chaos.causes import Done, Worst, causes, worst_by_kind
from cli.chaos.deciding import TakeOver
from cli.chaos.judging import Verdict
from cli.chaos.picture import draw
from cli.chaos.plan import Planned
from cli.chaos.recovering import NotReady, Spans
from cli.chaos.reporting import recoveries_of, story_of
from cli.chaos.running import Outcome
from shared.history.acts import Acknowledged

KEPT = Verdict(
    planned_overload_as=0.0,
    worst_at=None,
    violations=(),
    breaker_trips=0,
    overload_as=0.0,
    energy_kwh=3.0,
)
REPORT = {
    "carried_out": [
        {"kind": "kill-nats", "began_s": 9.0, "over_s": 9.1, "why_not": None},
        {"kind": "line-cut", "began_s": 12.0, "over_s": None, "why_not": "nobody there"},
    ],
    "not_ready": [{"process": "portal", "from_s": 9.2, "over_s": 10.0, "counted": True}],
    "carried": {"garage-1": [(1.0, 12.0, 32.0), (2.0, 31.5, 32.0)]},
}


def test_a_recovery_is_counted_from_when_all_that_it_needs_is_back() -> None:
    spans = Spans()
    for at_s, ready, has_all in (
        (0.0, True, True),
        (1.0, False, False),  # the server is away
        (6.0, False, True),  # it is back
        (8.0, False, True),
        (9.0, True, True),
        (20.0, False, True),  # by itself
        (20.5, True, True),
    ):
        why = None if ready else ("relay" if at_s > 7 else "broker")
        spans.note(at_s, {"portal": why}, {"portal": has_all})

    assert spans.found == [
        NotReady("portal", 1.0, 6.0, counted=False, why=[(1.0, "broker")]),
        NotReady("portal", 6.0, 9.0, counted=True, why=[(6.0, "broker"), (8.0, "relay")]),
        NotReady("portal", 20.0, 20.5, counted=True, why=[(20.0, "relay")]),
    ]
    assert spans.worst_s() == {"portal": 3.0}


def done(kind: str, target: str, began_s: float, over_s: float | None) -> Done:
    return Done(Planned(began_s, kind, target, 0.0), began_s, over_s)


def test_a_recovery_is_put_down_to_the_fault_that_touches_it_and_ended_last() -> None:
    carried_out = [
        done("freeze-service", "balancer", 28.0, 33.5),  # at another one
        done("line-cut", "portal-nats", 5.0, 5.0),  # long ago
        done("kill-nats", "nats", 30.0, 30.0),
        done("garbage", "readings", 26.0, 29.0),
        done("line-slow", "portal-nats", 29.0, 34.0),
        done("line-slow", "portal-postgres", 40.0, 44.0),  # later
    ]
    late = NotReady("portal", 34.1, 40.0, counted=True)
    later = NotReady("portal", 60.0, 61.0, counted=True)

    found = causes(late, carried_out)

    assert [it.planned.kind for it in found] == ["line-slow", "kill-nats", "garbage"]
    assert worst_by_kind([late, replace(late, over_s=35.0), later], carried_out) == {
        "line-slow": Worst(40.0 - 34.1, "portal", 34.1)
    }


def test_where_no_fault_touches_who_is_not_ready_others_are_named() -> None:
    carried_out = [done("kill-service", "permissions", 30.0, 30.0)]

    found = causes(NotReady("portal", 30.5, 31.0, counted=True), carried_out)

    assert [it.planned.target for it in found] == ["permissions"]


def test_a_report_says_who_was_not_ready_why_and_after_what_and_who_was_taken_over() -> None:
    outcome = Outcome(
        done=[done("kill-balancer", "balancer-2", 30.0, 30.0)],
        takeovers=[TakeOver("balancer-2", 30.0, 0.8)],
        not_ready=[
            NotReady("balancer-2", 30.1, 32.1, counted=True, why=[(30.1, "it does not answer")])
        ],
    )

    told = story_of(outcome)

    assert told["takeovers"] == [{"killed": "balancer-2", "at_s": 30.0, "took_s": 0.8}]
    (late,) = told["not_ready"]
    assert late["after"] == ["kill-balancer at balancer-2, 30.0 s"]
    assert late["why"] == [[30.1, "it does not answer"]]
    assert told["recovery_by_kind"]["kill-balancer"]["took_s"] == 2.0
    assert recoveries_of(outcome).row_count == 1


def test_only_what_was_acknowledged_in_a_time_that_is_gone_may_be_lost(tmp_path: Path) -> None:
    callers = Callers("nats://nowhere", tmp_path / "acknowledged")
    callers.acknowledged = [
        (at_s, Acknowledged("installation", f"at-{at_s:g}", None)) for at_s in (9, 10, 15, 21)
    ]

    kept = callers.to_be_there([(10.0, 20.0)])

    assert [it.command_id for it in kept] == ["at-9", "at-21"]
    assert len(callers.to_be_there([])) == 4


@pytest.mark.parametrize(
    "broken",
    [
        replace(KEPT, breaker_trips=1),
        replace(KEPT, planned_overload_as=0.5, worst_at="main L1 at 3.000"),
        replace(KEPT, violations=("installation: command x is lost",)),
        replace(KEPT, energy_kwh=0.0),
        replace(KEPT, overload_as=0.5),
    ],
)
def test_a_broken_promise_ends_with_its_exit_code_and_how_to_have_it_again(
    broken: Verdict, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        commands._judge(Outcome(verdict=broken), "ampledger chaos --seed 7")

    assert ended.value.exit_code == commands.BROKEN
    assert "ampledger chaos --seed 7" in capsys.readouterr().err


def test_kept_promises_end_well_whatever_a_house_draws_before_anybody_knows() -> None:
    commands._judge(Outcome(verdict=KEPT), "ampledger chaos --seed 7")
    above = replace(KEPT, house_overload_as=12.0)
    commands._judge(Outcome(verdict=above), "ampledger chaos --seed 7")


def test_the_same_run_is_drawn_the_same(tmp_path: Path) -> None:
    draw(REPORT, tmp_path / "one.svg")
    draw(REPORT, tmp_path / "two.svg")

    drawn = (tmp_path / "one.svg").read_bytes()
    assert drawn.startswith(b"<?xml")
    assert drawn == (tmp_path / "two.svg").read_bytes()
