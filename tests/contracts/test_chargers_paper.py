"""What the paper on chargers says of OCPP 1.6 is what the service does."""

import re
from pathlib import Path
from typing import Any

import pytest

import services.telemetry.ocpp16
from services.telemetry.notices import ALARMING
from services.telemetry.ocpp16.dialect import SCHEMAS
from services.telemetry.ocpp16.hearing import hear
from services.telemetry.payloads import CallRefused
from services.telemetry.upkeep_desk import UPKEEP
from shared.rights.rules import RULES

PAPER = (Path(__file__).parents[2] / "docs" / "chargers.md").read_text()
SECTION = PAPER.partition("## OCPP 1.6\n")[2].partition("\n## ")[0]
ROWS = dict(re.findall(r"^\| `(\w+)` \| (charger|us|both) \|", SECTION, re.MULTILINE))
SOURCES = "\n".join(
    it.read_text() for it in Path(str(services.telemetry.ocpp16.__file__)).parent.glob("*.py")
)


def heard(action: str) -> bool:
    """Whether the service does anything with a request when a charger makes it."""
    try:
        return hear(action, _Anything()) is not None
    except (CallRefused, TypeError, ValueError):
        return True  # it looked into it


class _Anything(dict[str, Any]):
    """A payload that has every field, none of which says anything."""

    def __missing__(self, _: str) -> str:
        return ""


def test_every_request_of_the_standard_is_in_the_table_once() -> None:
    assert set(ROWS) == SCHEMAS.actions
    assert len(re.findall(r"^\| `\w+` \|", SECTION, re.MULTILINE)) == len(ROWS)


@pytest.mark.parametrize("action", sorted(SCHEMAS.actions))
def test_what_is_said_of_a_request_is_so(action: str) -> None:
    assert heard(action) is (ROWS[action] in {"charger", "both"})
    assert f'"{action}"' in SOURCES


def test_every_alarm_is_named() -> None:
    assert {it for it in ALARMING if f"`{it}`" not in PAPER} == set()


def test_whatever_a_charger_is_told_of_its_hardware_has_a_rule_and_is_taken() -> None:
    assert {it.__name__ for it in UPKEEP if it not in RULES} == set()
    assert {it for it in RULES if it.__module__.endswith(".upkeep")} == set(UPKEEP)
