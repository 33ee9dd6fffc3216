import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from cli.accounts import first_closed, server_account
from cli.postgres import Postgres, settings_of
from cli.processes import as_account
from cli.programs import postgres_libraries, postgres_tree, reachable_tree
from tests.support.servers import EmbeddedServers, scratch_folder

pytestmark = pytest.mark.integration


@pytest.fixture
def scratch() -> Iterator[Path]:
    with scratch_folder() as folder:
        yield folder


async def test_nobody_gets_in_without_the_password(servers: EmbeddedServers) -> None:
    bare = servers.database_url.replace(":test@", "@")

    with pytest.raises(asyncpg.PostgresError, match="password"):
        await asyncpg.connect(bare, password="guess")  # noqa: S106


async def test_it_listens_on_the_loopback_interface_only(servers: EmbeddedServers) -> None:
    connection = await asyncpg.connect(servers.database_url)
    settings = {it["name"]: it["setting"] for it in await connection.fetch("show all")}
    await connection.close()

    assert settings["listen_addresses"] == "127.0.0.1"
    assert settings["synchronous_commit"] == "on"
    assert settings["jit"] == "off"
    assert settings["restart_after_crash"] == "off"
    assert settings["max_connections"] == "100"
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", servers.postgres.port), timeout=5)


def test_what_is_kept_is_synced_to_disk(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "postgres", tmp_path, 5433, "secret")

    assert settings_of(server, tmp_path)["fsync"] == "on"
    assert settings_of(server, tmp_path)["synchronous_commit"] == "on"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root switches users")
def test_programs_in_a_private_home_are_copied_and_the_home_stays_closed(scratch: Path) -> None:
    account = server_account()
    assert account is not None
    home = scratch / "home"
    home.mkdir(mode=0o700)
    original = postgres_tree()
    tree = home / original.parent.name / original.name
    tree.parent.mkdir()
    tree.symlink_to(original)
    (home / postgres_libraries(original).name).symlink_to(postgres_libraries(original))

    reachable = reachable_tree(tree, account, scratch / "programs")
    again = reachable_tree(tree, account, scratch / "programs")

    assert reachable == again
    assert home not in reachable.parents
    assert home.stat().st_mode & 0o777 == 0o700
    assert first_closed(reachable / "bin" / "initdb", account) is None
    version = subprocess.run(
        [reachable / "bin" / "initdb", "--version"],
        **as_account(account),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "PostgreSQL) 18" in version.stdout


def test_programs_that_can_be_reached_are_used_where_they_are(scratch: Path) -> None:
    tree = postgres_tree()

    assert reachable_tree(tree, None, scratch / "programs") == tree
    assert not (scratch / "programs").exists()
