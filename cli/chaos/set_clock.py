"""
Clocks of processes that can be set while they run, by libfaketime, without a change to the programs.

Only the time of the day is set. What counts seconds (monotonic, since boot) goes on, as it does on a
machine whose clock somebody sets.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cli.files import write_atomically

LIBRARY: Final = "faketime/libfaketime.so.1"
LOOKED_FOR_IN: Final = (Path("/usr/lib"), Path("/usr/local/lib"))
LOOKS_EVERY_S: Final = 1
"""How often a process looks at what its clock is set to."""


def library() -> Path | None:
    """Find libfaketime, where Debian and others put it."""
    found = [
        it
        for folder in LOOKED_FOR_IN
        for pattern in (LIBRARY, f"*/{LIBRARY}")
        for it in folder.glob(pattern)
    ]
    return found[0] if found else None


def clock_environment(folder: Path, process: str, faketime: Path) -> Mapping[str, str]:
    """
    Say what a process has to find in its environment for its clock to be set.

    Args:
        folder: an empty one, which the process may read.
        process: its name.
        faketime: the library.
    """
    set_clock(folder, process, 0.0)
    return {
        "LD_PRELOAD": str(faketime),
        "FAKETIME_TIMESTAMP_FILE": str(_file(folder, process)),
        "FAKETIME_CACHE_DURATION": str(LOOKS_EVERY_S),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def set_clock(folder: Path, process: str, ahead_s: float) -> None:
    """Set the clock of a process; it is so within `LOOKS_EVERY_S`."""
    write_atomically(_file(folder, process), f"{ahead_s:+.3f}s".encode(), durable=False)


def _file(folder: Path, process: str) -> Path:
    return folder / f"{process}.clock"
