"""docs/chaos.md names every kind of fault, and its commands are ones that there are."""

import re

import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.chaos.commands import all_faults
from tests.support.readme import ROOT, shell_commands

DOCUMENT = ROOT / "docs" / "chaos.md"


def test_every_kind_of_fault_is_told_about() -> None:
    rows = re.findall(r"^\| (`.*?) \|", DOCUMENT.read_text(), flags=re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`([a-z0-9-]+)`", row)}

    assert {it.kind.name for it in all_faults()} <= told


@pytest.mark.parametrize("command", shell_commands(DOCUMENT), ids=" ".join)
def test_its_commands_have_a_plan(command: list[str]) -> None:
    ran = CliRunner().invoke(app, [*command[1:], "--plan-only"])

    assert ran.exit_code == 0, ran.output
    assert " s " in ran.stdout
