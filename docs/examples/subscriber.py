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

import nats

CONSUMER = os.environ["NATS_URL"].split("/")[2].partition(":")[0]


def take(db: sqlite3.Connection, source: str, sequence: int, message: nats.aio.msg.Msg) -> None:
    """Do what your service is there for; here the message is kept."""
    db.execute(
        "insert into heard values (?, ?, ?, ?)",
        (source, sequence, message.subject.rpartition(".")[2], message.data),
    )


async def consumer_at(client: nats.NATS, jetstream: str, **position: int) -> str:
    """Set our consumer to a position, and learn what its sequence numbers belong to."""
    answer = await client.request(
        f"$JS.API.CONSUMER.RESET.{jetstream}.{CONSUMER}", json.dumps(position).encode()
    )
    return json.loads(answer.data)["config"]["metadata"]["ampledger-numbering"]


async def begin(client: nats.NATS, db: sqlite3.Connection, source: str) -> tuple[str, str]:
    """Find the jetstream that is announced on now, and begin behind the last message taken."""
    _, since, before, sequence = db.execute(
        "select * from position where source = ?", (source,)
    ).fetchone() or (source, source, None, 0)
    for jetstream in (since, *(f"{source}_{epoch}" for epoch in range(2, 10))):
        try:
            numbering = await consumer_at(client, jetstream)
        except TimeoutError:  # nobody answers where our consumer is not, or not any more
            continue
        return jetstream, await consumer_at(
            client, jetstream, seq=sequence + 1 if numbering == before else 1
        )
    raise nats.errors.Error(f"no consumer {CONSUMER} on {source}")


async def hear(client: nats.NATS, db: sqlite3.Connection, source: str) -> None:
    """Begin at our own position, and take what comes: all before a gap, for the rest comes again."""
    jetstream, numbering = await begin(client, db, source)
    pull = await client.jetstream().pull_subscribe_bind(consumer=CONSUMER, stream=jetstream)
    try:
        whole = [
            (it.metadata.sequence.stream, it)
            for number, it in enumerate(await pull.fetch(500, timeout=5), start=1)
            if it.metadata.sequence.consumer == number
        ]
        with db:  # effects and position are written together, or not at all
            db.execute(  # a log that is told anew, under other numbers, makes void what it told
                "delete from heard where source = ? and source <> 'TELEMETRY'"
                " and source not in (select source from position where numbering = ?)",
                (source, numbering),
            )
            for at, message in whole:
                take(db, source, at, message)
                db.execute(
                    "replace into position values (?, ?, ?, ?)",
                    (source, jetstream, numbering, at),
                )
        await asyncio.gather(*(message.ack() for _, message in whole[-1:]))
    finally:
        await pull.unsubscribe()


async def main() -> None:
    async def say(error: Exception) -> None:  # what is not permitted is told here only
        sys.stderr.write(f"NATS: {error!r}\n")

    async def hear_for_ever(source: str) -> None:
        while True:
            try:
                await hear(client, db, source)
            except TimeoutError:  # it was quiet
                continue
            except (nats.errors.Error, KeyError) as error:
                await say(error)

    db = sqlite3.connect(sys.argv[1])
    db.executescript(
        "create table if not exists position (source primary key, jetstream, numbering, sequence);"
        "create table if not exists heard (source, sequence, kind, content)"
    )
    client = await nats.connect(os.environ["NATS_URL"], error_cb=say, max_reconnect_attempts=-1)
    await asyncio.gather(*map(hear_for_ever, ("EVENTS_INSTALLATION", "TELEMETRY")))


asyncio.run(main())
