"""How fast a log is read again: all of it as typed events, and one installation at a time."""

import random
import statistics
import time
from typing import Final

from cli.bench.place import Place, open_store
from cli.bench.rates import quantile
from cli.bench.samples import commit
from cli.figures import Figures, figure
from cli.garages import commands, garage
from services.installation.decider import installation as decider
from shared.event_store import EventStore
from shared.messages import Event
from shared.phases import GridType

REPETITIONS: Final = 5
INSTALLATIONS: Final = 100
INSTALLATION_EVENTS: Final = 100
SEED: Final = 7


async def measure_replay(database_url: str) -> Figures:
    """Read a whole log in pages, every event validated into its type."""
    async with open_store(database_url) as (_, store):
        rates = [await _replay(store) for _ in range(REPETITIONS)]
    reference = "253,583 with pydantic, events of 230 bytes; aim 200,000"
    return {"replay_per_s": figure(statistics.median(rates), "events/s", reference)}


async def _replay(store: EventStore) -> float:
    began_s = time.perf_counter()
    count = 0
    async for page in store.pages():
        for recorded in page:
            assert recorded.event is not None  # noqa: S101  # decoding is what is measured
        count += len(page)
    return count / (time.perf_counter() - began_s)


async def measure_rebuild(place: Place) -> Figures:
    """Load, decode and fold installations of 100 events, one at a time, in an order of chance."""
    async with open_store(await place.log("installations")) as (_, store):
        streams = await _write_installations(store)
        chance = random.Random(SEED)  # noqa: S311  # an order of measurements is no secret
        whole_ms: list[float] = []
        fold_ms: list[float] = []
        for stream in [it for _ in range(REPETITIONS) for it in _shuffled(streams, chance)]:
            began_s = time.perf_counter()
            history = await store.load(stream)
            loaded_s = time.perf_counter()
            state = decider.fold([it.event for it in history])  # type: ignore[misc]
            folded_s = time.perf_counter()
            if len(history) != INSTALLATION_EVENTS or state == decider.initial:
                raise RuntimeError(f"{stream} was not rebuilt")
            whole_ms.append((folded_s - began_s) * 1e3)
            fold_ms.append((folded_s - loaded_s) * 1e3)
    return {
        "rebuild_100_p50_ms": figure(quantile(whole_ms, 50), "ms", "0.54 with pydantic; aim 1"),
        "rebuild_100_p99_ms": figure(quantile(whole_ms, 99), "ms", "load, decode and fold"),
        "rebuild_100_in_process_p50_ms": figure(
            quantile(fold_ms, 50), "ms", "decode and fold, without the database"
        ),
    }


async def _write_installations(store: EventStore) -> list[str]:
    """Decide the commands of a large garage; each installation has its first 100 events."""
    state = decider.initial
    events: list[Event] = []
    for command in commands(garage(INSTALLATION_EVENTS, 400.0, GridType.TN_3_PHASE)):
        decided = decider.decide(command, state)  # type: ignore[arg-type]  # a garage's are all known
        state = decider.fold(decided, state)
        events += decided
    history = events[:INSTALLATION_EVENTS]
    streams = [f"installation-{number:04}" for number in range(INSTALLATIONS)]
    for stream in streams:
        await store.append(commit(stream, 0, history))
    return streams


def _shuffled(streams: list[str], chance: random.Random) -> list[str]:
    return chance.sample(streams, len(streams))
