"""Secrets of a running stack are used everywhere, and stand nowhere but in the files that are for them."""

import asyncio
import contextlib
import json
import os
import signal
import stat
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import pytest_asyncio

from cli.garages import INSTALLATION_ID
from cli.programs import postgres_tree
from cli.services import services
from tests.support.cli_place import Said, ampledger
from tests.support.servers import scratch_folder
from tests.support.small_garage import SmallGarage
from tests.support.waiting import until

pytestmark = pytest.mark.system

WITHIN_S = 90.0
SECRET_CHARS_MIN = 12
NOT_SEARCHED = {"postgres", "jetstream"}
"""What the servers store: their own files, which nobody but they may read."""
OUTSIDERS = {"logs"}
"""Folders in the data folder that are shown to people who help: nothing secret may be in them."""


@dataclass
class Ran:
    """A stack that has run for a while, and what was said about it."""

    garage: SmallGarage
    said: list[Said] = field(default_factory=list)
    backup: str = ""
    """What a backup holds, as text."""

    @property
    def data(self) -> Path:
        return self.garage.data

    async def ask(self, *arguments: str, **environment: str) -> Said:
        place = () if environment else ("--data-folder", str(self.data))
        said = await ampledger(*arguments, *place, environment=environment)
        self.said.append(said)
        return said


def secrets_of(data: Path) -> dict[str, str]:
    """Find every secret of a stack, with where it is from."""
    found: dict[str, str] = {}
    for file in files_of(data):
        if file.suffix == ".json":
            found |= {
                f"{file.name}: {name}": it
                for name, it in passwords_in(json.loads(file.read_text()))
            }
        elif file.suffix in {".seed", ".key", ".password"} or file.parent.name == "keys":
            found[file.name] = file.read_text().strip()
    assert all(len(it) >= SECRET_CHARS_MIN for it in found.values()), found.keys()
    return found


def passwords_in(content: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Go through everything in a file of JSON that is a password, or a URL with one."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from passwords_in(value, f"{name}.{key}")
    elif isinstance(content, list):
        for number, value in enumerate(content):
            yield from passwords_in(value, f"{name}.{number}")
    elif isinstance(content, str):
        inner = urlsplit(content).password if "://" in content else None
        if inner is not None:
            yield name, inner
        elif "password" in name.rpartition(".")[2]:
            yield name, content


def files_of(folder: Path) -> Iterator[Path]:
    """Name the files that are ours, at whatever depth."""
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or path.name in NOT_SEARCHED:
            continue
        if path.is_dir():
            yield from files_of(path)
        elif path.is_file():
            yield path


def holding(text: str, secrets: dict[str, str]) -> list[str]:
    return [name for name, secret in secrets.items() if secret in text]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ran() -> AsyncIterator[Ran]:
    """Everything is used: set up, charging, servers that die, commands that work or fail, a backup."""
    with scratch_folder() as folder:
        garage = SmallGarage(folder)
        async with garage.running():
            for command in garage.set_up():
                await garage.command(command, WITHIN_S)
            stack = Ran(garage)
            await stack.ask("subscriber", "add", "billing", "--events", "CircuitAdded")
            async with garage.cars():
                await garage.limits_flow(WITHIN_S)
                await kill(garage, "nats")
                await kill(garage, "postgres")
                await garage.limits_flow(WITHIN_S)
            await ask_everything(stack)
            yield stack


async def kill(garage: SmallGarage, name: str) -> None:
    """Kill a server, so that everybody who uses it has something to complain about."""
    pid = garage.stack.states()[name].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)

    async def back() -> bool:
        now = garage.stack.states()[name]
        return now.pid not in {None, pid} and not garage.stack.states()[name].looping

    await until(back, bool, WITHIN_S)
    assert await garage.stack.wait_services_ready(WITHIN_S) == []


async def ask_everything(stack: Ran) -> None:
    for command in ("status", "lag", "check --history", "log verify", "subscriber list"):
        await stack.ask(*command.split())
    for command in ("history", "who-did", "explain"):
        await stack.ask(command, INSTALLATION_ID, "--json")
    for service in services():
        if service.has_log:
            await stack.ask("log", "export", service.name)
    folder = stack.garage.files / "backup"
    assert (await stack.ask("backup", str(folder))).code == 0
    for dump in folder.glob("*.dump"):
        stack.backup += await text_of(dump)
    urls = stack.garage.stack.urls
    away = {
        "DATABASE_URL": urls["database"].replace("@127.0.0.1", "@127.0.0.1:1/x?", 1),
        "NATS_URL": urls["nats"].replace("@127.0.0.1", "@127.0.0.1:1", 1),
    }
    for command in ("history x", "log verify", "lag", "status", "backup x/y"):
        await stack.ask(*command.split(), **away)


async def text_of(dump: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        *(str(postgres_tree() / "bin" / "pg_restore"), "--file=-", str(dump)),
        stdout=asyncio.subprocess.PIPE,
    )
    text, _ = await process.communicate()
    assert process.returncode == 0
    return text.decode("utf-8", "replace")


async def test_there_are_secrets_to_look_for(ran: Ran) -> None:
    names = " ".join(secrets_of(ran.data))

    for expected in (
        "postgres_password",
        "portal.password",
        ".seed",
        "cards.key",
        "subscribers",
    ):
        assert expected in names


async def test_no_log_has_a_secret_in_it(ran: Ran) -> None:
    secrets = secrets_of(ran.data)
    logs = list((ran.data / "logs").iterdir())

    assert len(logs) > len(services())
    assert any("nats disconnected" in it.read_text(errors="replace") for it in logs)
    for file in logs:
        assert holding(file.read_text(errors="replace"), secrets) == [], file.name


async def test_only_the_owner_may_read_a_file_with_a_secret(ran: Ran) -> None:
    secrets = secrets_of(ran.data)
    places = {
        it for it in files_of(ran.data) if holding(it.read_text(errors="replace"), secrets)
    }

    assert {it.name for it in places} >= {"ampledger.json", "access.json", "processes.json"}
    for file in places:
        about = file.stat()
        assert stat.S_IMODE(about.st_mode) & 0o077 == 0, file
        assert about.st_uid == os.geteuid(), file
        assert not OUTSIDERS & set(file.relative_to(ran.data).parts), file


async def test_what_is_kept_is_closed_to_everybody_else(ran: Ran) -> None:
    closed = [ran.data / it for it in ("keys", "nats", "logs", "postgres")]

    for folder in closed:
        assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0, folder


async def test_no_command_line_has_a_secret_in_it(ran: Ran) -> None:
    """Everybody on a machine may read the command lines of all its processes."""
    secrets = secrets_of(ran.data)
    lines = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            lines.append(" ".join(process.cmdline()))

    assert any("services.portal" in it for it in lines)
    assert holding("\n".join(lines), secrets) == []


async def test_no_command_says_a_secret_except_the_one_it_was_asked_for(ran: Ran) -> None:
    secrets = secrets_of(ran.data)
    issued, *others = ran.said

    assert issued.code == 0, issued.err
    for said in others:
        assert holding(said.out + said.err, secrets) == []
    assert any("cannot be reached" in it.err for it in others)


async def test_a_backup_has_no_key_in_it(ran: Ran) -> None:
    """Whoever finds one has the logs with what is sealed in them, and nothing to open it with."""
    secrets = secrets_of(ran.data)

    assert "InstallationCreated" in ran.backup
    assert holding(ran.backup, secrets) == []
    assert INSTALLATION_ID in ran.backup


async def test_a_service_is_told_its_own_secrets_and_no_others(ran: Ran) -> None:
    """What a process is told by its environment is all that who takes it over finds there."""
    secrets = secrets_of(ran.data)
    found: dict[str, list[str]] = {}
    for service in services():
        pid = ran.garage.stack.states()[service.process].pid
        assert pid is not None
        environment = psutil.Process(pid).environ()
        password = urlsplit(environment["DATABASE_URL"]).password
        assert password is not None
        theirs = {name: it for name, it in secrets.items() if it != password}
        assert holding("\n".join(environment.values()), theirs) == [], service.name
        found.setdefault(password, []).append(service.name)

    assert all(len(it) == 1 for it in found.values()), found.values()
