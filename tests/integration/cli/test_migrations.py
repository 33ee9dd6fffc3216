"""Migrations are applied while a service appends at full rate: nobody waits for long."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import structlog

from cli import migrations
from cli.bench.samples import commit, session_events
from cli.composition import LOCK_S_MAX
from cli.database_roles import grant_own
from cli.faults import MigrationFault
from cli.migrations import LOCK_REFUSED, LOG_SCHEMA, migrate
from shared.event_store import EventStore
from shared.ids import new_id
from shared.runtime import pool_of
from tests.support.databases import ROOT, service_database
from tests.support.servers import EmbeddedServers
from tests.support.waiting import until

pytestmark = pytest.mark.integration

WRITERS = 4
WITHIN_S = 60.0
PAUSE_S_MAX = LOCK_S_MAX + 2.0
"""What a migration may wait for a lock, and what a busy machine adds to it."""
SCHEMAS = [LOG_SCHEMA, ROOT / "services" / "telemetry" / "schema"]
"""The log's, and the one with the most tables of its own."""
NEXT = {
    "29990101000001_expand.sql": """-- migrate:up
alter table event_log add column note text;
alter table log_command add column note text;
-- migrate:down
""",
    "29990101000002_index.sql": """-- migrate:up transaction:false
create index concurrently log_command_by_position on log_command (position);
-- migrate:down
""",
}
"""What a version to come may do to the log's own tables, as docs/upgrading.md has it."""


def next_version(folder: Path) -> Path:
    for name, sql in NEXT.items():
        (folder / name).write_text(sql)
    return folder


async def test_writers_hardly_notice_that_tables_are_added_and_changed(
    servers: EmbeddedServers, tmp_path: Path
) -> None:
    url = await service_database(servers)
    enough, gaps_s, written = asyncio.Event(), [0.0], 0

    async def write(store: EventStore, stream: str) -> None:
        nonlocal written
        loop, event = asyncio.get_running_loop(), session_events()[0]
        while not enough.is_set():
            began_s = loop.time()
            await store.append(commit(stream, None, [event]))
            gaps_s.append(loop.time() - began_s)
            written += 1

    async with pool_of(url) as pool, EventStore.open(pool) as store:
        writers = [asyncio.create_task(write(store, f"c{it}")) for it in range(WRITERS)]
        await migrate("telemetry", url, [*SCHEMAS, next_version(tmp_path)])
        await grant_own(url, new_id())
        enough.set()
        await asyncio.gather(*writers)
        assert await store.head() == written, "nothing that was acknowledged is lost"
    sys.stdout.write(f"{written} appends, the longest took {max(gaps_s):.3f} s\n")
    assert written > WRITERS
    assert max(gaps_s) < PAUSE_S_MAX


@contextlib.asynccontextmanager
async def read_by_somebody(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Somebody reads the log, and takes their time: nobody may change the table meanwhile."""
    reader = await asyncpg.connect(url)
    try:
        async with reader.transaction():
            await reader.execute("select count(*) from event_log")
            yield reader
    finally:
        await reader.close()


async def test_a_migration_that_does_not_get_its_lock_gives_way_and_is_tried_again(
    servers: EmbeddedServers, tmp_path: Path
) -> None:
    url = await service_database(servers)
    folders = [*SCHEMAS, next_version(tmp_path)]
    with structlog.testing.capture_logs() as said:
        async with read_by_somebody(url):
            migrating = asyncio.create_task(migrate("telemetry", url, folders))

            async def gave_way() -> bool:
                return any("gives way" in it["event"] for it in said)

            await until(gave_way, bool, WITHIN_S)
        await migrating

    async with pool_of(url) as pool:
        assert await pool.fetchval("select count(note) from event_log") == 0


async def test_a_migration_that_never_gets_its_lock_ends_says_why_and_has_changed_nothing(
    servers: EmbeddedServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "ATTEMPTS_MAX", 2)
    monkeypatch.setattr(migrations, "AGAIN_S", 0.0)
    url = await service_database(servers)
    async with read_by_somebody(url) as reader:
        with pytest.raises(MigrationFault, match=LOCK_REFUSED) as fault:
            await migrate("telemetry", url, [*SCHEMAS, next_version(tmp_path)])
        assert "start again" in fault.value.hint
        with pytest.raises(asyncpg.UndefinedColumnError):
            await reader.execute("select note from event_log")
