"""Days of garages by a clock of their own: a seed is a run, and a rule that is broken is missed."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
import structlog
from typer.testing import CliRunner

from cli.app import app
from cli.proving.trials import PromiseBroken
from cli.simulating import days
from cli.simulating.mutations import MUTATIONS
from cli.simulating.runs import live, simulate

HOURS = 0.7


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """The command keeps its process quiet, which here is that of other tests as well."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def test_the_same_seed_is_the_same_run_and_another_one_is_not() -> None:
    first = live(2, HOURS)

    assert live(2, HOURS).digest == first.digest
    assert live(3, HOURS).digest != first.digest
    assert first.wrong is None
    assert first.garage_hours == 2 * HOURS


def test_side_by_side_seeds_come_to_the_same_as_one_after_the_other() -> None:
    apart = [it.digest for it in simulate([4, 5], 0.1, workers=2)]

    assert apart == [it.digest for it in simulate([4, 5], 0.1)]


def test_figures_are_measured_and_written(tmp_path: Path) -> None:
    report = tmp_path / "sim.json"

    result = CliRunner().invoke(
        app,
        ["sim", "--seeds", "4..5", "--hours", "0.5", "--workers", "1", "--json", str(report)],
    )

    assert result.exit_code == 0, result.output
    assert "0 seeds broke a promise" in result.output
    figures = orjson.loads(report.read_bytes())["figures"]
    assert figures["garage_hours"]["value"] == 2
    assert figures["violations"]["value"] == 0
    assert figures["events"]["value"] > 0
    assert figures["garage_hours_per_cpu_s"]["value"] > 0


@pytest.mark.parametrize("rule", ["lease-end", "follow", "order", "fence"])
def test_a_rule_that_is_switched_off_is_missed(rule: str) -> None:
    result = CliRunner().invoke(
        app, ["sim", "--seeds", "1..9", "--hours", "3", "--break", rule]
    )

    assert result.exit_code == 0, result.output
    assert f"without {rule} ({MUTATIONS[rule].what})" in " ".join(result.output.split())
    assert "to see it again: ampledger sim --seeds" in result.output


def test_a_seed_that_breaks_a_promise_is_named_with_the_way_to_see_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise PromiseBroken("a breaker trips")

    monkeypatch.setattr(days, "check_now", broken)

    result = CliRunner().invoke(
        app, ["sim", "--seeds", "7", "--hours", "0.5", "--workers", "1"]
    )

    assert result.exit_code == 1
    assert "seed 7: a breaker trips" in result.output
    assert "ampledger sim --seeds 7 --hours 0.5" in result.output


@pytest.mark.parametrize("seeds", ["9..3", "some", "-1"])
def test_what_names_no_seeds_is_refused(seeds: str) -> None:
    result = CliRunner().invoke(app, ["sim", f"--seeds={seeds}"])

    assert result.exit_code == 2
    assert "names no seeds" in " ".join(result.output.split())


def test_a_rule_that_there_is_not_is_refused() -> None:
    result = CliRunner().invoke(app, ["sim", "--break", "gravity"])

    assert result.exit_code == 2
    assert "there is no rule gravity" in " ".join(result.output.split())
