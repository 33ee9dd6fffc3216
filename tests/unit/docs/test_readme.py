"""Whoever follows the README and its neighbours comes to where they say."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.readme import OURS, ROOT, runnable, shell_commands

DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = [
    pytest.param(command, id=" ".join(command)[:60])
    for document in (ROOT / "README.md", ROOT / "CONTRIBUTING.md")
    for command in shell_commands(document)
]
HELP_S_MAX = 60


def test_the_readme_has_the_two_commands_everybody_needs() -> None:
    commands = shell_commands(ROOT / "README.md")

    assert ["make", "run"] in commands
    assert ["make", "test"] in commands


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one_that_exists(command: list[str]) -> None:
    if command[0] == "make":
        check_target(command)
    else:
        check_options(command)


def check_target(command: list[str]) -> None:
    """Ask make what it would do; and for what is handed on, ask who takes it."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    given = dict(it.split("=", 1) for it in command[1:] if "=" in it)
    named = [it for it in command[1:] if "=" not in it]

    assert set(named) <= set(targets)
    assert set(given) <= {"ARGS"}
    if given:
        assert named == ["run"]
        check_options([f"{OURS}ampledger", "demo", *given["ARGS"].split()])


def check_options(command: list[str]) -> None:
    """Have our command read its options, and then only help."""
    result = subprocess.run(
        [*runnable(command), "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HELP_S_MAX,
        check=False,
    )

    assert result.returncode == 0, result.stderr


def test_an_option_that_is_gone_is_noticed() -> None:
    with pytest.raises(AssertionError, match="No such option"):
        check_options([f"{OURS}ampledger", "demo", "--faster", "3"])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda it: str(it.relative_to(ROOT)))
def test_every_link_within_the_project_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)", text)
    inside = [it for it in targets if "://" not in it]

    missing = [it for it in inside if not (document.parent / it).exists()]

    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda it: str(it.relative_to(ROOT)))
def test_every_file_that_is_named_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    folders = r"services|shared|cli|simulator|tests|docs"
    named = re.findall(rf"`((?:{folders})/[\w/.-]*)`", text)

    missing = [it for it in named if not (ROOT / it).exists()]

    assert missing == []
