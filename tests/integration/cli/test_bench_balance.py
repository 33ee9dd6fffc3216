"""`ampledger bench balance` from end to end, quickly."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

WANTED = {
    "acn_20kw_vs_optimum",
    "fair_acn_20kw_vs_optimum",
    "edf_acn_20kw_vs_optimum",
    "acn_decision_p50_ms",
    "admitted_equal_milp_share",
    "maxmin_gap_a",
    "total_vs_maxmin",
    "decide_20_p50_ms",
    "decide_10000_p50_ms",
    "decisions_per_core_s",
    "whole_decide_200_p50_ms",
    "it_day_vs_sum",
    "commands_per_car_hour",
    "stops_per_car_hour",
    "protocol_steps",
}


def test_it_measures_everything_and_draws_it(tmp_path: Path) -> None:
    report, pictures = tmp_path / "figures.json", tmp_path / "pictures"

    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("ampledger")), "bench", "balance", "--quick"),
            *("--json", str(report), "--pictures", str(pictures)),
        ],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    figures = json.loads(report.read_text())["figures"]
    assert figures.keys() >= WANTED
    assert all(it.keys() == {"value", "unit", "reference"} for it in figures.values())
    assert figures["acn_excess_as"]["value"] == 0
    assert figures["planned_overloads"]["value"] == 0
    assert figures["acn_20kw_vs_optimum"]["value"] > figures["edf_acn_20kw_vs_optimum"]["value"]
    assert sorted(it.name for it in pictures.iterdir()) == [
        "bench-decisions.svg",
        "bench-energy.svg",
    ]
