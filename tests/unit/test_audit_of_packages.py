"""What CI makes of pip-audit's report: what was not looked up is never taken for sound."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SOUND: dict[str, Any] = {"name": "orjson", "version": "3.13.0", "vulns": []}
BAD: dict[str, Any] = {
    "name": "starlette",
    "version": "0.1",
    "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-2026-1"], "fix_versions": ["0.2"]}],
}
UNKNOWN: dict[str, Any] = {"name": "numba", "skip_reason": "Dependency not found on PyPI"}


@pytest.fixture(scope="module")
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ci_audit", ROOT / ".ci" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["ci_audit"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("packages", "code"),
    [
        ([SOUND], 0),
        ([SOUND, BAD], 1),
        ([SOUND, UNKNOWN], 3),
        ([UNKNOWN], 3),
        ([UNKNOWN, BAD], 1),
        ([], 3),
    ],
)
def test_only_what_was_looked_up_counts_as_sound(
    program: ModuleType, packages: list[dict[str, Any]], code: int
) -> None:
    assert program.read({"dependencies": packages}).code == code


def test_a_vulnerability_is_told_with_what_mends_it(program: ModuleType) -> None:
    lines = program.tell(program.read({"dependencies": [BAD, UNKNOWN]}))

    assert lines == [
        "starlette 0.1: PYSEC-1, CVE-2026-1; mended in 0.2",
        "NOT LOOKED UP: 1 of 2 packages are unknown to the advisory service",
    ]
