"""What is made of the numbers that a run on many chargers has measured."""

import pytest

from cli.bench.scale.costs import Stored
from cli.bench.scale.figures import figures_of
from cli.bench.scale.weighing import CROWD, Share, Step, growth, limited_by


def step(chargers: int, cores: float, memory_kib: float, *, missed: int = 0) -> Step:
    """Ten seconds in which every charger told one reading."""
    shares = {"telemetry": Share(cores, memory_kib), CROWD: Share(0.2, 99.0)}
    return Step(chargers, 10.0, chargers, [100.0, 200.0], missed, shares, cores=2)


NOTHING = Stored(0, 0, 0, 0, 0)


def test_the_chargers_own_process_is_not_ours() -> None:
    measured = step(1000, cores=0.5, memory_kib=1.0)

    assert measured.cpu_us_per_reading() == pytest.approx(5000)
    assert measured.crowd_of_machine == pytest.approx(0.1)


def test_a_full_machine_and_a_full_core_are_told_apart_from_neither() -> None:
    assert "nothing yet" in limited_by(step(10, cores=0.5, memory_kib=1.0))
    assert "one core that telemetry" in limited_by(step(10, cores=0.95, memory_kib=1.0))
    spread = {**step(10, 0.8, 1.0).shares, "nats": Share(0.9, 1.0)}
    assert "the machine's cores" in limited_by(Step(10, 10.0, 10, [1.0], 0, spread, 2))


def test_growth_wants_different_sizes() -> None:
    with pytest.raises(ValueError, match="two different sizes"):
        growth([100, 100], [1.0, 2.0])


def test_what_was_held_is_the_last_step_in_time_and_memory_grows_over_all() -> None:
    steps = [step(100, 0.1, 10_000.0), step(200, 0.3, 14_000.0, missed=3)]
    stored = Stored(
        events=20, log_bytes=6000, messages=5, jetstream_bytes=7000, database_bytes=9000
    )

    figures = figures_of(steps, steps[0], stored)

    assert figures["chargers"]["value"] == 100
    assert figures["reading_to_limit_p99_ms"]["value"] == pytest.approx(199)
    assert figures["reading_to_limit_200_p99_ms"]["value"] is None
    assert figures["kib_per_charger"]["value"] == pytest.approx(40)
    assert figures["log_bytes_per_event"]["value"] == 300
    assert figures["log_events_per_charger_hour"]["value"] == pytest.approx(36)


def test_where_limits_never_came_in_time_no_number_of_chargers_is_told() -> None:
    assert (
        figures_of([step(100, 0.1, 1.0, missed=1)], None, NOTHING)["chargers"]["value"] is None
    )
