"""Loops compiled beforehand divide as those compiled on the spot do, and want no compiler to run."""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from services.balancer.allocation import Demand, Mode, allocate

ROOT: Final = Path(__file__).parents[3]
COMPILING_S_MAX: Final = 400.0
SITES: Final = 200
CONSTRAINTS: Final = 5

# Reads sites, divides each, and writes the shares; a compiler cannot be imported.
PROGRAM: Final = """
import json, sys
sys.modules["numba"] = sys.modules["llvmlite"] = None
sys.path[:] = [it for it in sys.path if it != {root!r}]
sys.path.insert(0, {tree!r})
from services.balancer import loops
from services.balancer.allocation import Demand, Mode, allocate
assert loops.fill.__module__ != "services.balancer.filling", loops.fill
for capacity_a, cars in json.load(sys.stdin):
    demands = [
        Demand((Mode((), tuple((row, complex(*by)) for row, by in loads), max_a),))
        for loads, max_a in cars
    ]
    print(json.dumps([[it.share_a, it.constraint, it.admitted] for it in allocate(capacity_a, demands)]))
"""

Site = tuple[list[float], list[tuple[list[tuple[int, tuple[float, float]]], float]]]


def site(chance: random.Random) -> Site:
    """Up to thirty cars, each on a few of the constraints, some of them at an angle."""
    capacity_a = [chance.uniform(0.0, 120.0) for _ in range(CONSTRAINTS)]
    cars = []
    for _ in range(chance.randrange(1, 30)):
        rows = chance.sample(range(CONSTRAINTS), chance.randrange(1, CONSTRAINTS))
        loads = [(row, (1.0, chance.choice([0.0, 0.0, 0.5]))) for row in rows]
        cars.append((loads, chance.uniform(6.0, 32.0)))
    return capacity_a, cars


def shares_of(site: Site) -> list[list[float]]:
    capacity_a, cars = site
    demands = [
        Demand((Mode((), tuple((row, complex(*by)) for row, by in loads), max_a),))
        for loads, max_a in cars
    ]
    return [[it.share_a, it.constraint, it.admitted] for it in allocate(capacity_a, demands)]


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler here")
def test_loops_that_are_compiled_beforehand_divide_alike(tmp_path: Path) -> None:
    for package in ("shared", "services/balancer"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "services" / "__init__.py", tmp_path / "services")
    compiling = subprocess.run(
        [sys.executable, "deploy/compile_loops.py", str(tmp_path / "services" / "balancer")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=COMPILING_S_MAX,
        check=False,
    )
    assert compiling.returncode == 0, compiling.stderr
    chance = random.Random(1)  # noqa: S311  (sites, not secrets)
    sites = [site(chance) for _ in range(SITES)]

    dividing = subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM.format(root=str(ROOT), tree=str(tmp_path))],
        input=json.dumps(sites),
        capture_output=True,
        text=True,
        timeout=COMPILING_S_MAX,
        check=False,
    )

    assert dividing.returncode == 0, dividing.stderr
    divided = [json.loads(line) for line in dividing.stdout.splitlines()]
    assert divided == [shares_of(it) for it in sites]
    assert any(share > 0.0 for shares in divided for share, *_ in shares)
