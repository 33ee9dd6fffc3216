"""docs/exit-codes.md names every command there is, and no other; and codes are what it says."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from cli.app import app
from cli.support.output import FINDING, USAGE
from tests.support.readme import ROOT

ROW = re.compile(r"^\| `(ampledger [a-z -]+)` \| \S", re.MULTILINE)


def commands(command: Any, path: str = "ampledger") -> Iterator[str]:
    """Walk down to what can be run."""
    beneath = getattr(command, "commands", None)
    if beneath is None:
        yield path
        return
    for name, it in beneath.items():
        yield from commands(it, f"{path} {name}")


def test_every_command_is_listed_and_nothing_else() -> None:
    listed = ROW.findall((ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8"))

    assert sorted(listed) == sorted(commands(get_command(app)))


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["replay", "garage"], FINDING, "never replayed into effect"),
        (["restart", "--data-folder", "/nowhere"], FINDING, "nothing runs"),
        (["check"], USAGE, "say what to check"),
        (["log", "verify", "installation", "--head", "abc"], USAGE, "HASH@POSITION"),
        (["log", "verify", "--head", f"{'ab' * 32}@1"], USAGE, "name its service"),
        (["log", "verify", "--file", "/nowhere"], USAGE, "cannot be read"),
        (["serial", "history", "?"], USAGE, "is not a serial number"),
        (["history", "garage", "--at", "2h", "--since", "3h"], USAGE, "one or the other"),
        (["check", "--history", "--acknowledged", "/nowhere"], USAGE, "cannot be read"),
        (["diff", "garage"], USAGE, "Missing argument"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_with_what_would(
    arguments: list[str], code: int, says: str
) -> None:
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "300"})

    assert result.exit_code == code
    assert says in result.output
