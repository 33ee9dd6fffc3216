"""The world outside, as a process of its own: `python -m simulator`."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from cli.stack import PROJECT


@contextlib.asynccontextmanager
async def simulated(
    *arguments: str, log: Path, stop_s: float
) -> AsyncIterator[asyncio.subprocess.Process]:
    """
    Run the simulator, and let it finish its report at the end.

    Args:
        arguments: what it is told, see `python -m simulator --help`.
        log: where what it says goes, behind what is there.
        stop_s: how long it may take to end before it is killed.
    """
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "simulator", *arguments),
            cwd=PROJECT,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), stop_s)
            except TimeoutError:
                process.kill()
                await process.wait()
