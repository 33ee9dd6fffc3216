"""`ampledger bench scale` with two garages, from end to end."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration


def test_everything_runs_and_is_weighed(tmp_path: Path) -> None:
    report = tmp_path / "figures.json"

    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("ampledger")),
            *("bench", "scale", "--quick", "--json", str(report)),
        ],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    figures = json.loads(report.read_text())["figures"]
    assert all(it.keys() == {"value", "unit", "reference"} for it in figures.values())
    assert figures["cpu_us_per_reading"]["value"] > 0
    assert figures["telemetry_us_per_reading"]["value"] > 0
    assert figures["log_events_per_charger_hour"]["value"] > 0
    assert 0 < figures["crowd_of_machine"]["value"] < 1
