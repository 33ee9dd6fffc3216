"""Minutes of a log: who wishes what, when something goes wrong, and what must hold in the end."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from typing import Final

from cli.proving.trials import PromiseBroken
from cli.simulating.mishaps import Mishaps
from cli.simulating.plant import Plant
from cli.simulating.virtual import run_virtually
from services.installation.claims import SERIAL, stream_named
from services.installation.decider import installation
from services.installation.language import InstallationCommand
from shared.messages.installation_commands import (
    AddCircuit,
    AssignChargers,
    CreateInstallation,
    NewCharger,
    RemoveCharger,
    SetPriority,
)
from shared.messages.installation_terms import Category, InstallationType
from shared.phases import GridType

PLACES: Final = ("site", "other")
WISHES: Final = 300
WISH_S_MAX: Final = 2.0
FAULT_EVERY: Final = 4
"""After so many wishes something goes wrong, on average."""
AT_ONCE: Final = (1, 1, 2, 12)
"""So many wish something at the same moment."""
MENDED_S_MAX: Final = 120.0
"""So soon all is answered and announced, once nothing goes wrong any more."""


@dataclass(frozen=True, slots=True)
class Logged:
    """What came of a log."""

    events: int
    faults: Counter[str]
    ids: tuple[str, ...]
    """Of its events, in order."""


def live_logs(seed: int, wishes: int = WISHES) -> Logged:
    """
    Have a log written, killed, cut off, restored and announced.

    Raises:
        PromiseBroken: what was acknowledged is not in it, or not once, or not as it was announced.
    """
    return run_virtually(_live(random.Random(seed), wishes))  # noqa: S311  # a model of misfortune


async def _live(chance: random.Random, wishes: int) -> Logged:
    plant = Plant(chance)
    mishaps = Mishaps(plant)
    for command in _to_begin_with():
        await plant.wish(command)
    asked: list[asyncio.Task[None]] = []
    wrong: list[asyncio.Task[None]] = []
    while len(asked) < wishes:
        for _ in range(chance.choice(AT_ONCE)):
            command = _wish(chance, f"wish-{len(asked)}")
            asked.append(asyncio.create_task(plant.wish(command)))
            if chance.random() < 0.1:  # the same once more, at the same moment
                asked.append(asyncio.create_task(plant.wish(command)))
        if chance.randrange(FAULT_EVERY) == 0:
            wrong.append(asyncio.create_task(mishaps.go_wrong()))
        await asyncio.sleep(chance.uniform(0.0, WISH_S_MAX))
    if wrong:
        await asyncio.wait(wrong, timeout=MENDED_S_MAX)
    plant.mend()
    try:
        async with asyncio.timeout(MENDED_S_MAX):
            await asyncio.gather(*asked)
            while plant.announced() != plant.logged() or plant.misfolded():
                plant.want_again()
                await asyncio.sleep(1.0)
    except TimeoutError:
        raise PromiseBroken(_unsettled(plant)) from None
    check(plant)
    for process in plant.processes:
        await process.kill()
    return Logged(plant.database.head, plant.faults, tuple(plant.logged()))


def _unsettled(plant: Plant) -> str:
    announced, logged = plant.announced(), plant.logged()
    same = sum(a == b for a, b in zip(announced, logged, strict=False))
    return (
        f"{MENDED_S_MAX:.0f} s after all was mended the log has {len(logged)} events, its jetstream "
        f"{len(announced)}, of which {same} are the same; halted: {plant.database.halted}; "
        f"followers: {plant.misfolded()}"
    )


def check(plant: Plant) -> None:
    """
    Judge a log and its copy, when all is well.

    Raises:
        PromiseBroken: they are not what was acknowledged.
    """
    if plant.broken:
        raise PromiseBroken(f"a follower has ended: {plant.broken[0]!r}")
    entries = plant.database.entries
    if [it.position for it in entries] != list(range(1, len(entries) + 1)):
        raise PromiseBroken("the positions of the log are not dense")
    versions: Counter[str] = Counter()
    for it in entries:
        versions[it.stream] += 1
        if it.version != versions[it.stream]:
            raise PromiseBroken(f"{it.stream} has version {it.version} at {it.position}")
    by_command: dict[str, list[int]] = {}
    for it in entries:
        by_command.setdefault(it.meta.command_id, []).append(it.position)
    for command_id, positions in by_command.items():
        if positions != list(range(positions[0], positions[0] + len(positions))):
            raise PromiseBroken(f"{command_id} was decided more than once, at {positions}")
    for command_id, answer in plant.acknowledged.items():
        at = by_command.get(command_id, [0])[-1]
        if at != answer.position:
            raise PromiseBroken(
                f"{command_id} was acknowledged at {answer.position}, is at {at}"
            )
    _check_places(plant)


def _check_places(plant: Plant) -> None:
    places: dict[str, list[str]] = {}
    for name in PLACES:
        stream = stream_named(name)
        history = [it.event for it in plant.database.entries if it.stream == stream]
        for charger_id, it in installation.fold(history).chargers.items():  # type: ignore[arg-type]  # the stream is the decider's
            places.setdefault(it.serial, []).append(f"{name}/{charger_id}")
    held = {key: [at] for (kind, key), at in plant.database.holders.items() if kind == SERIAL}
    if places != held:
        raise PromiseBroken(f"serials stand at {places}, and are held at {held}")


# --- Wishes ---


def _to_begin_with() -> list[InstallationCommand]:
    wishes: list[InstallationCommand] = []
    for name in PLACES:
        wishes.append(
            CreateInstallation(
                installation_id=name,
                command_id=f"create-{name}",
                name="Garage",
                address="Street 1",
                category=Category.COMMUNITY,
                country="NO",
                type=InstallationType.GARAGE,
                grid_type=GridType.TN_3_PHASE,
                breaker_a=63.0,
            )
        )
        wishes.append(
            AddCircuit(
                installation_id=name,
                command_id=f"circuit-{name}",
                circuit_id="row",
                name="Row",
                breaker_a=32.0,
            )
        )
    return wishes


def _wish(chance: random.Random, command_id: str) -> InstallationCommand:
    whose = {"installation_id": chance.choice(PLACES), "command_id": command_id}
    charger_id = f"bay-{chance.randrange(8)}"
    match chance.randrange(4):
        case 0 | 1:
            serial = f"ZAP{chance.randrange(6):04}"
            charger = NewCharger(charger_id=charger_id, serial=serial, name=charger_id)
            return AssignChargers(**whose, circuit_id="row", chargers=(charger,))
        case 2:
            return RemoveCharger(**whose, charger_id=charger_id)
        case _:
            return SetPriority(**whose, charger_id=charger_id, priority=chance.randrange(10))
