"""One reader at the end of a log while several processes write to it: what it misses is counted."""

import asyncio
import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from cli.bench.place import Place, open_store
from cli.figures import Figures, figure
from cli.stack import PROJECT
from shared.event_store import EventStore
from shared.recorded import Recorded

PROCESSES: Final = 2
CALLERS: Final = 12
"""In each process; together they are 24."""
EVENTS: Final = 200_000
PAGE: Final = 1000
PAUSE_S: Final = 0.001


@dataclass(slots=True)
class Seen:
    """What a reader was given, in the order in which it was."""

    position: int = 0
    reordered: int = 0
    times: "Counter[UUID]" = field(default_factory=Counter)
    versions: dict[str, int] = field(default_factory=dict)

    def take(self, page: list[Recorded]) -> None:
        for it in page:
            follows = it.version == self.versions.get(it.stream, 0) + 1
            self.reordered += it.position <= self.position or not follows
            self.position = max(self.position, it.position)
            self.versions[it.stream] = it.version
            self.times[it.event_id] += 1


async def measure_tail(place: Place, share: float) -> tuple[Figures, str]:
    """
    Tail a log under 24 writers until it has so many events.

    Args:
        place: the servers.
        share: of the usual number of events.

    Returns:
        The figures, and the URL of the log with its events.
    """
    wanted = max(1000, int(EVENTS * share))
    database_url = await place.log("tail")
    seen = Seen()
    async with open_store(database_url) as (pool, store):
        writers = [await _writer(database_url, wanted) for _ in range(PROCESSES)]
        waiting = [asyncio.create_task(it.wait()) for it in writers]
        try:
            await _tail(store, seen, waiting)
        finally:
            for writer in writers:
                if writer.returncode is None:
                    writer.kill()
                    await writer.wait()
        if any(it.returncode for it in writers):
            raise RuntimeError("a writer of the tail test has failed; see above")
        rows = await pool.fetch("select event_id from event_log")
    return tail_figures(seen, {row["event_id"] for row in rows}), database_url


async def _tail(store: EventStore, seen: Seen, waiting: list["asyncio.Task[int]"]) -> None:
    """Read to the end of the log, and on, until the writers have ended before a look at the end."""
    while True:
        ended = all(it.done() for it in waiting)
        page = await store.read(after=seen.position, limit=PAGE)
        seen.take(page)
        if not page:
            if ended:
                return
            await asyncio.sleep(PAUSE_S)


async def _writer(database_url: str, wanted: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "cli.bench.tail_writer", str(CALLERS), str(wanted)),
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": database_url},
    )


def tail_figures(seen: Seen, there: set[Any]) -> Figures:
    """Compare what a reader was given with what the log holds, by event ids."""
    reference = (
        f"{PROCESSES * CALLERS} writers in {PROCESSES} processes, commits of 1 to 8; aim 0"
    )
    doubled = sum(times - 1 for times in seen.times.values())
    return {
        "tail_events": figure(len(there), "1", "aim 200,000"),
        "tail_missed": figure(len(there - seen.times.keys()), "1", reference),
        "tail_doubled": figure(doubled, "1", reference),
        "tail_reordered": figure(seen.reordered, "1", reference),
    }
