"""Each service's role tries everything that is not its own in PostgreSQL, and does what is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from cli.composition import as_role, service_database_url
from cli.database_roles import KEPT, grant_own, passwords_in
from cli.faults import MigrationFault
from cli.migrations import folders_of, migrate_all, with_schema
from cli.services import services
from shared import epochs
from shared.event_store import EventStore
from shared.runtime import pool_of
from tests.support.commits import one
from tests.support.servers import EmbeddedServers

pytestmark = pytest.mark.integration

SPECS = [with_schema(it) for it in services()]
NAMES = [it.name for it in SPECS]
PREFIX = "walk"


@dataclass(frozen=True, slots=True)
class Databases:
    """The databases of all services, as their owner and as each service reaches them."""

    owner_url: str
    passwords: dict[str, str]

    def own(self, service: str) -> str:
        return as_role(self.as_owner(service), self.passwords[service])

    def as_owner(self, service: str) -> str:
        return service_database_url(self.owner_url, service)

    async def migrate(self) -> None:
        await migrate_all(SPECS, self.owner_url, self.passwords)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def databases(own_servers: EmbeddedServers) -> Databases:
    passwords = passwords_in(own_servers.folder / "passwords", NAMES)
    made = Databases(own_servers.postgres.url(PREFIX), passwords)
    await made.migrate()
    return made


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


REFUSED = (
    "update event_log set data = ''",
    "delete from event_log",
    "truncate event_log",
    "delete from event_log_from_1",
    "insert into event_log select * from event_log",
    "insert into event_log_from_1 select * from event_log",
    "alter table event_log disable trigger all",
    "drop table event_log",
    "update log_head set position = 0",
    "update log_head set hash = '', epoch = 9",
    "delete from log_head",
    "truncate log_command",
    "delete from log_command",
    "insert into log_epoch (epoch, actor, reason, head) values (9, 'x', 'x', 0)",
    "insert into reservation values ('serial', 'ZAP1', 'x', 1)",
    "delete from reservation",
    "update log_stream set version = 0",
    "delete from skipped",
    "delete from schema_migrations",
    "select make_room(100000000)",
    "create table mine (id int)",
    "create temporary table mine (id int)",
    "create schema mine",
    "create function mine() returns int language sql as 'select 1'",
    "create role mine",
    "create database mine",
    "set role postgres",
    "set session authorization postgres",
    "set session_replication_role = replica",
    "alter function append_commands security invoker",
    "copy (select 1) to program 'true'",
    "select pg_read_file('PG_VERSION')",
)


WRITES = (
    'insert into "{0}" select * from "{0}" limit 0',
    'delete from "{0}" where false',
    'select 1 from "{0}" for update',
)


@pytest.mark.parametrize("service", NAMES)
async def test_a_role_changes_no_event_and_nothing_that_belongs_to_the_log(
    databases: Databases, service: str
) -> None:
    async with connected(databases.own(service)) as connection:
        went_through = [it for it in REFUSED if not await refused(connection, it)]

    assert went_through == []


async def refused(connection: Any, statement: str) -> bool:
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return True
    return False


@pytest.mark.parametrize("service", NAMES)
async def test_a_role_reaches_no_other_services_database(
    databases: Databases, service: str
) -> None:
    own = databases.own(service)
    for other in (it for it in NAMES if it != service):
        url = own.replace(f"/{PREFIX}_{service}?", f"/{PREFIX}_{other}?")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            await asyncpg.connect(url)


@pytest.mark.parametrize("service", NAMES)
async def test_a_password_opens_one_role_only(databases: Databases, service: str) -> None:
    for other in (it for it in NAMES if it != service):
        url = as_role(databases.as_owner(service), databases.passwords[other])
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(url)


@pytest.mark.parametrize("service", NAMES)
async def test_a_role_appends_halts_and_writes_its_read_models(
    databases: Databases, service: str
) -> None:
    async with pool_of(databases.own(service)) as pool, EventStore.open(pool) as store:
        position = await store.append(one("garage-1"))
        await epochs.halt(pool, "relay", "they contradict")
        await epochs.lift(pool, "relay")
        async with pool.acquire() as connection, connection.transaction():
            for table in await own_tables(connection):
                for statement in WRITES:
                    await connection.execute(statement.format(table))
            await connection.execute("select pg_advisory_xact_lock(1, 1), pg_notify('x', '')")
            await connection.execute("listen log")
            for sequence in await connection.fetch("select sequencename from pg_sequences"):
                await connection.fetchval("select nextval($1::text)", sequence["sequencename"])
        assert position == await store.head()


async def own_tables(connection: Any) -> list[str]:
    rows = await connection.fetch(
        "select relname from pg_class join pg_namespace n on n.oid = relnamespace"
        " where nspname = 'public' and relkind = 'r' and not relispartition"
    )
    return sorted({it["relname"] for it in rows} - KEPT)


@pytest.mark.parametrize("spec", SPECS, ids=NAMES)
async def test_what_a_migration_adds_is_the_services_at_the_next_start(
    databases: Databases, spec: Any
) -> None:
    assert folders_of(spec)
    async with connected(databases.as_owner(spec.name)) as owner:
        await owner.execute("create table added (id int)")
        try:
            async with connected(databases.own(spec.name)) as connection:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute("insert into added values (1)")
                await grant_own(databases.as_owner(spec.name), databases.passwords[spec.name])
                await connection.execute("insert into added values (1)")
        finally:
            await owner.execute("drop table added")


async def test_a_new_password_takes_the_place_of_the_old_one(databases: Databases) -> None:
    url = databases.as_owner("portal")
    await grant_own(url, "another")

    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(databases.own("portal"))
    async with connected(as_role(url, "another")) as connection:
        assert await connection.fetchval("select current_user") == f"{PREFIX}_portal"
    await databases.migrate()
    async with connected(databases.own("portal")):
        pass


async def test_a_superuser_is_never_taken_for_a_services_role(
    own_servers: EmbeddedServers,
) -> None:
    url = await own_servers.create_database("walk_superuser")
    async with connected(url) as owner:
        await owner.execute("create role walk_superuser superuser")

    with pytest.raises(MigrationFault, match="is a superuser"):
        await grant_own(url, "secret")
