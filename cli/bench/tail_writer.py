"""
A process that appends to a log as fast as it can: one of several, for the tail test.

    python -m cli.bench.tail_writer DATABASE_URL CALLERS EVENTS

Ends when the log has so many events. The URL has a password, so it comes in the environment.
"""

import asyncio
import os
import random
import sys
from typing import Final

import uvloop

from cli.bench.place import open_store
from cli.bench.samples import commit, session_events
from shared.ids import new_id

COMMIT_EVENTS_MAX: Final = 8


async def write(database_url: str, callers: int, events_wanted: int) -> None:
    """Append commits of one to eight events, each caller to streams of its own."""
    events = session_events()
    run = new_id()
    head = 0

    async def call(caller: int) -> None:
        nonlocal head
        chance = random.Random(caller)  # noqa: S311  # sizes of commits are no secret
        version = 0
        while head < events_wanted:
            count = chance.randint(1, COMMIT_EVENTS_MAX)
            part = [events[(version + number) % len(events)] for number in range(count)]
            head = max(head, await store.append(commit(f"{run}-{caller}", version, part)))
            version += count

    async with open_store(database_url) as (_, store):
        await asyncio.gather(*(call(number) for number in range(callers)))


if __name__ == "__main__":
    uvloop.run(write(os.environ["DATABASE_URL"], int(sys.argv[1]), int(sys.argv[2])))
