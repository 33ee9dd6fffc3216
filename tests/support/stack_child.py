"""A handle on the stack in a process of its own: wait for what it tells, signal it, kill it."""

import asyncio
import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import psutil

PROJECT = Path(__file__).parent.parent.parent
SCRIPT = Path(__file__).parent / "stack_process.py"
DEADLINE_S = 90.0
FAKE = "tests.support.fake_service"

ORDINARY_USER = "nobody"


@dataclass(slots=True)
class StackChild:
    """A running stack; `lines` is what it has written so far."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)
    faults: str = ""
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def line(self, start: str, *parts: str, times: int = 1) -> str:
        """Wait for a line that starts so and contains all parts."""

        def matching() -> list[str]:
            return [
                it for it in self.lines if it.startswith(start) and all(p in it for p in parts)
            ]

        async with asyncio.timeout(DEADLINE_S):
            while len(matching()) < times:
                if self.process.returncode is not None:
                    raise AssertionError(f"ended before {start!r}: {self.lines} {self.faults}")
                self.heard.clear()
                with contextlib.suppress(TimeoutError):  # its end is not always heard
                    await asyncio.wait_for(self.heard.wait(), 0.2)
        return matching()[times - 1]

    async def up(self) -> dict[str, Any]:
        """Wait until it is up; where it is, and who is late."""
        told = json.loads((await self.line("up ")).removeprefix("up "))
        assert isinstance(told, dict)
        return told

    async def ended(self) -> int:
        async with asyncio.timeout(DEADLINE_S):
            code = await self.process.wait()
            while not self.process.stdout.at_eof():  # type: ignore[union-attr]  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return code

    async def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return await self.ended()


def run_file(folder: Path) -> dict[str, Any]:
    content = orjson.loads((folder / "run" / "processes.json").read_bytes())
    assert isinstance(content, dict)
    return content


def ordinary_prefix(user: str = ORDINARY_USER) -> list[str]:
    """
    A command line that runs what follows it as an ordinary user; empty if we are one.

    Where the interpreter lies in root's home, the user keeps the right to pass and read (not
    to write) anything, as it would have with an interpreter elsewhere.
    """
    if os.geteuid() != 0:
        return []
    entry = pwd.getpwnam(user)
    who = [f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]
    setpriv = shutil.which("setpriv")
    assert setpriv is not None, "util-linux has setpriv"
    command = [setpriv, *who]
    if _starts_python(command):
        return command
    reading = "+dac_read_search"
    command += [f"--inh-caps={reading}", f"--ambient-caps={reading}"]
    assert _starts_python(command), command
    return command


def _starts_python(prefix: list[str]) -> bool:
    """Whether our interpreter can start itself there: setpriv could still start the first."""
    again = (
        "import subprocess, sys; "
        "subprocess.run([sys.executable, '-c', 'import orjson'], check=True)"
    )
    command = [*prefix, sys.executable, "-c", again]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def fake(name: str, **more: object) -> dict[str, object]:
    """A service without database that answers health checks."""
    return {"name": name, "module": FAKE, "has_log": False, **more}


@asynccontextmanager
async def stack_child(
    data_folder: Path | None,
    *services: dict[str, object],
    prefix: list[str] | None = None,
    environment: Mapping[str, str] | None = None,
    default_folder_in: Path | None = None,
    **options: object,
) -> AsyncIterator[StackChild]:
    """Start a stack in a process of its own; at the end it is stopped, or else killed."""
    task: dict[str, object] = {"options": options, "services": services}
    if data_folder is not None:
        task["options"] = {"data_folder": str(data_folder), **options}
    if default_folder_in is not None:
        task["default_folder_in"] = str(default_folder_in)
    outer = {k: v for k, v in os.environ.items() if k not in {"NATS_URL", "DATABASE_URL"}}
    process = await asyncio.create_subprocess_exec(
        *(prefix or []),
        sys.executable,
        str(SCRIPT),
        json.dumps(task),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=PROJECT,
        env={**outer, "PYTHONPATH": str(PROJECT), **(environment or {})},
        limit=1024 * 1024,
    )
    child = StackChild(process)
    readers = asyncio.gather(_read_lines(child), _read_faults(child))
    try:
        yield child
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(DEADLINE_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                raise
        await readers


async def _read_lines(child: StackChild) -> None:
    assert child.process.stdout is not None
    async for raw in child.process.stdout:
        child.lines.append(raw.decode().rstrip("\n"))
        child.heard.set()
    child.heard.set()


async def _read_faults(child: StackChild) -> None:
    assert child.process.stderr is not None
    async for raw in child.process.stderr:
        child.faults += raw.decode()
        child.heard.set()
    child.heard.set()


async def eventually(condition: Callable[[], bool], deadline_s: float = DEADLINE_S) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(deadline_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def gone(pid: int) -> bool:
    """Whether a process has ended; one that only waits to be buried has."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
