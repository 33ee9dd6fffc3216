"""Every test that docs/security.md names is there, and does what its name says somewhere in the tree."""

import ast
import re
from functools import cache

import pytest

from tests.support.readme import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
WHERE = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)))
BARE = sorted(set(re.findall(r"`(test_\w+)`", PAGE)))
"""Tests that are named once more, without their file."""
FILES = sorted(set(re.findall(r"`((?:services|shared|cli|docs)/[\w/]+(?:\.\w+)?)`", PAGE)))
TEST_FILES = sorted(set(re.findall(r"`(test_\w+\.py)`", PAGE)))
THREATS_MIN = 20


@cache
def names_in(file: str) -> frozenset[str]:
    """Name the tests of a file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(it.name for it in ast.walk(tree) if isinstance(it, functions))


@cache
def all_tests() -> frozenset[str]:
    files = (str(it.relative_to(ROOT)) for it in (ROOT / "tests").rglob("test_*.py"))
    return frozenset(name for file in files for name in names_in(file))


@pytest.mark.parametrize(("file", "name"), WHERE, ids=lambda it: str(it).rpartition("/")[2])
def test_a_test_that_is_named_is_there(file: str, name: str) -> None:
    assert (ROOT / file).is_file(), file
    assert name in names_in(file)


@pytest.mark.parametrize("name", BARE)
def test_a_test_that_is_named_again_is_somewhere(name: str) -> None:
    assert name in all_tests()


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_is_named_is_there(file: str) -> None:
    assert (ROOT / file).exists()


@pytest.mark.parametrize("file", TEST_FILES)
def test_a_file_of_tests_that_is_named_is_there(file: str) -> None:
    assert list((ROOT / "tests").rglob(file))


def test_every_threat_names_what_shows_that_it_is_stopped_or_where_that_is() -> None:
    chapters = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    threats = [
        threat
        for chapter in chapters
        if chapter.startswith("(")
        for threat in re.split(r"^(?=\*\*)", chapter, flags=re.MULTILINE)[1:]
    ]

    assert len(threats) > THREATS_MIN
    for threat in threats:
        assert "::test_" in threat or "](safety.md)" in threat, threat.splitlines()[0]
