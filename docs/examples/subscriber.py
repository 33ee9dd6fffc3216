"""
Hears CircuitAdded, ChargerAssigned and MeterReading, and takes each into account exactly once.

    ampledger subscriber add billing --events CircuitAdded,ChargerAssigned,MeterReading
    NATS_URL=nats://subscriber-billing:... python subscriber.py billing.sqlite

Needs nats-py 2.16 or newer, and nothing of Ampledger's. docs/events.md explains each step.
"""

# ruff: noqa: INP001  # a script of its own
import asyncio
import json
import os
import sqlite3
import sys
from urllib.parse import urlsplit

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error

SOURCES = ("EVENTS_INSTALLATION", "TELEMETRY")
CONSUMER = urlsplit(os.environ["NATS_URL"]).username
TABLES = """create table if not exists position (source primary key, epoch, numbering, sequence);
            create table if not exists heard (source, sequence, kind, content)"""


def take(db: sqlite3.Connection, source: str, message: Msg) -> None:
    """Do what your service is there for; here the message is kept."""
    sequence, kind = message.metadata.sequence.stream, message.subject.rpartition(".")[2]
    db.execute("insert into heard values (?, ?, ?, ?)", (source, sequence, kind, message.data))


async def consumer_at(client: Client, jetstream: str, **position: int) -> dict:
    """Set our consumer to a position, and learn what it is; without one there is no answer."""
    subject = f"$JS.API.CONSUMER.RESET.{jetstream}.{CONSUMER}"
    answer = json.loads((await client.request(subject, json.dumps(position).encode())).data)
    if "error" in answer:
        raise Error(answer["error"]["description"])
    return answer


async def begin(client: Client, db: sqlite3.Connection, source: str) -> str:
    """Find the jetstream that is announced on now, and begin behind the last message taken."""
    known = db.execute("select * from position where source = ?", (source,)).fetchone()
    _, epoch, numbering, sequence = known or (source, 1, None, 0)
    for candidate in range(epoch, epoch + 10):
        jetstream = source if candidate == 1 else f"{source}_{candidate}"
        try:
            consumer = await consumer_at(client, jetstream)
        except TimeoutError:
            continue
        now = consumer["config"]["metadata"]["ampledger-numbering"]
        if now != numbering:  # another epoch: what a log told before is void, it is told anew
            with db:
                if source != "TELEMETRY":
                    db.execute("delete from heard where source = ?", (source,))
                at = (source, candidate, now, 0)
                db.execute("replace into position values (?, ?, ?, ?)", at)
            sequence = 0
        await consumer_at(client, jetstream, seq=sequence + 1)
        return jetstream
    raise Error(f"no consumer {CONSUMER} on {source}")


async def hear(client: Client, db: sqlite3.Connection, source: str) -> None:
    """Take messages until one is missing, or there are none for a while."""
    jetstream = await begin(client, db, source)
    pull = await client.jetstream().pull_subscribe_bind(consumer=CONSUMER, stream=jetstream)
    expected = 1
    try:
        while messages := await pull.fetch(100, timeout=5):
            with db:  # effects and position are written together, or not at all
                for message in messages:
                    at = message.metadata.sequence
                    if at.consumer != expected:
                        return
                    take(db, source, message)
                    found = (at.stream, source)
                    db.execute("update position set sequence = ? where source = ?", found)
                    expected += 1
            await messages[-1].ack()
    except TimeoutError:
        return
    finally:
        await pull.unsubscribe()


async def main() -> None:
    async def say(error: Exception) -> None:  # what is not permitted is told here only
        sys.stderr.write(f"NATS: {error!r}\n")

    async def hear_for_ever(source: str) -> None:
        while True:
            try:
                await hear(client, db, source)
            except (Error, TimeoutError) as error:
                await say(error)
                await asyncio.sleep(1)

    db = sqlite3.connect(sys.argv[1])
    db.executescript(TABLES)
    client = await nats.connect(os.environ["NATS_URL"], error_cb=say, max_reconnect_attempts=-1)
    await asyncio.gather(*(hear_for_ever(it) for it in SOURCES))


asyncio.run(main())
