"""Log files of child processes: kept small, and read from their ends."""

import asyncio
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import structlog

LOG_BYTES_MAX: Final = 10 * 1024 * 1024
"""A log larger than this is put aside; one such is kept."""

LAST_LINES_MAX: Final = 10
LAST_BYTES_MAX: Final = 16 * 1024
FOLLOW_POLL_S: Final = 0.1
TEND_POLL_S: Final = 20.0

log = structlog.get_logger()


def size_of(file: Path) -> int:
    """Size in bytes; a file that is not there has none."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def rotate(file: Path, bytes_max: int = LOG_BYTES_MAX) -> None:
    """Put a log that has grown too large aside, while nobody writes to it."""
    if size_of(file) > bytes_max:
        file.replace(_aside(file))


def cut(file: Path, bytes_max: int = LOG_BYTES_MAX) -> None:
    """
    Put a log that has grown too large aside, while its process writes to it.

    The process has it open for appending, so it goes on at the new end. What it writes between
    copy and cut, a moment, is lost.
    """
    if size_of(file) > bytes_max:
        shutil.copyfile(file, _aside(file))
        os.truncate(file, 0)


def last_lines(file: Path, since: int = 0) -> list[str]:
    """
    Read the last lines of a log.

    Args:
        file: a log that may not exist yet.
        since: offset in bytes before which nothing is read: where the present run began.
    """
    try:
        with file.open("rb") as source:
            size = source.seek(0, os.SEEK_END)
            source.seek(max(since, size - LAST_BYTES_MAX))
            text = source.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    return text.splitlines()[-LAST_LINES_MAX:]


async def tend(folder: Path, poll_s: float = TEND_POLL_S) -> None:
    """Keep the logs in a folder small, until cancelled."""
    while True:
        await asyncio.to_thread(_cut_all, folder)
        await asyncio.sleep(poll_s)


def _cut_all(folder: Path) -> None:
    for file in folder.glob("*.log"):
        try:
            cut(file)
        except OSError as fault:
            log.warning("log not cut", file=str(file), reason=str(fault))


async def follow(files: Mapping[str, Path], tell: Callable[[str, str], None]) -> None:
    """
    Tell every new line of the logs, until cancelled.

    Args:
        files: log by name; may grow meanwhile. Lines written before it is in there are skipped
            for the first ones only, those of later ones are told from their beginning.
        tell: gets name and line.
    """
    offsets = {name: size_of(file) for name, file in files.items()}
    rests: dict[str, bytes] = {}
    while True:
        for name, file in dict(files).items():
            size, offset = size_of(file), offsets.get(name, 0)
            if size < offset:
                offset = 0  # it was put aside
            if size > offset:
                with file.open("rb") as source:
                    source.seek(offset)
                    *lines, rests[name] = (rests.get(name, b"") + source.read()).split(b"\n")
                    offset = source.tell()
                for line in lines:
                    tell(name, line.decode("utf-8", "replace"))
            offsets[name] = offset
        await asyncio.sleep(FOLLOW_POLL_S)


def _aside(file: Path) -> Path:
    return file.with_name(f"{file.name}.1")
