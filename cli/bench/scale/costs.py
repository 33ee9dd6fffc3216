"""What processes take of the machine, and what they leave on its disk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import asyncpg
import psutil

from cli.bench.place import Place
from cli.composition import service_database_url
from cli.services import BALANCER, INSTALLATION, TELEMETRY
from shared.messaging import connect, disconnect

LOGS: Final = (INSTALLATION, TELEMETRY, BALANCER)
"""Whose logs grow with chargers."""
LOG_BYTES: Final = (
    "select sum(pg_total_relation_size(relid))::bigint from pg_partition_tree('event_log')"
)
ALL_BYTES: Final = "select sum(pg_database_size(oid))::bigint from pg_database"


@dataclass(frozen=True, slots=True)
class Used:
    """Seconds of a core that processes have used so far, and memory that is theirs, their share of what
    several have in common."""

    cpu_s: float
    memory_kib: float


@dataclass(frozen=True, slots=True)
class Stored:
    """What is kept on disk: events and bytes of the logs, messages and bytes of jetstreams, bytes of whole
    databases."""

    events: int
    log_bytes: int
    messages: int
    jetstream_bytes: int
    database_bytes: int

    def since(self, before: "Stored") -> "Stored":
        """Tell what came since."""
        return Stored(
            self.events - before.events,
            self.log_bytes - before.log_bytes,
            self.messages - before.messages,
            self.jetstream_bytes - before.jetstream_bytes,
            self.database_bytes - before.database_bytes,
        )


def used_by(pids: Mapping[str, int]) -> dict[str, Used]:
    """Ask what processes have used, by the names that they are given here; children count with them, also
    those that have ended, as the processes of PostgreSQL's connections do."""
    return {name: _used(psutil.Process(pid)) for name, pid in pids.items()}


def _used(process: psutil.Process) -> Used:
    cpu_s = memory_kib = 0.0
    for it in (process, *process.children(recursive=True)):
        try:
            times, memory = it.cpu_times(), it.memory_full_info()
        except psutil.NoSuchProcess:  # it has ended meanwhile: the next look has it as ended
            continue
        cpu_s += times.user + times.system + times.children_user + times.children_system
        memory_kib += memory.pss / 1024
    return Used(cpu_s, memory_kib)


async def stored_at(place: Place) -> Stored:
    """Ask what logs, jetstreams and databases hold."""
    events = log_bytes = database_bytes = 0
    for service in LOGS:
        connection = await asyncpg.connect(service_database_url(place.database_url, service))
        try:
            events += await connection.fetchval("select position from log_head")
            log_bytes += await connection.fetchval(LOG_BYTES)
            database_bytes = await connection.fetchval(ALL_BYTES)
        finally:
            await connection.close()
    client = await connect(place.nats_url, "ampledger-bench-stored")
    try:
        states = [it.state for it in await client.jetstream().streams_info()]
    finally:
        await disconnect(client)
    return Stored(
        events,
        log_bytes,
        sum(it.messages for it in states),
        sum(it.bytes for it in states),
        database_bytes,
    )
