"""The README's set-up story, word by word, against `ampledger up`."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.run_file import read_run
from tests.support.readme import ROOT, runnable, shell_commands
from tests.support.servers import scratch_folder
from tests.support.waiting import until

pytestmark = pytest.mark.integration

UP_S_MAX = 90.0
COMMAND_S_MAX = 60.0
STOP_S_MAX = 30.0
ANY_FREE = [
    f"--{it}-port=0" for it in ("postgres", "nats", "nats-monitor", "portal", "gateway")
]
UP = [".venv/bin/ampledger", "up"]
SET_UP = {("installation", "create"), ("circuit", "add"), ("charger", "assign")}
PEOPLE = {
    ("person", "invite"): "/sign-in/once?token=",
    ("role", "grant"): "done",
    ("card", "register"): "done",
    ("installation", "authentication"): "done",
}
"""What is said by the commands about people, a few words each."""
LOOKS = {
    "history harbour": "Harbour garage",
    "who-did harbour": "Level 1",
    "serial where": "harbour",
    "log verify": "hash chain",
    "check --history": "one place",
    "installation show": "Harbour garage",
    "installation check": "drivers must show who they are",
    "charger move": "ZAP000013",
}
"""What is said by the commands that only look, a word or two each."""


def story() -> list[list[str]]:
    """Pick the commands that set an installation up, in the README's order."""
    commands = shell_commands(ROOT / "README.md")
    assert UP in commands
    return [it for it in commands if it[0] == UP[0] and tuple(it[1:3]) in SET_UP]


def people() -> list[list[str]]:
    """Pick the commands that say who may do what."""
    own = (it for it in shell_commands(ROOT / "README.md") if it[0] == UP[0])
    return [it for it in own if tuple(it[1:3]) in PEOPLE]


def looks() -> list[list[str]]:
    """Pick the commands that look at what was set up, or only say what would happen."""
    own = (it for it in shell_commands(ROOT / "README.md") if it[0] == UP[0])
    return [it for it in own if " ".join(it[1:3]) in LOOKS]


async def run(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *runnable(command),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(COMMAND_S_MAX):
        said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


@contextlib.asynccontextmanager
async def ampledger_up(folder: Path, environment: dict[str, str]) -> AsyncIterator[Any]:
    """Start everything on free ports; yields its addresses, and stops it as Ctrl-C does."""
    output = folder / "up.txt"
    with output.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *runnable(UP),
            f"--data-folder={folder / 'data'}",
            *ANY_FREE,
            cwd=ROOT,
            env=environment,
            stdout=file,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def said() -> str:
        assert process.returncode is None, output.read_text()
        return await asyncio.to_thread(output.read_text)

    try:
        await until(said, lambda it: "Ctrl-C stops it" in it, UP_S_MAX)
        yield (read_run(folder / "data") or {})["urls"]
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(STOP_S_MAX):
            assert await process.wait() == 0, output.read_text()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def sign_in_as_first(portal: httpx.AsyncClient, output: Path) -> None:
    """Sign in with the link that is shown to whoever has started it."""

    async def said() -> str:
        return await asyncio.to_thread(output.read_text)

    shown = await until(said, lambda it: "/sign-in/once?token=" in it, COMMAND_S_MAX)
    token = shown.partition("token=")[2].partition("&")[0]
    assert (await portal.post("/sign-in/once", data={"token": token})).status_code == 303


async def test_the_commands_of_the_readme_set_up_what_the_portal_shows() -> None:
    ours = {it: v for it, v in os.environ.items() if it not in {"NATS_URL", "DATABASE_URL"}}
    with scratch_folder() as folder:
        async with (
            ampledger_up(folder, ours) as urls,
            httpx.AsyncClient(base_url=urls["portal"]) as portal,
        ):
            reaching = ours | {"NATS_URL": urls["nats"]}
            for command in story():
                code, said = await run(command, reaching)
                assert (code, said[:4]) == (0, "done"), said
            for command in story():
                assert await run(command, reaching) == (0, "it is so already\n"), command

            assert {tuple(it[1:3]) for it in people()} == set(PEOPLE)
            for command in people():
                code, said = await run(command, reaching)
                assert code == 0, (command, said)
                assert PEOPLE[command[1], command[2]] in said, (command, said)

            assert {" ".join(it[1:3]) for it in looks()} == set(LOOKS)
            for command in looks():
                where = [*command, "--data-folder", str(folder / "data")]
                code, said = await run(where, ours)
                assert code == 0, (command, said)
                assert LOOKS[" ".join(command[1:3])] in said, (command, said)

            await sign_in_as_first(portal, folder / "up.txt")

            async def shown() -> str:
                return (await portal.get("/api/installations/harbour")).text

            view = await until(shown, lambda it: '"Bay 14"' in it, COMMAND_S_MAX)

    for name in ("Harbour garage", "Level 1", "Level 1 east", "Bay 1", "Bay 2"):
        assert f'"{name}"' in view, name
