"""
A storm: the gateway is killed, and all its chargers come back at once.

That is harder than a network that is gone for a moment: the new process knows nothing of them, and nobody
was told goodbye. They try again every second, all at the same pace. All were in sessions, and told readings
up to the kill; whatever was answered by then has to be there afterwards.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from cli.bench.gateway.crowds import CrowdFailed, Crowds, crowds, shared_out
from cli.bench.gateway.place import Gateway, gateway
from cli.bench.gateway.stored import answered, compare
from cli.bench.place import Place, open_store
from cli.figures import Figures, figure
from shared.messages.telemetry import SessionStarted

Say = Callable[[str], None]

CROWDS: Final = 2
OPEN_AT_ONCE: Final = 32
READINGS_S: Final = 4.0
"""For how long readings come in before the kill."""
EVERY_S: Final = 2.0
"""How often each charger tells one: five times as often as real ones."""


async def measure_storm(place: Place, say: Say, chargers: int) -> Figures:
    """
    Kill a gateway under its chargers, and start it again.

    Args:
        place: the servers.
        say: told what is going on.
        chargers: how many.

    Raises:
        CrowdFailed: they are not accepted in the first place.
    """
    say(f"connecting {chargers:,} chargers, with sessions")
    async with (
        gateway(place, "storm", chargers, commissioned=True) as here,
        crowds(CROWDS) as them,
    ):
        sessions = await _busy(here, them)
        await asyncio.sleep(READINGS_S)
        say("killing the gateway")
        await them.tell("stay")
        lost_s = time.monotonic()
        await here.service.kill()
        await them.tell(
            "stay"
        )  # what a process was asked while it died, nobody has turned down
        await here.service.start()
        back = await them.tell("back", since_s=lost_s)
        await asyncio.sleep(EVERY_S)
        acknowledged = answered(await them.tell("acknowledged"))
        say("looking for what was acknowledged")
        readings = await compare(here.nats_url, acknowledged)
        forgotten = await _forgotten(here, sessions)
    refused = sum(sum(it["faults"].values()) for it in back)
    away = sum(it["away"] for it in back)
    took_s = max(it["took_s"] for it in back)
    total = sum(map(len, acknowledged.values()))
    name = f"storm_{chargers}"
    return {
        f"{name}_s": figure(
            None if away else took_s,
            "s",
            "from the kill of the gateway until all were accepted by the next one; aim 60",
        ),
        "storm_refused": figure(
            refused, "1", "times a charger was turned away or cut off; aim 0"
        ),
        "storm_lost": figure(
            readings.lost + forgotten,
            "1",
            f"of {total:,} readings and {len(sessions):,} sessions that were acknowledged; aim 0",
        ),
    }


async def _busy(here: Gateway, them: Crowds) -> dict[str, int]:
    """Connect all, begin sessions, and have readings told; names sessions by charger."""
    came = await them.tell_each(
        "come",
        [
            {
                "gateway": here.url,
                "serials": share,
                "at_once": OPEN_AT_ONCE,
                "host": f"127.0.0.{number}",
                "commissioned": True,
            }
            for number, share in enumerate(shared_out(here.serials, CROWDS), start=1)
        ],
    )
    faults = [it["faults"] for it in came if it["faults"]]
    if faults:
        raise CrowdFailed(f"chargers were not let in: {faults}")
    begun: Sequence[Mapping[str, Any]] = await them.tell("begin")
    await them.tell("read_on", every_s=EVERY_S)
    return {serial: it for crowd in begun for serial, it in crowd["sessions"].items()}


async def _forgotten(here: Gateway, sessions: Mapping[str, int]) -> int:
    """Count the sessions that were acknowledged and are not on record."""
    async with open_store(here.database_url) as (_, store):
        started = {
            (recorded.event.charger_id, recorded.event.transaction_id)
            async for page in store.pages()
            for recorded in page
            if isinstance(recorded.event, SessionStarted)
        }
    return sum((serial, number) not in started for serial, number in sessions.items())
