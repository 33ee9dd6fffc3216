"""
The `eventsourcing` library on the same PostgreSQL, in its safe mode, to measure our append against.

Safe mode is its default: every append locks the table, so that readers in order miss nothing.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from uuid import UUID

from cli.bench.rates import WARM_UP_S, Rate, rate
from shared.ids import new_id

if TYPE_CHECKING:
    from eventsourcing.postgres import PostgresApplicationRecorder


class LibraryMissing(Exception):
    """The library is a development dependency, and is not installed."""


@contextlib.asynccontextmanager
async def opened_library(
    database_url: str, callers: int, data: bytes
) -> AsyncIterator["Library"]:
    """
    Make the library's tables, and open as many connections as there will be callers.

    Raises:
        LibraryMissing: it is not installed.
    """
    try:
        from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
    except ImportError as error:
        raise LibraryMissing(str(error)) from error
    parts = urlsplit(database_url)
    datastore = PostgresDatastore(
        dbname=parts.path.strip("/"),
        host=str(parts.hostname),
        port=int(parts.port or 5432),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        pool_size=callers,
    )
    recorder = PostgresApplicationRecorder(datastore, events_table_name="stored_events")
    try:
        await asyncio.to_thread(recorder.create_table)
        with ThreadPoolExecutor(callers) as threads:
            yield Library(recorder, threads, data)
    finally:
        await asyncio.to_thread(datastore.close)


class Library:
    """Callers of the library, each in a thread of its own: it knows no other way."""

    def __init__(
        self, recorder: "PostgresApplicationRecorder", threads: ThreadPoolExecutor, data: bytes
    ) -> None:
        self._recorder = recorder
        self._threads = threads
        self._data = data

    async def rate(self, callers: int, seconds: float) -> Rate:
        """Append one event at a time, as the library's own applications do."""
        loop = asyncio.get_running_loop()
        gate = threading.Barrier(callers)
        work = [
            loop.run_in_executor(self._threads, self._call, gate, seconds)
            for _ in range(callers)
        ]
        latencies_s = [it for part in await asyncio.gather(*work) for it in part]
        return rate(latencies_s, seconds)

    def _call(self, gate: threading.Barrier, seconds: float) -> list[float]:
        from eventsourcing.persistence import StoredEvent

        stream = UUID(new_id())
        latencies_s: list[float] = []
        version = 0
        gate.wait()
        began_s = time.perf_counter() + WARM_UP_S
        end_s = began_s + seconds
        while (asked_s := time.perf_counter()) < end_s:
            event = StoredEvent(stream, version, "telemetry:SessionEnded", self._data)
            self._recorder.insert_events([event])
            answered_s = time.perf_counter()
            version += 1
            if began_s <= answered_s <= end_s:
                latencies_s.append(answered_s - asked_s)
        return latencies_s
