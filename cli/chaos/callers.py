"""People who have things done all the time, and write down what was acknowledged."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

import orjson
from nats.aio.client import Client

from cli.services import INSTALLATION
from cli.setting_up import CommandRefused, send
from shared.commands import UNAVAILABLE
from shared.history.acts import Acknowledged
from shared.messages import Answer
from shared.messages.installation_commands import (
    AddCircuit,
    AssignChargers,
    ChangeCharger,
    CreateInstallation,
    InstallationCommand,
    MoveCharger,
    NewCharger,
    RemoveCharger,
)
from shared.messages.installation_terms import Category, InstallationType
from shared.messaging import ServiceUnavailable, connect
from shared.phases import GridType

CALLERS: Final = 2
PAUSE_S: Final = 0.25
AGAIN_S: Final = 0.2


@dataclass(slots=True)
class Callers:
    """
    Callers of one run.

    Args:
        nats_url: where they knock.
        file: where they write down what was acknowledged, as `ampledger check --acknowledged` reads it.
    """

    nats_url: str
    file: Path
    acknowledged: list[tuple[float, Acknowledged]] = field(default_factory=list)
    """And when, by the monotonic clock."""
    _ending: asyncio.Event = field(default_factory=asyncio.Event)

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Have them call all the time; at the end each waits for its last answer."""
        with self.file.open("w") as file:
            async with asyncio.TaskGroup() as group:
                for number in range(1, CALLERS + 1):
                    group.create_task(self._call(number, file), name=f"caller-{number}")
                try:
                    yield
                finally:
                    self._ending.set()

    async def set_up(self, commands: list[InstallationCommand]) -> None:
        """Have something done once, and wait for it."""
        client = await connect(self.nats_url, "ampledger-chaos-set-up")
        try:
            for it in commands:
                await self._ask(client, it)
        finally:
            await client.close()

    def to_be_there(self, forgotten: Sequence[tuple[float, float]]) -> list[Acknowledged]:
        """Name what must not be lost: all but what was acknowledged in a time that was rolled back."""
        return [
            it
            for at_s, it in self.acknowledged
            if not any(from_s <= at_s <= to_s for from_s, to_s in forgotten)
        ]

    async def _call(self, number: int, file: TextIO) -> None:
        client = await connect(self.nats_url, f"ampledger-chaos-caller-{number}")
        try:
            for command in wishes(number):
                if self._ending.is_set():
                    return
                file.write(orjson.dumps(await self._ask(client, command)).decode() + "\n")
                await asyncio.sleep(PAUSE_S)
        finally:
            await client.close()

    async def _ask(self, client: Client, command: InstallationCommand) -> dict[str, object]:
        answer = await ask(client, command)
        heard = Acknowledged(INSTALLATION, command.command_id, answer.position)
        self.acknowledged.append((time.monotonic(), heard))
        return acknowledgement(command, answer)


async def ask(client: Client, command: InstallationCommand) -> Answer:
    """Ask until there is an answer of the log, a refusal included: only then it is acknowledged."""
    while True:
        try:
            return await send(client, command, f"caller of {command.installation_id}")
        except ServiceUnavailable:
            await asyncio.sleep(AGAIN_S)
        except CommandRefused as refused:
            if refused.answer.refusal != UNAVAILABLE:
                return refused.answer
            await asyncio.sleep(AGAIN_S)


def acknowledgement(command: InstallationCommand, answer: Answer) -> dict[str, object]:
    """Spell what was acknowledged, as `ampledger check --acknowledged` reads it."""
    return {
        "service": INSTALLATION,
        "command_id": command.command_id,
        "position": answer.position,
        "accepted": answer.accepted,
    }


def wishes(caller: int) -> Iterator[InstallationCommand]:
    """Set up one house after the other; some serials are fought over by all callers."""
    round_ = 0
    while True:
        round_ += 1
        yield from _house(caller, round_)


def _house(caller: int, round_: int) -> Iterator[InstallationCommand]:
    """A small life: set up, change, move, remove; a charger goes to the house before."""
    name = f"house-{caller}-{round_}"

    def told(number: int) -> dict[str, str]:
        return {"command_id": f"{name}-{number}", "installation_id": name}

    yield CreateInstallation(
        **told(1),
        name=name,
        address="Storm street 9",
        category=Category.PRIVATE,
        country="NO",
        type=InstallationType.GARAGE,
        grid_type=GridType.TN_3_PHASE,
        breaker_a=160,
    )
    for number, circuit in enumerate(("east", "west"), start=2):
        yield AddCircuit(**told(number), circuit_id=circuit, name=circuit, breaker_a=63)
    mine = [
        NewCharger(
            charger_id=f"{name}-{it}", serial=f"Z{caller:02}{round_:06}{it}", name=str(it)
        )
        for it in range(3)
    ]
    fought_over = NewCharger(charger_id=f"{name}-x", serial=f"FOUGHT{round_:06}", name="x")
    yield AssignChargers(**told(4), circuit_id="east", chargers=tuple(mine))
    yield AssignChargers(**told(5), circuit_id="west", chargers=(fought_over,))
    yield ChangeCharger(**told(6), charger_id=mine[0].charger_id, max_a=16)
    yield MoveCharger(**told(7), charger_id=mine[1].charger_id, circuit_id="west")
    yield RemoveCharger(**told(8), charger_id=mine[2].charger_id)
    if round_ > 1:
        yield MoveCharger(
            **told(9),
            charger_id=mine[0].charger_id,
            circuit_id="east",
            to_installation_id=f"house-{caller}-{round_ - 1}",
        )
