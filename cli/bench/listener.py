"""
A process that hears a log's events as another service would, and notes when each has come.

    python -m cli.bench.listener EVENTS

Says "ready", hears so many events, and writes {command id: seconds of the system's monotonic clock} as
JSON. The URL of NATS has a password, so it comes in the environment.
"""

import os
import sys
import time

import orjson
import uvloop
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig

from shared import subjects
from shared.announced import recorded_of
from shared.messages.telemetry import SessionEnded
from shared.messaging import connect
from shared.pull import pulling

SERVICE = SessionEnded.service


async def hear(client: Client, wanted: int) -> dict[str, float]:
    """Hear so many events, each read into its type."""
    arrived_s: dict[str, float] = {}
    config = ConsumerConfig(
        durable_name="bench", ack_policy=AckPolicy.ALL, max_ack_pending=10_000
    )
    async with pulling(client, subjects.jetstream_of(SERVICE), config) as pull:
        print("ready", flush=True)
        while len(arrived_s) < wanted:
            messages = await pull.batch()
            for message in messages:
                recorded = recorded_of(message)
                assert recorded.event is not None  # noqa: S101  # whoever hears it reads it
                arrived_s[recorded.meta.command_id] = time.monotonic()
            if messages:
                await messages[-1].ack()
    return arrived_s


async def _main(wanted: int) -> None:
    client = await connect(os.environ["NATS_URL"], "ampledger-bench-listener")
    try:
        arrived_s = await hear(client, wanted)
    finally:
        await client.close()
    sys.stdout.buffer.write(orjson.dumps(arrived_s))


if __name__ == "__main__":
    uvloop.run(_main(int(sys.argv[1])))
