"""Minutes of balancers that share out partitions: what goes wrong, and what must hold."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from typing import Final

from cli.proving.trials import PromiseBroken
from cli.simulating.balancers import DECIDED_S_MAX, INSTALLATIONS, Balancer, House
from cli.simulating.virtual import run_virtually
from shared.messages.balancer import LeasesRenewed
from shared.subjects import PARTITIONS

SECONDS: Final = 240
FAULT_S_MAX: Final = 12.0
"""How long it takes at most until the next thing goes wrong."""
BALANCERS: Final = (1, 2, 3, 4)
MENDED_S: Final = 40.0
"""So soon all is shared out evenly, once nothing goes wrong any more."""
LOOK_S: Final = 1.0
FAULTS: Final = (
    *("killed", "cut_off", "cut_off", "stands_still", "stands_still", "deaf"),
    *("database_restarted", "more_or_fewer", "clock_set"),
)


@dataclass(frozen=True, slots=True)
class Shared:
    """What came of it."""

    events: int
    faults: Counter[str]
    ids: tuple[str, ...]


def live_shares(seed: int, seconds: float = SECONDS) -> Shared:
    """
    Have balancers hold partitions, lose them, take over and decide.

    Raises:
        PromiseBroken: two have decided for the same, or in the wrong order, or nobody does in the end.
    """
    return run_virtually(_live(random.Random(seed), seconds))  # noqa: S311  # a model of misfortune


async def _live(chance: random.Random, seconds: float) -> Shared:
    house, faults = House(chance), Counter[str]()
    balancers = [Balancer(house) for _ in range(chance.choice(BALANCERS))]
    wrong_s = 0.0
    while house.now_s() < seconds:
        await asyncio.sleep(LOOK_S)
        await _start_again(house, balancers)
        if house.now_s() >= wrong_s:
            what = chance.choice(FAULTS)
            faults[what] += 1
            await _go_wrong(house, balancers, what)
            wrong_s = house.now_s() + chance.uniform(0.0, FAULT_S_MAX)
    for it in balancers:
        it.cut, it.deaf, it.clock_off_s = False, False, 0.0
        it.stand_still(0.0)
    for _ in range(int(MENDED_S / LOOK_S)):
        await asyncio.sleep(LOOK_S)
        await _start_again(house, balancers)
    check(house, balancers)
    for it in balancers:
        await it.end()
    ids = tuple(str(it.event_id) for it in house.database.entries)
    return Shared(len(ids), faults, ids)


async def _start_again(house: House, balancers: list[Balancer]) -> None:
    """Start those again that have ended themselves."""
    for number, it in enumerate(balancers):
        if it.lost:
            await it.end()
            house.sessions.end(it.session)
            balancers[number] = Balancer(house)


async def _go_wrong(house: House, balancers: list[Balancer], what: str) -> None:
    chance = house.chance
    number = chance.randrange(len(balancers))
    which = balancers[number]
    match what:
        case "killed":
            await which.end()
            house.sessions.end(which.session)
            balancers[number] = Balancer(house)
        case "cut_off":
            which.cut = not which.cut
        case "stands_still":
            which.stand_still(chance.choice((0.5, 3.0, 5.0, 7.0, 20.0)))
        case "deaf":
            which.deaf = not which.deaf
        case "clock_set":
            which.clock_off_s = chance.choice((-60.0, -0.5, 0.0, 0.5, 60.0))
        case "database_restarted":
            house.crashes += 1
            house.sessions.end_all()
        case _:
            await _more_or_fewer(house, balancers)


async def _more_or_fewer(house: House, balancers: list[Balancer]) -> None:
    wanted = house.chance.choice(BALANCERS)
    while len(balancers) > wanted:
        leaving = balancers.pop()
        await leaving.end()
        house.sessions.end(leaving.session)
    while len(balancers) < wanted:
        balancers.append(Balancer(house))


def check(house: House, balancers: list[Balancer]) -> None:
    """
    Judge who holds what, and what was appended.

    Raises:
        PromiseBroken: something is not as it has to be.
    """
    faults = [fault for it in balancers for fault in it.faults]
    if faults:
        raise PromiseBroken(f"a balancer has ended: {faults[0]!r}")
    if house.wrong is not None:
        raise PromiseBroken(house.wrong)
    newest: dict[str, int] = {}
    for it in house.database.entries:
        event = it.event
        if isinstance(event, LeasesRenewed):
            before = newest.get(event.installation_id, 0)
            if event.epoch < before:
                raise PromiseBroken(
                    f"epoch {event.epoch} comes after {before} at {it.position}"
                )
            newest[event.installation_id] = event.epoch
    counts = sorted(it.partitions.count() for it in balancers)
    if sum(counts) != PARTITIONS or counts[-1] - counts[0] > 1:
        raise PromiseBroken(f"{MENDED_S:.0f} s after all was mended balancers hold {counts}")
    for name in INSTALLATIONS:
        if house.now_s() - house.decided_s.get(name, 0.0) > DECIDED_S_MAX:
            raise PromiseBroken(f"nobody decides for {name}, and nothing is wrong")
