"""How many idle chargers one gateway holds, what each costs it, and whether a limit reaches any of them."""

import asyncio
import random
import resource
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from nats.aio.client import Client

from cli.bench.gateway.crowds import CrowdFailed, crowds, shared_out
from cli.bench.gateway.place import Gateway, gateway, installation
from cli.bench.place import Place
from cli.figures import Figures, figure
from shared import subjects
from shared.clock import utc_now
from shared.context import acting
from shared.ids import Serial, new_id
from shared.messages.telemetry import SetCurrentLimit
from shared.messaging import connect, disconnect, request

Say = Callable[[str], None]

CROWDS: Final = 2
OPEN_AT_ONCE: Final = 32
SPARE_FILES: Final = 500
"""How many files a gateway has open besides its sockets, at most."""
REACHED: Final = 100
REACH_S_MAX: Final = 10.0
SETTLE_S: Final = 5.0
"""After which what accepting them has taken for a while is given back."""


class OutOfReach(Exception):
    """A charger that counts as connected was not reached by a limit."""


async def measure_holding(place: Place, say: Say, sockets: int) -> Figures:
    """
    Connect chargers until all are accepted, leave them idle, and send limits to some of them.

    Args:
        place: the servers.
        say: told what is going on.
        sockets: how many; fewer, if the system lets no process open so many files.

    Raises:
        OutOfReach: a limit did not get through to one of them.
        CrowdFailed: they are not accepted.
    """
    _, files_max = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(sockets, files_max - SPARE_FILES)
    say(f"connecting {count:,} chargers")
    async with (
        gateway(place, "holding", count, commissioned=True) as here,
        crowds(CROWDS) as them,
    ):
        before_kib = here.service.memory_kib()
        came = await them.tell_each(
            "come",
            [
                {
                    "gateway": here.url,
                    "serials": share,
                    "at_once": OPEN_AT_ONCE,
                    # Each address has ports of its own to connect from.
                    "host": f"127.0.0.{number}",
                    "commissioned": True,
                }
                for number, share in enumerate(shared_out(here.serials, CROWDS), start=1)
            ],
        )
        await asyncio.sleep(SETTLE_S)
        grown_kib = here.service.memory_kib() - before_kib
        faults = [it["faults"] for it in came if it["faults"]]
        if faults:
            raise CrowdFailed(f"chargers were not let in: {faults}")
        say("sending limits to some of them")
        await _reach(here, random.Random(count).sample(range(count), min(REACHED, count)))  # noqa: S311  # which of them are reached is no secret
    said = f"accepted and reachable by limits, in one process; {REACHED} of them were reached"
    return {
        "sockets": figure(count, "1", f"{said}; aim 10,000"),
        "kib_per_socket": figure(
            grown_kib / count, "KiB", "growth of its memory (PSS); aim 50"
        ),
        "connects_per_s": figure(
            count / max(it["took_s"] for it in came),
            "1/s",
            "until each is accepted, that being on record",
        ),
    }


async def _reach(here: Gateway, numbers: Sequence[int]) -> None:
    client = await connect(here.nats_url, "ampledger-bench-reach")
    try:
        await asyncio.gather(
            *(_limit(client, here.serials[it], installation(it)) for it in numbers)
        )
    finally:
        await disconnect(client)


async def _limit(client: Client, serial: Serial, installation_id: str) -> None:
    command = SetCurrentLimit(
        command_id=new_id(),
        installation_id=installation_id,
        charger_id=serial,
        limit_a=10.0,
        valid_until=utc_now() + timedelta(minutes=1),
        sequence=1,
        epoch=1,
    )
    subject = subjects.charger_command(SetCurrentLimit, serial)
    with acting("bench") as context:
        answer = await request(client, command, subject, context, REACH_S_MAX)
    if not answer.accepted:
        raise OutOfReach(f"{serial}: {answer.refusal}: {answer.detail}")
