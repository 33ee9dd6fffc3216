"""More and more chargers on one machine, until limits come too late."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import psutil

from cli.bench.gateway.crowds import Crowds, crowds
from cli.bench.rates import quantile
from cli.bench.scale.costs import Stored, Used, stored_at, used_by
from cli.bench.scale.figures import figures_of
from cli.bench.scale.place import GARAGE_OF, Building, building
from cli.bench.scale.weighing import CROWD, Share, Step, limited_by
from cli.figures import Figures

Say = Callable[[str], None]

LIMIT_MS_MAX: Final = 2000.0
"""Limits that come later are too late: more chargers are not tried."""
SWING_A: Final = 16.0
"""Of 400 A for 30 cars so much that the others are each told at least 0.5 A less."""
AT_ONCE: Final = 16
"""So many chargers connect, or begin a session, at the same time."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """
    How much of everything.

    Args:
        steps: how many chargers.
        settle_s: how long each step settles.
        seconds: how long it is measured after that.
        every_s: how often each charger tells a reading.
        swing_every: at every garage somebody draws more once in so many readings.
        gateways: how many share the chargers.
        balancers: how many share the garages.
        every_step: go on to the last one, also when limits come late: a machine that has other things to
            do besides still tells what each charger takes.
    """

    steps: Sequence[int]
    settle_s: float = 20.0
    seconds: float = 40.0
    every_s: float = 10.0
    swing_every: int = 4
    gateways: int = 1
    balancers: int = 1
    every_step: bool = False


QUICK: Final = Sizes(
    (30, 60), settle_s=3.0, seconds=8.0, every_s=2.0, swing_every=2, every_step=True
)
"""Whether it works; the figures say little."""


def steps_to(chargers: int) -> list[int]:
    """
    Name the steps up to a number of chargers, each of whole garages: in one that is not full, somebody may
    draw more without anybody having to make room.

    >>> steps_to(5000), steps_to(400)
    ([510, 1020, 2010, 5010], [420])
    """
    usual = [it for it in (500, 1000, 2000, 5000, 7500, 10_000) if it < chargers]
    return [-(-it // GARAGE_OF) * GARAGE_OF for it in (*usual, chargers)]


async def measure_scale(sizes: Sizes, say: Say) -> Figures:
    """
    Measure step by step.

    Args:
        sizes: how much.
        say: told what is going on, and what each step has shown.

    Raises:
        StackFault, NotUp: the stack does not start, or does not keep up.
        CrowdFailed: the chargers have failed.
    """
    done: list[Step] = []
    stored: list[Stored] = []
    async with building(sizes.gateways, sizes.balancers) as here, crowds(1) as them:
        present = 0
        for chargers in sizes.steps:
            say(f"adding chargers up to {chargers:,}")
            await _come(here, them, range(present, chargers))
            present = chargers
            say(f"{chargers:,} chargers, each read every {sizes.every_s:g} s")
            step, kept = await _measured(here, them, chargers, sizes)
            done.append(step)
            stored.append(kept)
            say(f"{chargers:,} chargers: {_told(step)}")
            if not _in_time(step) and not sizes.every_step:
                break
    held = [it for it in done if _in_time(it)]
    return figures_of(done, held[-1] if held else None, stored[-1])


async def _come(here: Building, them: Crowds, numbers: range) -> None:
    serials = await here.add(numbers)
    share = -(-len(serials) // len(here.gateways) // GARAGE_OF) * GARAGE_OF or len(serials)
    for begin, url in zip(range(0, len(serials), share), here.gateways, strict=False):
        await them.tell(
            "come",
            gateway=url,
            serials=serials[begin : begin + share],
            at_once=AT_ONCE,
            host="127.0.0.1",
            commissioned=True,
        )
    await them.tell("begin", at_once=AT_ONCE)


async def _measured(
    here: Building, them: Crowds, chargers: int, sizes: Sizes
) -> tuple[Step, Stored]:
    pids = {**here.pids(), CROWD: them.pids[0]}
    loop = asyncio.get_running_loop()
    before, stored, began_s = used_by(pids), await stored_at(here.place), loop.time()
    (told,) = await them.tell(
        "swing",
        garage_of=GARAGE_OF,
        swing_a=SWING_A,
        every_s=sizes.every_s,
        settle_s=sizes.settle_s,
        seconds=sizes.seconds,
        swing_every=sizes.swing_every,
    )
    seconds = loop.time() - began_s
    after = used_by(pids)
    step = Step(
        chargers,
        seconds,
        told["readings"],
        told["took_ms"],
        told["missed"],
        {name: _share(before[name], it, seconds) for name, it in after.items()},
        psutil.cpu_count() or 1,
    )
    return step, (await stored_at(here.place)).since(stored)


def _share(before: Used, after: Used, seconds: float) -> Share:
    return Share((after.cpu_s - before.cpu_s) / seconds, after.memory_kib)


def _in_time(step: Step) -> bool:
    return bool(step.took_ms) and not step.missed and quantile(step.took_ms, 99) <= LIMIT_MS_MAX


def _told(step: Step) -> str:
    shares = sorted(step.shares.items(), key=lambda it: -it[1].cores)
    cores = ", ".join(f"{name} {it.cores:.2f}" for name, it in shares if it.cores >= 0.005)
    ms = "no limit came"
    if step.took_ms:
        ms = f"p50 {quantile(step.took_ms, 50):.0f} ms, p99 {quantile(step.took_ms, 99):.0f} ms"
    return (
        f"{ms} after {len(step.took_ms)} swings, {step.missed} without a limit; "
        f"{step.readings / step.seconds:.0f} readings/s, "
        f"{step.cpu_us_per_reading():.0f} µs each; cores: {cores}; {limited_by(step)}"
    )
