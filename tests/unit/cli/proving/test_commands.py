"""`ampledger prove` says what it has tried, and ends with 1 when the promise is broken."""

import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.proving import trials


def test_a_small_model_is_walked_through() -> None:
    result = CliRunner().invoke(app, ["prove", "model", "--announcements", "2"])

    assert result.exit_code == 0
    assert "states" in result.output
    assert "In none of them" in result.output


def test_random_trials_go_on_for_as_long_as_they_are_told_to() -> None:
    result = CliRunner().invoke(app, ["prove", "random", "--seconds", "1", "--settled"])

    assert result.exit_code == 0
    assert "0 trials broke the promise" in result.output


def test_a_seed_that_breaks_the_promise_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "TOLERANCE_A", -100.0)

    result = CliRunner().invoke(
        app, ["prove", "random", "--seconds", "1", "--seed", "7", "--changing"]
    )

    assert result.exit_code == 1
    assert "seed 7, changing" in result.output
