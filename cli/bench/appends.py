"""How fast events are appended: by us, by plain INSERTs, and by the library, in turns."""

import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import asyncpg

from cli.bench.library import LibraryMissing, opened_library
from cli.bench.place import Place, open_store
from cli.bench.rates import Rate, median_rate, rate_of
from cli.bench.samples import MARK, commit, session_events
from cli.figures import Figures, figure
from shared.event_store import EventStore
from shared.ids import new_id

CALLERS: Final = (1, 32, 256)
COMPARED: Final = 32
REPETITIONS: Final = 3
SEED: Final = 7

Case = Callable[[float], Awaitable[Rate]]
Say = Callable[[str], None]

_PLAIN: Final = """
    create table plain (
        position bigint generated always as identity primary key, stream text not null,
        version bigint not null, type text not null, schema smallint not null,
        event_id uuid not null, data bytea not null, meta bytea not null,
        recorded_at timestamptz not null default clock_timestamp(), unique (stream, version))
"""
_INSERT: Final = """
    insert into plain (stream, version, type, schema, event_id, data, meta)
    values ($1, $2, $3, $4, $5, $6, $7)
"""


async def measure_appends(place: Place, seconds: float, say: Say) -> Figures:
    """
    Measure every case several times, in an order that chance gives.

    Args:
        place: the servers.
        seconds: how long each case is measured, in all its repetitions together.
        say: told what is going on.
    """
    async with contextlib.AsyncExitStack() as stack:
        cases = await _cases(place, stack, say)
        rates: dict[str, list[Rate]] = {name: [] for name in cases}
        chance = random.Random(SEED)  # noqa: S311  # an order of measurements is no secret
        for repetition in range(REPETITIONS):
            names = list(cases)
            chance.shuffle(names)
            for name in names:
                say(f"{name}, {repetition + 1} of {REPETITIONS}")
                rates[name].append(await cases[name](seconds / REPETITIONS))
    return _figures({name: median_rate(them) for name, them in rates.items()})


async def _cases(place: Place, stack: contextlib.AsyncExitStack, say: Say) -> dict[str, Case]:
    _, store = await stack.enter_async_context(open_store(await place.log("appends")))
    cases = {f"append {it}": _ours(store, it) for it in CALLERS}
    others = await place.log("others")
    connections = await stack.enter_async_context(_connections(others, COMPARED))
    cases[f"insert {COMPARED}"] = await _inserts(connections)
    try:
        library = await stack.enter_async_context(
            opened_library(others, COMPARED, _one_event())
        )
    except LibraryMissing as why:
        say(f"without the library: {why}")
    else:
        cases[f"library {COMPARED}"] = lambda seconds: library.rate(COMPARED, seconds)
        cases["library 1"] = lambda seconds: library.rate(1, seconds)
    return cases


def _one_event() -> bytes:
    return session_events()[-1].model_dump_json().encode()


def _ours(store: EventStore, callers: int) -> Case:
    events = session_events()

    async def measure(seconds: float) -> Rate:
        run = new_id()

        async def append(caller: int, number: int) -> None:
            event = events[(caller + number) % len(events)]
            await store.append(commit(f"{run}-{caller}", number, [event]))

        return await rate_of(append, callers, seconds)

    return measure


@contextlib.asynccontextmanager
async def _connections(database_url: str, count: int) -> AsyncIterator[list[Any]]:
    connections = [await asyncpg.connect(database_url) for _ in range(count)]
    try:
        yield connections
    finally:
        for connection in connections:
            await connection.close()


async def _inserts(connections: list[Any]) -> Case:
    """One INSERT per event, prepared once, each caller on its own connection; nothing is checked."""
    await connections[0].execute(_PLAIN)
    statements = [await it.prepare(_INSERT) for it in connections]
    for it in connections:
        await it.execute("select 1")  # ends the transaction that preparing has left open
    events = session_events()

    async def measure(seconds: float) -> Rate:
        run = new_id()

        async def insert(caller: int, number: int) -> None:
            event = events[(caller + number) % len(events)]
            part = commit("", None, ())
            await statements[caller].fetch(
                f"{run}-{caller}",
                number,
                type(event).__name__,
                event.schema_version,
                new_id(),
                event.model_dump_json(exclude_none=True).encode(),
                part.meta.model_dump_json(exclude_none=True).encode() + MARK,
            )

        return await rate_of(insert, len(connections), seconds)

    return measure


def _figures(rates: dict[str, Rate]) -> Figures:
    ours, insert = rates["append 32"], rates["insert 32"]
    library = rates.get("library 32")
    figures = {
        "append_1_per_s": _per_s(
            rates["append 1"], "prototype 2,597 on a quiet 2-core machine"
        ),
        "append_32_per_s": _per_s(ours, "prototype 31,560, without hash chain; aim 23,000"),
        "append_32_p99_ms": figure(ours.p99_ms, "ms", "prototype 1.46; aim 3"),
        "append_256_per_s": _per_s(
            rates["append 256"], "prototype 47,131, with hash chain 27,084; aim 20,000"
        ),
        "append_256_p99_ms": figure(rates["append 256"].p99_ms, "ms", "prototype 7.2; aim 12"),
        "insert_32_per_s": _per_s(insert, "14,634: one INSERT each, nothing checked"),
        "append_32_vs_insert": figure(ours.per_s / insert.per_s, "x", "aim 1.5, in this run"),
        "append_256_vs_insert": figure(
            rates["append 256"].per_s / insert.per_s, "x", "aim 1.4, in this run"
        ),
    }
    if library is not None:
        figures |= {
            "library_1_per_s": _per_s(
                rates["library 1"], "1,063: eventsourcing 9.5, safe mode, 1 thread"
            ),
            "library_32_per_s": _per_s(
                library, "1,191: eventsourcing 9.5, safe mode, 32 threads"
            ),
        }
    figures["append_32_vs_library"] = figure(
        None if library is None else ours.per_s / library.per_s, "x", "aim 15, in this run"
    )
    return figures


def _per_s(rate: Rate, reference: str) -> dict[str, Any]:
    return figure(rate.per_s, "events/s", reference)
