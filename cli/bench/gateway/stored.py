"""What is in the jetstream of readings, beside what chargers were answered."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from shared import subjects
from shared.messages.telemetry import MeterReading
from shared.messaging import connect, disconnect

FETCHED: Final = 1000
STORED_S_MAX: Final = 30.0
POLL_S: Final = 0.2

Readings = Mapping[str, Iterable[int]]
"""Registers, by the serial number of the charger; its id is the same."""


@dataclass(frozen=True, slots=True)
class Found:
    """How the two differ."""

    lost: int
    """Readings that were answered, and are not there."""
    twice: int
    """Readings that are there more than once."""


def answered(crowds: Iterable[Mapping[str, Any]]) -> dict[str, list[int]]:
    """Put together what the processes of chargers say that they were answered."""
    return {serial: them for crowd in crowds for serial, them in crowd["readings"].items()}


async def compare(nats_url: str, acknowledged: Readings) -> Found:
    """Read the jetstream, until all that was answered is there, or for a while."""
    wanted = {(serial, it) for serial, them in acknowledged.items() for it in them}
    client = await connect(nats_url, "ampledger-bench-stored")
    found: Counter[tuple[str, int | None]] = Counter()
    try:
        subscription = await client.jetstream().pull_subscribe(
            subjects.telemetry_all(MeterReading),
            stream=subjects.TELEMETRY_JETSTREAM,
            config=ConsumerConfig(ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.ALL),
        )
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + STORED_S_MAX
        while loop.time() < deadline_s:
            try:
                messages = await subscription.fetch(FETCHED, timeout=POLL_S)
            except TimeoutError:
                if found.keys() >= wanted:
                    break
                continue
            for message in messages:
                reading = MeterReading.model_validate_json(message.data)
                found[reading.charger_id, reading.register_wh] += 1
    finally:
        await disconnect(client)
    lost = sum(it not in found for it in wanted)
    return Found(lost, sum(count > 1 for count in found.values()))


async def count(nats_url: str, jetstream: str) -> int:
    """Count what a jetstream holds."""
    client = await connect(nats_url, "ampledger-bench-count")
    try:
        return int((await client.jetstream().stream_info(jetstream)).state.messages)
    finally:
        await disconnect(client)
