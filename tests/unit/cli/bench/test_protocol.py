"""Random steps of the protocol, as a report has them."""

import pytest

from cli.bench.protocol import measure_protocol
from cli.proving import trials


def test_steps_are_counted_and_nothing_was_overloaded() -> None:
    said: list[str] = []

    figures = measure_protocol(steps=300, seed=1, say=said.append)

    assert figures["protocol_steps"]["value"] == 360
    assert figures["planned_overloads"]["value"] == 0
    assert "0 of 300" in said[0]


def test_a_trial_that_breaks_the_promise_is_counted_and_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trials, "TOLERANCE_A", -100.0)
    said: list[str] = []

    figures = measure_protocol(steps=120, seed=5, say=said.append)

    assert figures["planned_overloads"]["value"] == 1
    assert any(it.startswith("seed 5: ") for it in said)
