"""The example for other services, as a stranger runs it: killed at any moment, it repeats nothing."""

import asyncio
import contextlib
import os
import random
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nats.aio.client import Client

from cli.setting_up import send
from shared import subjects
from shared.epochs import take_over
from shared.ids import new_id
from shared.messages.installation import CircuitAdded
from shared.messages.installation_commands import (
    AddCircuit,
    AssignChargers,
    CreateInstallation,
    NewCharger,
)
from shared.messages.installation_terms import Category, InstallationType
from shared.messages.telemetry import MeterReading
from shared.messaging import connect, ensure_jetstream, log_jetstream, telemetry_jetstream
from shared.phases import GridType
from tests.support.readme import ROOT
from tests.support.servers import scratch_folder
from tests.support.stack_child import run_file, stack_child
from tests.support.subscribing import added
from tests.support.waiting import until

pytestmark = pytest.mark.integration

EXAMPLE = ROOT / "docs" / "examples" / "subscriber.py"
KINDS = ("CircuitAdded", "ChargerAssigned", "MeterReading")
SOURCES = ("EVENTS_INSTALLATION", "TELEMETRY")
INSTALLATION = {"name": "installation", "module": "services.installation"}
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ROUNDS = 8
READINGS_A_ROUND = 60
WITHIN_S = 60.0

Heard = list[tuple[int, str, bytes]]
"""Sequences, kinds and contents, in their order."""


@dataclass(frozen=True, slots=True)
class Example:
    """The example in a folder of its own, which holds nothing of Ampledger's."""

    folder: Path
    nats_url: str

    @property
    def file(self) -> Path:
        return self.folder / "heard.sqlite"

    @property
    def errors(self) -> Path:
        return self.folder / "errors.txt"

    def heard(self, source: str) -> Heard:
        if not self.file.exists():
            return []
        with contextlib.closing(sqlite3.connect(self.file, timeout=30)) as db:
            try:
                found = db.execute(
                    "select sequence, kind, content from heard where source = ? order by rowid",
                    (source,),
                )
                return [(int(it[0]), str(it[1]), bytes(it[2])) for it in found]
            except sqlite3.OperationalError:  # killed before it had made its tables
                return []

    def count(self) -> int:
        return sum(len(self.heard(it)) for it in SOURCES)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run it; at the end it is killed, not stopped."""
        with self.errors.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", str(EXAMPLE), str(self.file)),
                cwd=self.folder,
                env={"NATS_URL": self.nats_url},
                stderr=errors,
            )
        try:
            yield
            assert process.returncode is None, self.errors.read_text()
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def until(self, number: int) -> None:
        async def count() -> int:
            return self.count()

        await until(count, lambda it: it >= number, WITHIN_S)


async def announced(client: Client, source: str) -> Heard:
    """Read from a jetstream what the example has to hear of it."""
    js = client.jetstream()
    last = int((await js.stream_info(source)).state.last_seq)
    found = []
    for sequence in range(1, last + 1):
        message = await js.get_msg(source, sequence)
        kind = str(message.subject).rpartition(".")[2]
        if kind in KINDS:
            found.append((sequence, kind, message.data or b""))
    return found


def layout(number: int) -> tuple[AddCircuit, AssignChargers]:
    circuit_id = f"level-{number}"
    bays = tuple(
        NewCharger(charger_id=f"bay-{number}-{it}", serial=f"ZAP{number:03}{it:03}", name="Bay")
        for it in range(1, 4)
    )
    garage = {"installation_id": "garage", "circuit_id": circuit_id}
    return (
        AddCircuit(command_id=new_id(), name=circuit_id, breaker_a=63, **garage),
        AssignChargers(command_id=new_id(), chargers=bays, **garage),
    )


async def read(client: Client, number: int) -> None:
    at = NOON + timedelta(seconds=number)
    reading = MeterReading(
        installation_id="garage",
        charger_id="bay-1-1",
        measured_at=at,
        received_at=at,
        current_a=(1.0, 2.0, 3.0),
        register_wh=number,
    )
    subject = subjects.telemetry(MeterReading, "garage", "bay-1-1")
    await client.jetstream().publish(subject, reading.model_dump_json().encode())


async def busy_round(client: Client, number: int) -> None:
    """Have something happen on both jetstreams at once."""

    async def build() -> None:
        for command in layout(number):
            await send(client, command, "test")

    async def charge() -> None:
        for it in range(READINGS_A_ROUND):
            await read(client, number * READINGS_A_ROUND + it)

    await asyncio.gather(build(), charge())


async def test_a_stranger_that_is_killed_again_and_again_misses_and_repeats_nothing() -> None:
    chance = random.Random(784)  # noqa: S311  # the moments of the kills, the same each time
    with scratch_folder() as folder:
        data = folder / "data"
        async with stack_child(data, INSTALLATION) as stack:
            urls = (await stack.up())["urls"]
            client = await connect(urls["nats"], "test")
            await ensure_jetstream(client.jetstream(), telemetry_jetstream())
            await send(client, garage(), "test")
            example = Example(folder, await added(data, "billing", *KINDS))

            for number in range(1, ROUNDS + 1):
                known = example.count()
                async with example.running():
                    work = asyncio.create_task(busy_round(client, number))
                    await example.until(known + chance.randint(1, READINGS_A_ROUND))
                    if number == ROUNDS // 2:
                        await kill_nats(data)
                await work
            async with example.running():
                for source in SOURCES:
                    await caught_up(client, example, source)

            kinds = Counter(kind for it in SOURCES for _, kind, _ in example.heard(it))
            await client.close()
    assert kinds["CircuitAdded"] == ROUNDS
    assert kinds["ChargerAssigned"] == 3 * ROUNDS
    assert kinds["MeterReading"] >= READINGS_A_ROUND * ROUNDS


def garage() -> CreateInstallation:
    return CreateInstallation(
        command_id=new_id(),
        installation_id="garage",
        name="Garage",
        address="Quay 1",
        category=Category.PRIVATE,
        country="NO",
        type=InstallationType.GARAGE,
        grid_type=GridType.TN_3_PHASE,
        breaker_a=630,
    )


async def kill_nats(data: Path) -> None:
    before = run_file(data)["pids"]["nats"]
    os.kill(before, signal.SIGKILL)

    async def now() -> int | None:
        return run_file(data)["pids"].get("nats")  # type: ignore[no-any-return]

    await until(now, lambda it: it not in {None, before}, WITHIN_S)


async def caught_up(client: Client, example: Example, source: str, jetstream: str = "") -> None:
    """Wait until it has heard all; then it is all, in order, and each once."""
    expected = await announced(client, jetstream or source)
    assert expected

    async def heard() -> Heard:
        return example.heard(source)

    await until(heard, lambda it: it == expected, WITHIN_S)


async def test_a_stranger_begins_anew_with_a_new_epoch_of_the_log() -> None:
    with scratch_folder() as folder:
        data = folder / "data"
        async with stack_child(data) as stack:
            client = await connect((await stack.up())["urls"]["nats"], "test")
            js = client.jetstream()
            await ensure_jetstream(js, log_jetstream("installation"))
            await ensure_jetstream(js, telemetry_jetstream())
            example = Example(folder, await added(data, "billing", *KINDS))
            await announce(client, 1, 2, 3)
            await read(client, 1)
            async with example.running():
                for source in SOURCES:
                    await caught_up(client, example, source)

                jetstream = await take_over(js, "installation", 2, head=3)
                await announce(client, 1, 2, 4)
                await read(client, 2)
                await caught_up(client, example, SOURCES[0], jetstream)
            assert jetstream == "EVENTS_INSTALLATION_2"
            await announce(client, 5)
            async with example.running():
                await caught_up(client, example, SOURCES[0], jetstream)
                await caught_up(client, example, "TELEMETRY")
            await client.close()


async def announce(client: Client, *numbers: int) -> None:
    for number in numbers:
        event = CircuitAdded(
            installation_id="garage", circuit_id=f"c-{number}", name="c", breaker_a=63, set_a=63
        )
        data = event.model_dump_json(exclude_none=True).encode()
        await client.jetstream().publish(subjects.event(event), data)


async def test_a_stranger_is_told_what_it_may_not_hear() -> None:
    with scratch_folder() as folder:
        data = folder / "data"
        async with stack_child(data) as stack:
            client = await connect((await stack.up())["urls"]["nats"], "test")
            await ensure_jetstream(client.jetstream(), log_jetstream("installation"))
            await announce(client, 1)
            url = await added(data, "billing", "MeterReading")
            example = Example(folder, url)
            async with example.running():

                async def said() -> str:
                    return example.errors.read_text()

                await until(said, lambda it: "no consumer subscriber-billing" in it, WITHIN_S)
            assert example.count() == 0
            await client.close()
