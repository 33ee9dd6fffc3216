"""What is planned is what was measured: the page on capacity, its figures, and the command agree."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.capacity import MEASURED, SERVICES, measured, plan, steps

PAGE = MEASURED.parent.parent / "capacity.md"
FIGURES = {
    **{f"{it}_us_per_reading": 600.0 for it in SERVICES},
    **{f"{it}_kib_per_charger": 2.0**10 for it in SERVICES},
    "log_events_per_charger_hour": 100.0,
    "log_bytes_per_event": 500.0,
    "jetstream_bytes_per_charger_hour": 1e5,
}


def test_the_page_shows_what_the_measured_figures_give() -> None:
    found, page = measured(MEASURED), PAGE.read_text()
    assert "\n".join(steps(found)) in page
    assert "\n".join(plan(found, 1_000_000)) in page


def test_ten_times_the_chargers_take_ten_times_the_cores() -> None:
    one = "| telemetry | 10.0 | 10,000 chargers | 97.7 GiB | 10 gateways |"
    ten = "| telemetry | 100.0 | 10,000 chargers | 976.6 GiB | 100 gateways |"
    assert one in plan(FIGURES, 100_000)
    assert ten in plan(FIGURES, 1_000_000)


def test_more_balancers_than_partitions_are_several_cells() -> None:
    few, many = (plan(FIGURES, it)[3] for it in (640_000, 650_000))

    assert "64 balancers, of 64 at most" in few
    assert "2 cells" in many


def test_logs_grow_by_what_a_day_of_charging_writes() -> None:
    assert "adds 1.2 GB to the logs and 2.4 GB to jetstreams" in plan(FIGURES, 1_000)[-1]


def test_a_run_in_which_limits_were_late_is_told_from_one_that_held() -> None:
    assert "limits were late" in plan(FIGURES, 1_000)[-1]
    assert "with 5,000 chargers" in plan({**FIGURES, "chargers": 5000.0}, 1_000)[-1]


@pytest.mark.parametrize("content", ["no report", '{"figures": {}}'])
def test_a_file_that_is_no_whole_report_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "figures.json"
    file.write_text(content)

    done = CliRunner().invoke(app, ["capacity", "--figures", str(file)])

    assert done.exit_code == 2
    assert str(file) in done.stderr.replace("\n", "")
