"""Whoever passes over a rule on security says why, on that line."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("services", "shared", "cli", "simulator", ".ci", "docs")
EXCEPTION = re.compile(r"#\s*(?:ruff:\s*)?noqa:[^#]*\bS\d{3}\b(?P<why>.*)$")
REASON = re.compile(r"#\s*\w.{8,}$")
FILES = [it for folder in OURS for it in sorted((ROOT / folder).rglob("*.py"))]


def unexplained(text: str) -> list[int]:
    """Name the lines that pass over a rule without a reason."""
    found = (
        (number, EXCEPTION.search(line)) for number, line in enumerate(text.splitlines(), 1)
    )
    return [number for number, it in found if it and not REASON.search(it["why"])]


def test_an_exception_without_a_reason_is_found() -> None:
    bare = "x = random()  # no" + "qa: S311"

    assert unexplained(bare) == [1]
    assert unexplained(f"{bare}  # an order of measurements is no secret") == []


@pytest.mark.parametrize("folder", OURS)
def test_every_exception_has_its_reason(folder: str) -> None:
    files = [it for it in FILES if it.is_relative_to(ROOT / folder)]
    found = {
        f"{file.relative_to(ROOT)}:{number}"
        for file in files
        for number in unexplained(file.read_text(encoding="utf-8"))
    }

    assert found == set()
