"""`ampledger backup` and `restore`: all databases of one moment, there and back, or a clear refusal."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import orjson
import pytest
import pytest_asyncio

from cli.backups import MANIFEST
from cli.composition import service_database_url
from cli.migrations import LOG_SCHEMA, folders_of, migrate, with_schema
from cli.services import services
from shared.epochs import log_state
from tests.support.cli_place import FOLLOWER, CliPlace, ampledger, cli_place
from tests.support.log_place import SERVICE, Effects, relay_of, running
from tests.support.servers import EmbeddedServers, running_servers, scratch_folder

pytestmark = pytest.mark.integration


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_servers() -> AsyncIterator[EmbeddedServers]:
    async with running_servers() as running:
        yield running


@pytest_asyncio.fixture
async def place(own_servers: EmbeddedServers) -> AsyncIterator[CliPlace]:
    """The databases of all services; one has a log, another one follows it."""
    async with cli_place(own_servers) as made:
        for spec in map(with_schema, services()):
            if spec.name not in {SERVICE, FOLLOWER}:
                url = service_database_url(made.database_url, spec.name)
                await migrate(spec.name, url, folders_of(spec) or [LOG_SCHEMA])
        yield made


@pytest.fixture
def scratch() -> Iterator[Path]:
    with scratch_folder() as folder:
        yield folder


async def test_what_was_backed_up_is_restored_under_another_name(
    place: CliPlace, scratch: Path
) -> None:
    await place.log.append("garage-1", 7)
    taken = await place.ampledger("backup", str(scratch / "b"), "--json")
    assert taken.code == 0, taken
    await place.log.append("garage-1", 2)

    beside = {"DATABASE_URL": place.database_url.replace("?", "_again?")}
    restored = await ampledger("restore", str(scratch / "b"), environment=beside)

    assert restored.code == 0, restored
    assert "new-epoch --dry-run" in restored.out
    connection = await asyncpg.connect(service_database_url(beside["DATABASE_URL"], SERVICE))
    theirs = await connection.fetch("select * from event_log order by position")
    state = await log_state(connection)
    await connection.close()
    ours = await place.log.pool.fetch("select * from event_log order by position limit 7")
    assert theirs == ours
    assert (state.position, state.halted_by) == (7, "restore")
    assert "restored from the backup of 20" in (state.halted_why or "")
    saved = {it["service"]: it for it in taken.json["databases"]}
    assert saved[SERVICE]["position"] == 7
    assert set(saved) == {it.name for it in services()}


async def test_a_backup_is_of_one_moment_while_everything_goes_on(
    place: CliPlace, scratch: Path
) -> None:
    """No follower in it has come further than the log in it."""
    effects = Effects(place.follower)
    stop = asyncio.Event()

    async def load() -> None:
        while not stop.is_set():
            await place.log.append("garage-1", 3)

    async with running(relay_of(place.log).run()), running(effects.run()), running(load()):
        await effects.until_at(30)
        taken = await place.ampledger("backup", str(scratch / "b"), "--json")
        stop.set()
    assert taken.code == 0, taken
    beside = {"DATABASE_URL": place.database_url.replace("?", "_moment?")}
    assert (await ampledger("restore", str(scratch / "b"), environment=beside)).code == 0

    heads = {it["service"]: it["position"] for it in taken.json["databases"]}
    connection = await asyncpg.connect(service_database_url(beside["DATABASE_URL"], FOLLOWER))
    at = await connection.fetchval("select position from cursor where service = $1", SERVICE)
    taken_effect = await connection.fetchval("select count(*) from effect")
    await connection.close()
    assert 30 <= at <= heads[SERVICE]
    assert taken_effect == at


async def test_a_follower_ahead_of_its_log_cannot_be_backed_up(
    place: CliPlace, scratch: Path
) -> None:
    await place.follower.pool.execute(
        "insert into cursor (consumer, service, position) values ('portal', $1, 5)", SERVICE
    )

    said = await place.ampledger("backup", str(scratch / "b"))

    assert said.code == 2
    assert "a follower was ahead of the log" in said.err
    assert not (scratch / "b" / MANIFEST).exists()


async def test_what_is_there_is_never_overwritten(place: CliPlace, scratch: Path) -> None:
    await place.log.append("garage-1", 2)
    backup = str(scratch / "b")
    assert (await place.ampledger("backup", backup)).code == 0

    again = await place.ampledger("backup", backup)
    assert again.code == 2
    assert "is not empty" in again.err

    same = await place.ampledger("restore", backup)
    assert same.code == 2
    assert "exists already" in same.err

    (scratch / "data").mkdir()
    (scratch / "data" / "mine").touch()
    folder = await place.ampledger("restore", backup, "--data-folder", str(scratch / "data"))
    assert folder.code == 2
    assert "is not empty" in folder.err


async def test_keys_come_along_or_are_asked_for(place: CliPlace, scratch: Path) -> None:
    await place.log.append("garage-1", 2)
    backup = str(scratch / "b")
    assert (await place.ampledger("backup", backup)).code == 0
    (scratch / "copy").mkdir()

    none = await place.ampledger(
        "restore", backup, "--data-folder", str(scratch / "x"), "--keys", str(scratch / "copy")
    )
    assert none.code == 2
    assert "has no keys" in none.err
    assert not (scratch / "x").exists()

    (scratch / "copy" / "master.key").write_text("ab" * 32)
    folder = str(scratch / "data")
    given = await place.ampledger(
        "restore", backup, "--data-folder", folder, "--keys", str(scratch / "copy")
    )
    assert given.code == 0, given
    assert (scratch / "data" / "keys" / "master.key").read_text() == "ab" * 32
    assert "copy the keys" not in given.err

    without = await place.ampledger("restore", backup, "--data-folder", str(scratch / "other"))
    assert without.code == 0, without
    assert "copy the keys of the lost data folder" in " ".join(without.err.split())


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda it: (it / MANIFEST).unlink(), "not a complete backup"),
        (lambda it: (it / MANIFEST).write_text("{"), "cannot be read"),
        (
            lambda it: (it / f"{SERVICE}.dump").unlink(),
            "is missing, or is not what was written",
        ),
        (lambda it: _append(it / f"{SERVICE}.dump"), "is missing, or is not what was written"),
        (lambda it: _set(it / MANIFEST, "format", 9), "this version reads 1"),
    ],
)
async def test_a_damaged_backup_is_refused(
    place: CliPlace, scratch: Path, harm: object, says: str
) -> None:
    await place.log.append("garage-1", 2)
    assert (await place.ampledger("backup", str(scratch / "b"))).code == 0
    assert callable(harm)
    harm(scratch / "b")

    said = await place.ampledger(
        "restore", str(scratch / "b"), "--data-folder", str(scratch / "d")
    )

    assert said.code == 2
    assert says in " ".join(said.err.split())
    assert not (scratch / "d").exists()


async def test_a_log_that_was_tampered_with_is_noticed_when_it_is_restored(
    place: CliPlace, scratch: Path
) -> None:
    await place.log.append("garage-1", 5)
    await place.log.pool.execute("alter table event_log disable trigger user")
    for (name,) in await place.log.pool.fetch(
        "select relname from pg_class where relname like 'event_log_from%' and relkind = 'r'"
    ):
        await place.log.pool.execute(f"alter table {name} disable trigger user")
    await place.log.pool.execute("update event_log set data = '{}' where position = 3")
    assert (await place.ampledger("backup", str(scratch / "b"))).code == 0

    beside = {"DATABASE_URL": place.database_url.replace("?", "_bad?")}
    said = await ampledger("restore", str(scratch / "b"), environment=beside)

    assert said.code == 2
    assert f"what was restored of {SERVICE} is not right: position 3" in " ".join(
        said.err.split()
    )


async def test_a_backup_needs_the_servers_and_says_so(scratch: Path) -> None:
    away = {"DATABASE_URL": "postgresql://me:secret@127.0.0.1:1/x"}
    said = await ampledger("backup", str(scratch / "b"), environment=away)

    assert said.code == 2
    assert "cannot be reached" in said.err
    assert "secret" not in said.err


def _append(file: Path) -> None:
    with file.open("ab") as out:
        out.write(b"x")


def _set(file: Path, name: str, value: object) -> None:
    content = orjson.loads(file.read_bytes())
    file.write_bytes(orjson.dumps(content | {name: value}))
