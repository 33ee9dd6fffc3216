"""
Data of a while ago come back: a snapshot of a disk is put in its place, or a standby that was behind leads.

When it begins, the server stands still for a moment while its files are copied; when it ends, it is killed
and comes back with that copy. What NATS has forgotten is announced to it again, by itself. What PostgreSQL
has forgotten is lost: logs that had been announced further halt, and go on once an operator has begun a new
epoch of them, which is done here as docs/operations.md tells.
"""

import asyncio
import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cli.chaos.fault import FaultNotPossible
from cli.chaos.plan import Kind
from cli.chaos.processes import is_back, signal_all, tree
from cli.chaos.yard import LEASE_S, NATS, POSTGRES, Yard
from cli.epochs import losses_of
from cli.stack import PROJECT
from cli.states import Step
from cli.support.announced import nats_client
from cli.support.places import Place
from cli.support.reading import open_logs

PLACES: Final = {NATS: Path("nats", "jetstream"), POSTGRES: Path("postgres")}
"""Where in the data folder the data of a server are."""
BACK_S_MAX: Final = 60.0
HALTED_S_MAX: Final = 30.0
POLL_S: Final = 0.1


class NotPutBack(Exception):
    """A server does not come back with its older data, or its logs do not go on."""


@dataclass(frozen=True, slots=True)
class RolledBack:
    """A server's data become those of the moment at which this began."""

    kind: Kind
    _copied_at_s: dict[str, float] = field(default_factory=dict)

    async def inject(self, yard: Yard, target: str) -> None:
        """See `Fault`."""
        pid = yard.pid(target)
        if pid is None or yard.stack.states()[target].step is not Step.READY:
            raise FaultNotPossible(f"{target} does not run")
        pids = tree(pid)
        signal_all(pids, signal.SIGSTOP)
        try:
            self._copied_at_s[target] = time.monotonic()
            await _copied(_data(yard, target), _copy(yard, target))
        finally:
            signal_all(reversed(pids), signal.SIGCONT)

    async def heal(self, yard: Yard, target: str) -> None:
        """
        Put the copy back, and have halted logs go on.

        Raises:
            NotPutBack: the server or its logs do not come back.
        """
        if (pid := yard.pid(target)) is None:
            raise NotPutBack(f"{target} does not run any more")
        pids = tree(pid)
        signal_all(pids, signal.SIGSTOP)
        await asyncio.to_thread(_exchanged, _data(yard, target), _copy(yard, target))
        signal_all(pids, signal.SIGKILL)
        await _until_back(yard, target, pid)
        if target == POSTGRES:
            yard.forgotten.append((self._copied_at_s[target], time.monotonic()))
            await _go_on(yard)


def rollbacks() -> list[RolledBack]:
    """Name both."""
    return [
        RolledBack(Kind("nats-rolled-back", (NATS,), (5.0, 60.0), alone=True, run_s_min=90.0)),
        RolledBack(
            Kind("postgres-rolled-back", (POSTGRES,), (5.0, 20.0), alone=True, run_s_min=240.0)
        ),
    ]


def _data(yard: Yard, server: str) -> Path:
    return yard.stack.folder / PLACES[server]


def _copy(yard: Yard, server: str) -> Path:
    return _data(yard, server).with_name(f"{PLACES[server].name}.older")


async def _copied(data: Path, to: Path) -> None:
    """Copy files with their owners, who may be others than we are."""
    copying = await asyncio.create_subprocess_exec("cp", "--archive", str(data), str(to))
    if await copying.wait() != 0:
        # A part of it is no copy, and the next one would be laid into it.
        await asyncio.to_thread(shutil.rmtree, to, ignore_errors=True)
        raise FaultNotPossible(f"{data} cannot be copied: is the disk full?")


def _exchanged(data: Path, copy: Path) -> None:
    (copy / "postmaster.pid").unlink(missing_ok=True)  # of the one that was copied at work
    gone = data.with_name(f"{data.name}.gone")
    data.rename(gone)
    copy.rename(data)
    shutil.rmtree(gone)


async def _until_back(yard: Yard, server: str, before: int) -> None:
    deadline_s = time.monotonic() + BACK_S_MAX
    while not is_back(yard, server, before):
        if time.monotonic() > deadline_s:
            raise NotPutBack(f"{server} does not start with its older data")
        await asyncio.sleep(POLL_S)


async def _go_on(yard: Yard) -> None:
    """Wait until every log that has lost something is halted, and begin a new epoch of each."""
    urls = yard.stack.urls
    place = Place(urls["database"], urls["nats"])
    deadline_s = time.monotonic() + HALTED_S_MAX
    async with nats_client(place.nats()) as client, open_logs(place) as logs:
        while True:
            losses = await losses_of(logs, client.jetstream(), [])
            going = [it.service for it in losses if it.log.halted_why is None]
            if not going:
                break
            if time.monotonic() > deadline_s:
                raise NotPutBack(f"logs that have lost events are not halted: {going}")
            await asyncio.sleep(POLL_S)
    if not losses:
        return
    beginning = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("ampledger")), "log", "new-epoch", "--yes"),
        *("--reason", "data of a while ago were put back"),
        *("--data-folder", str(yard.stack.folder)),
        cwd=PROJECT,
        env={
            **{k: v for k, v in os.environ.items() if k not in {"NATS_URL", "DATABASE_URL"}},
            "BALANCER_LEASE_S": str(LEASE_S),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await beginning.communicate()
    if beginning.returncode != 0:
        raise NotPutBack(f"no new epoch: {said.decode(errors='replace')}")
