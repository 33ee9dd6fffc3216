"""`ampledger meter try`: tried out by hand, before a meter is entered."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.app import app

SAMPLES = Path(__file__).parents[1] / "telemetry" / "meter_shapes" / "samples"
AT = "2026-11-27T16:05:12+01:00"
runner = CliRunner()


def tried(*args: str, name: str = "ams_kaifa_it.json") -> tuple[int, str]:
    found = runner.invoke(app, ["meter", "try", args[0], str(SAMPLES / name), *args[1:]])
    return found.exit_code, found.output


def test_a_payload_is_shown_as_what_it_would_be_read_as() -> None:
    code, said = tried("any", "--grid", "IT_3_PHASE", "--phases", "L1,L3", "--at", AT, "--json")

    assert code == 0
    shown = json.loads(said)
    assert (shown["shape"], shown["current_a"]) == ("ams", [18.2, None, 17.6])


def test_what_would_not_be_taken_is_said_with_what_to_do() -> None:
    code, said = tried("shelly", "--at", AT)
    assert code == 1
    assert "it looks like ams" in said.replace("\n", " ")

    code, said = tried("ams", name="p1_dutch.txt")
    assert code == 1
    assert "WrongShape" in said


@pytest.mark.parametrize(
    "wrong", [("kamstrup",), ("ams", "--at", "noon"), ("ams", "--at", AT[:19])]
)
def test_wrong_use_is_told_apart_from_what_is_refused(wrong: tuple[str, ...]) -> None:
    assert tried(*wrong)[0] == 2
