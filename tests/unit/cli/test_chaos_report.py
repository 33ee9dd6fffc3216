"""What a run of chaos says in the end: recoveries, what must not be lost, the verdict, and the picture."""

from dataclasses import replace
from pathlib import Path

import pytest
import typer

from cli.chaos import commands
from cli.chaos.callers import Callers
from cli.chaos.judging import Verdict
from cli.chaos.picture import draw
from cli.chaos.recovering import NotReady, Spans
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
        spans.note(at_s, {"portal": ready}, {"portal": has_all})

    assert spans.found == [
        NotReady("portal", 1.0, 6.0, counted=False),
        NotReady("portal", 6.0, 9.0, counted=True),
        NotReady("portal", 20.0, 20.5, counted=True),
    ]
    assert spans.worst_s() == {"portal": 3.0}


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
    ],
)
def test_a_broken_promise_ends_with_its_exit_code_and_how_to_have_it_again(
    broken: Verdict, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        commands._judge(Outcome(verdict=broken), "ampledger chaos --seed 7")

    assert ended.value.exit_code == commands.BROKEN
    assert "ampledger chaos --seed 7" in capsys.readouterr().err


def test_kept_promises_end_well() -> None:
    commands._judge(Outcome(verdict=KEPT), "ampledger chaos --seed 7")


def test_the_same_run_is_drawn_the_same(tmp_path: Path) -> None:
    draw(REPORT, tmp_path / "one.svg")
    draw(REPORT, tmp_path / "two.svg")

    drawn = (tmp_path / "one.svg").read_bytes()
    assert drawn.startswith(b"<?xml")
    assert drawn == (tmp_path / "two.svg").read_bytes()
