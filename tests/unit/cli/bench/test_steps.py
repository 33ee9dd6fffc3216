"""Steps of other load are relieved in time, and nothing was planned above what was left."""

from cli.bench.steps import measure_steps


def test_steps_of_other_load_are_relieved_before_a_breaker_trips() -> None:
    figures = {name: it["value"] for name, it in measure_steps(steps=6, seed=7).items()}

    assert 0 < figures["step_relief_p99_s"] <= 8.0
    assert figures["step_ratio_max"] > 1.05
    assert figures["step_trips"] == 0
    assert figures["step_planned_overload_as"] == 0
    assert figures["step_settled_share"] > 0.9, "cars go on charging with what is left"
