"""`ampledger up` as a process: signals, kills, second instances, damaged folders."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import nats
import orjson
import psutil
import pytest

from cli.accounts import server_account
from cli.ports import free_ports
from cli.processes import as_account
from cli.programs import postgres_tree
from tests.support.servers import scratch_folder
from tests.support.stack_child import (
    eventually,
    fake,
    gone,
    ordinary_prefix,
    run_file,
    stack_child,
)

pytestmark = pytest.mark.integration

STOP_S_MAX = 20.0
"""Far more than it takes, and less than if one of the time-outs were waited for."""


@pytest.fixture
def scratch() -> Iterator[Path]:
    with scratch_folder() as folder:
        yield folder


@pytest.fixture
def schema(scratch: Path) -> Path:
    folder = scratch / "schema"
    folder.mkdir()
    (folder / "20260101000001_kept.sql").write_text(
        "-- migrate:up\ncreate table kept (word text);\n-- migrate:down\ndrop table kept;\n"
    )
    return folder


async def keep(data: Path, word: str) -> None:
    """Write a row and an acknowledged message."""
    urls = run_file(data)["urls"]
    connection = await asyncpg.connect(urls["database"].replace("/ampledger?", "/ampledger_a?"))
    await connection.execute("insert into kept values ($1)", word)
    await connection.close()
    client = await nats.connect(urls["nats"])
    jetstream = client.jetstream()
    await jetstream.add_stream(name="KEPT", subjects=["kept.>"])
    await jetstream.publish("kept.it", word.encode())
    await client.close()


async def kept(data: Path) -> tuple[list[str], list[str]]:
    """Read the rows and the messages."""
    urls = run_file(data)["urls"]
    connection = await asyncpg.connect(urls["database"].replace("/ampledger?", "/ampledger_a?"))
    rows = [it["word"] for it in await connection.fetch("select word from kept")]
    await connection.close()
    client = await nats.connect(urls["nats"])
    jetstream = client.jetstream()
    last = (await jetstream.stream_info("KEPT")).state.last_seq
    messages = [(await jetstream.get_msg("KEPT", it)).data for it in range(1, last + 1)]
    await client.close()
    return rows, [it.decode() for it in messages if it is not None]


async def test_every_killed_process_comes_back_and_nothing_is_lost(
    scratch: Path, schema: Path
) -> None:
    data = scratch / "data"
    async with stack_child(data, fake("a", schema_folder=str(schema))) as stack:
        assert (await stack.up())["late"] == []
        await keep(data, "before the kill")
        before = run_file(data)["pids"]

        for name in ("postgres", "nats", "a"):
            os.kill(before[name], signal.SIGKILL)
            await stack.line("event", name, "ended unexpectedly", "SIGKILL")
            await stack.line("event", f"{name} ready", times=2)

        after = run_file(data)["pids"]
        assert set(after) == {"postgres", "nats", "a"}
        assert not set(after.values()) & set(before.values())
        assert await kept(data) == (["before the kill"], ["before the kill"])


async def test_all_killed_at_once_come_back_too(scratch: Path, schema: Path) -> None:
    data = scratch / "data"
    async with stack_child(data, fake("a", schema_folder=str(schema))) as stack:
        await stack.up()
        await keep(data, "before the kill")

        for pid in run_file(data)["pids"].values():
            os.kill(pid, signal.SIGKILL)
        for name in ("postgres", "nats", "a"):
            await stack.line("event", f"{name} ready", times=2)

        assert await kept(data) == (["before the kill"], ["before the kill"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_stops_everything_within_seconds(
    scratch: Path, number: signal.Signals
) -> None:
    data = scratch / "data"
    async with stack_child(data, fake("a"), fake("b")) as stack:
        await stack.up()
        pids = run_file(data)["pids"].values()
        began_s = time.monotonic()

        assert await stack.stop(number) == 0

        assert time.monotonic() - began_s < STOP_S_MAX
        assert all(gone(pid) for pid in pids)
        assert run_file(data)["pids"] == {}
        order = [it.split()[1] for it in stack.lines if it.endswith(" stopped ")]
        assert set(order[:2]) == {"a", "b"}
        assert order[2:] == ["nats", "postgres"]
        assert not (data / "postgres" / "postmaster.pid").exists()


async def test_a_service_that_ignores_the_signal_is_killed_after_its_time(
    scratch: Path,
) -> None:
    data = scratch / "data"
    async with stack_child(data, fake("a", env={"FAKE_SERVICE": "obstinate"})) as stack:
        await stack.up()
        pids = run_file(data)["pids"].values()

        assert await stack.stop() == 0

        assert all(gone(pid) for pid in pids)


async def test_a_second_signal_does_not_wait(scratch: Path) -> None:
    data = scratch / "data"
    async with stack_child(data, fake("a", env={"FAKE_SERVICE": "obstinate"})) as stack:
        await stack.up()
        pids = run_file(data)["pids"].values()
        stack.process.send_signal(signal.SIGINT)
        await stack.line("stopping")

        assert await stack.stop() == 0

        assert all(gone(pid) for pid in pids)


async def test_a_signal_during_the_start_stops_it(scratch: Path) -> None:
    data = scratch / "data"
    async with stack_child(data, fake("a")) as stack:
        await stack.line("event postgres started")

        assert await stack.stop() == 0

        assert run_file(data)["pids"] == {}


async def test_stopped_and_started_again_everything_is_as_it_was(
    scratch: Path, schema: Path
) -> None:
    data = scratch / "data"
    postgres_port, nats_port, monitor_port = free_ports(3)
    ports = {
        "postgres_port": postgres_port,
        "nats_port": nats_port,
        "nats_monitor_port": monitor_port,
    }
    urls = []
    for run in range(2):
        async with stack_child(data, fake("a", schema_folder=str(schema)), **ports) as stack:
            told = await stack.up()
            urls.append(told["urls"])
            if run == 0:
                await keep(data, "before the stop")
            assert await kept(data) == (["before the stop"], ["before the stop"])
            assert await stack.stop() == 0
    assert urls[0] == urls[1]


async def test_no_process_outlives_a_killed_supervisor_and_the_next_start_works(
    scratch: Path, schema: Path
) -> None:
    data = scratch / "data"
    async with stack_child(
        data,
        fake("a", schema_folder=str(schema)),
        fake("b", env={"FAKE_SERVICE": "obstinate"}),
    ) as stack:
        await stack.up()
        await keep(data, "before the kill")
        pids = run_file(data)["pids"]
        assert set(pids) == {"postgres", "nats", "a", "b"}

        stack.process.kill()
        await stack.ended()

        for pid in pids.values():
            await eventually(lambda pid=pid: gone(pid), 20)
    async with stack_child(data, fake("a", schema_folder=str(schema))) as stack:
        await stack.up()
        assert await kept(data) == (["before the kill"], ["before the kill"])


async def test_a_start_right_after_a_kill_of_everything_works(
    scratch: Path, schema: Path
) -> None:
    data = scratch / "data"
    async with stack_child(data, fake("a", schema_folder=str(schema))) as stack:
        await stack.up()
        await keep(data, "before the kill")
        stack.process.kill()
        for pid in run_file(data)["pids"].values():
            os.kill(pid, signal.SIGKILL)
    async with stack_child(data, fake("a", schema_folder=str(schema))) as stack:
        await stack.up()
        assert await kept(data) == (["before the kill"], ["before the kill"])


def as_postgres_user(*command: str | Path, cwd: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=cwd,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **as_account(server_account()),
    )


async def test_a_postgres_left_over_from_an_earlier_run_is_ended_first(
    scratch: Path, schema: Path
) -> None:
    data = scratch / "data"
    async with stack_child(data, fake("a", schema_folder=str(schema))) as stack:
        await stack.up()
        await keep(data, "before")
        await stack.stop()
    orphan = as_postgres_user(
        *(postgres_tree() / "bin" / "postgres", "-D", data / "postgres"),
        *("-p", "1", "-h", "", "-k", data / "run" / "postgres"),
        cwd=data / "postgres",
    )
    try:
        await eventually((data / "postgres" / "postmaster.pid").exists)
        async with stack_child(data, fake("a", schema_folder=str(schema))) as stack:
            await stack.up()
            assert orphan.poll() == 0
            assert await kept(data) == (["before"], ["before"])
    finally:
        orphan.kill()
        orphan.wait()


async def test_a_lock_of_postgres_whose_pid_is_somebody_elses_now_is_no_hindrance(
    scratch: Path,
) -> None:
    data = scratch / "data"
    async with stack_child(data) as stack:
        await stack.up()
        await stack.stop()
    stranger = as_postgres_user("sleep", "1000", cwd=Path("/"))
    try:
        lock = data / "postgres" / "postmaster.pid"
        lock.write_text(f"{stranger.pid}\n{data / 'postgres'}\n1\n1\n\n\n\n")
        async with stack_child(data) as stack:
            await stack.up()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_a_second_instance_on_the_same_folder_is_refused(scratch: Path) -> None:
    data = scratch / "data"
    async with stack_child(data) as first:
        await first.up()
        async with stack_child(data) as second:
            assert await second.ended() == 2
        assert f"in use by ampledger, pid {first.process.pid}" in second.faults
        assert f"kill {first.process.pid}" in second.faults
        assert not any("event" in it for it in second.lines)
        assert all(not gone(pid) for pid in run_file(data)["pids"].values())


@pytest.mark.parametrize("option", ["postgres_port", "nats_port", "nats_monitor_port"])
async def test_a_port_in_use_is_named_with_the_option_that_changes_it(
    scratch: Path, option: str
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        async with stack_child(scratch / "data", **{option: port}) as stack:
            assert await stack.ended() == 2

    assert f"Port {port}" in stack.faults
    assert f"pid {os.getpid()}" in stack.faults
    assert f"--{option.replace('_', '-')}" in stack.faults
    assert not (scratch / "data" / "postgres").exists()


async def test_a_control_file_with_a_wrong_checksum_is_refused(scratch: Path) -> None:
    data = scratch / "data"
    async with stack_child(data) as stack:
        await stack.up()
        await stack.stop()
    control = data / "postgres" / "global" / "pg_control"
    content = bytearray(control.read_bytes())
    content[40] ^= 0xFF
    control.write_bytes(content)

    async with stack_child(data) as stack:
        assert await stack.ended() == 2

    assert "pg_control has a wrong checksum" in stack.faults
    assert "Nothing was deleted" in stack.faults
    assert control.read_bytes() == bytes(content)


def lose_journal(cluster: Path) -> None:
    for file in (cluster / "pg_wal").iterdir():
        if file.is_file():
            file.unlink()


def lose_catalogue(cluster: Path) -> None:
    (cluster / "global" / "pg_filenode.map").unlink()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lose_journal, "could not locate a valid checkpoint record"),
        (lose_catalogue, "pg_filenode.map"),
    ],
)
async def test_a_cluster_that_does_not_start_shows_what_postgres_says(
    scratch: Path, damage: Callable[[Path], None], said: str
) -> None:
    data = scratch / "data"
    async with stack_child(data) as stack:
        await stack.up()
        await stack.stop()
    damage(data / "postgres")

    async with stack_child(data) as stack:
        assert await stack.ended() == 2

    assert "The embedded server postgres does not start" in stack.faults
    assert said in stack.faults
    assert str(data / "logs" / "postgres.log") in stack.faults
    assert run_file(data)["pids"] == {}


async def test_a_password_that_is_not_the_databases_is_told(scratch: Path) -> None:
    data = scratch / "data"
    async with stack_child(data) as stack:
        await stack.up()
        await stack.stop()
    marker = orjson.loads((data / "ampledger.json").read_bytes())
    other = orjson.dumps(marker | {"postgres_password": "of another folder"})
    (data / "ampledger.json").write_bytes(other)

    async with stack_child(data) as stack:
        assert await stack.ended() == 2

    assert "it turns us away: password authentication failed" in stack.faults


async def test_a_killed_backend_brings_the_server_back_visibly(
    scratch: Path, schema: Path
) -> None:
    data = scratch / "data"
    async with stack_child(data, fake("a", schema_folder=str(schema))) as stack:
        await stack.up()
        await keep(data, "before the kill")
        url = run_file(data)["urls"]["database"].replace("/ampledger?", "/ampledger_a?")
        connection = await asyncpg.connect(url)

        os.kill(await connection.fetchval("select pg_backend_pid()"), signal.SIGKILL)
        await stack.line("event postgres ended unexpectedly")
        await stack.line("event postgres ready", times=2)

        assert await kept(data) == (["before the kill"], ["before the kill"])


async def test_a_service_that_crashes_in_a_loop_shows_and_the_others_run(scratch: Path) -> None:
    data = scratch / "data"
    broken = fake("broken", env={"FAKE_SERVICE": "broken"})
    async with stack_child(data, broken, fake("fine"), services_ready_s_max=1) as stack:
        assert (await stack.up())["late"] == ["broken"]

        line = await stack.line("event broken ends again and again")

        assert "a broken service complains" in line
        assert str(data / "logs" / "broken.log") in line
        assert "fine" in run_file(data)["pids"]


async def test_a_service_that_never_becomes_ready_is_named_as_late(scratch: Path) -> None:
    unready = fake("unready", env={"FAKE_SERVICE": "unready"})
    async with stack_child(scratch / "data", unready, services_ready_s_max=1) as stack:
        assert (await stack.up())["late"] == ["unready"]


async def test_a_failing_migration_stops_the_start_and_says_why(scratch: Path) -> None:
    folder = scratch / "schema"
    folder.mkdir()
    (folder / "20260101000001_bad.sql").write_text(
        "-- migrate:up\ncreate tabel x (y int);\n-- migrate:down\n"
    )

    async with stack_child(scratch / "data", fake("a", schema_folder=str(folder))) as stack:
        assert await stack.ended() == 2

    assert "The database of a cannot be brought to the newest schema" in stack.faults
    assert 'syntax error at or near "tabel"' in stack.faults
    assert run_file(scratch / "data")["pids"] == {}


# --- Users ---


async def test_an_ordinary_user_runs_the_whole_stack(scratch: Path, schema: Path) -> None:
    home = scratch / "home"
    home.mkdir()
    prefix = ordinary_prefix()
    if prefix:
        os.chown(home, 65534, 65534)
    data = home / "data"
    service = fake("a", schema_folder=str(schema))
    for run in range(2):
        async with stack_child(data, service, prefix=prefix) as stack:
            assert (await stack.up())["late"] == []
            pids = run_file(data)["pids"]
            assert {psutil.Process(pid).uids().real for pid in pids.values()} == {
                home.stat().st_uid
            }
            if run == 0:
                await keep(data, "before the kill")
                os.kill(pids["postgres"], signal.SIGKILL)
                await stack.line("event", "postgres ready", times=2)
            assert await kept(data) == (["before the kill"], ["before the kill"])
            stack.process.kill() if run == 0 else await stack.stop()
            for pid in pids.values():
                await eventually(lambda pid=pid: gone(pid), 20)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="is about running as root")


@needs_root
async def test_an_ordinary_user_is_refused_a_folder_it_may_not_write(scratch: Path) -> None:
    async with stack_child(scratch / "data", prefix=ordinary_prefix()) as stack:
        assert await stack.ended() == 2

    assert "cannot be used: Permission denied" in stack.faults
    assert "--data-folder" in stack.faults


@needs_root
async def test_as_root_postgres_runs_as_a_user_of_its_own(scratch: Path) -> None:
    data = scratch / "data"
    async with stack_child(data) as stack:
        await stack.up()
        account = server_account()
        assert account is not None
        postgres = psutil.Process(run_file(data)["pids"]["postgres"])
        assert set(postgres.uids()) == {account.uid}
        assert set(postgres.gids()) == {account.gid}


@needs_root
async def test_as_root_a_folder_postgres_may_not_enter_is_refused_and_not_opened(
    scratch: Path,
) -> None:
    closed = scratch / "closed"
    closed.mkdir(mode=0o700)

    async with stack_child(closed / "data") as stack:
        assert await stack.ended() == 2

    assert f"may not enter {closed}" in stack.faults
    assert "--data-folder" in stack.faults
    assert closed.stat().st_mode & 0o777 == 0o700


@needs_root
async def test_a_folder_used_by_root_is_refused_to_others_and_the_other_way_round(
    scratch: Path,
) -> None:
    home = scratch / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    async with stack_child(home / "data", prefix=ordinary_prefix()) as stack:
        await stack.up()
        await stack.stop()

    async with stack_child(home / "data") as stack:
        assert await stack.ended() == 2

    assert "belongs to nobody" in stack.faults
    assert "Run ampledger as nobody" in stack.faults


async def test_a_folder_with_a_very_long_path_works(scratch: Path) -> None:
    deep = scratch / ("long" * 20) / ("name" * 20)
    async with stack_child(deep) as stack:
        await stack.up()
        connection = await asyncpg.connect(
            run_file(deep)["urls"]["database"].replace("/ampledger?", "/postgres?")
        )
        assert await connection.fetchval("show unix_socket_directories") == ""
        await connection.close()


async def test_the_socket_of_postgres_is_in_the_data_folder(scratch: Path) -> None:
    data = scratch / "data"
    async with stack_child(data) as stack:
        await stack.up()
        port = run_file(data)["ports"]["postgres"]
        assert (data / "run" / "postgres" / f".s.PGSQL.{port}").is_socket()


async def test_without_a_folder_given_the_project_holds_it(scratch: Path) -> None:
    project = scratch / "project"
    project.mkdir(mode=0o755)
    async with stack_child(None, default_folder_in=project) as stack:
        assert (await stack.up())["folder"] == str(project / ".ampledger")


# --- Servers of somebody else ---


async def test_given_servers_are_used_and_none_is_started(scratch: Path, schema: Path) -> None:
    async with stack_child(scratch / "servers") as servers:
        urls = (await servers.up())["urls"]
        given = {"NATS_URL": urls["nats"], "DATABASE_URL": urls["database"]}
        data = scratch / "data"
        service = fake("a", schema_folder=str(schema))
        async with stack_child(data, service, environment=given) as stack:
            assert (await stack.up())["late"] == []
            assert set(run_file(data)["pids"]) == {"a"}
            assert not (data / "postgres").exists()
            await keep(data, "there")
            assert await kept(data) == (["there"], ["there"])


@pytest.mark.parametrize(
    ("variable", "url", "shown"),
    [
        ("NATS_URL", "nats://me:s3cr3t@127.0.0.1:1", "nats://me:***@127.0.0.1:1"),
        ("DATABASE_URL", "postgresql://me:s3cr3t@127.0.0.1:1/x", "postgresql://me:***@127"),
        ("DATABASE_URL", "mysql://me:s3cr3t@127.0.0.1/x", "mysql://me:***@127.0.0.1/x"),
    ],
)
async def test_a_given_server_that_does_not_answer_is_named_without_its_password(
    scratch: Path, variable: str, url: str, shown: str
) -> None:
    async with stack_child(scratch / "data", environment={variable: url}) as stack:
        assert await stack.ended() == 2

    assert shown in stack.faults
    assert variable in stack.faults
    assert "s3cr3t" not in stack.faults + "".join(stack.lines)


async def test_a_given_database_with_a_wrong_password_is_told_apart(scratch: Path) -> None:
    async with stack_child(scratch / "servers") as servers:
        url = (await servers.up())["urls"]["database"]
        head, _, tail = url.partition("@")
        wrong = f"{head[:-4]}beef@{tail}"
        async with stack_child(scratch / "data", environment={"DATABASE_URL": wrong}) as stack:
            assert await stack.ended() == 2

    assert "password authentication failed" in stack.faults
    assert "beef" not in stack.faults
