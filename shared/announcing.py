"""
Publishing events of a log to its jetstream, such that their sequences are their positions.

Each publication names the jetstream and the sequence it expects to follow. JetStream refuses it if the
jetstream has gone on, was lost, or has been replaced by that of a later epoch.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import orjson
import structlog
from nats.aio.client import Client
from nats.js.errors import APIError

from shared import subjects
from shared.announced import headers_of
from shared.ids import new_id
from shared.recorded import Recorded

PUBLISH_TIMEOUT_S: Final = 5.0
ATOMIC_MIN: Final = 8
"""From how many events on they are published as one atomic batch (NATS ADR-50). Fewer are quicker one
by one, without waiting in between."""

Part = tuple[str, dict[str, str]]
"""The subject and the headers of an event."""

log = structlog.get_logger()


async def announce(client: Client, service: str, epoch: int, batch: Sequence[Recorded]) -> None:
    """
    Publish events that follow one another in a log: all of them, or the first few.

    Raises:
        APIError, TimeoutError, NoStreamResponseError: one was not taken, or nobody knows.
    """
    jetstream = subjects.jetstream_of(service, epoch)
    parts = [
        (_subject(service, it), headers_of(it, epoch) | {"Nats-Expected-Stream": jetstream})
        for it in batch
    ]
    if len(batch) < ATOMIC_MIN:
        await _announce_each(client, parts, batch)
    else:
        await _announce_at_once(client, parts, batch)


async def _announce_each(
    client: Client, parts: Sequence[Part], batch: Sequence[Recorded]
) -> None:
    """Each expects the one before, so that none is taken behind one that was refused."""
    for (_, headers), recorded in zip(parts, batch, strict=True):
        headers["Nats-Expected-Last-Sequence"] = str(recorded.position - 1)
    asked = [
        _ask(client, subject, recorded.data, headers)
        for (subject, headers), recorded in zip(parts, batch, strict=True)
    ]
    for outcome in await asyncio.gather(*asked, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def _announce_at_once(
    client: Client, parts: Sequence[Part], batch: Sequence[Recorded]
) -> None:
    batch_id = new_id()
    parts[0][1]["Nats-Expected-Last-Sequence"] = str(batch[0].position - 1)
    for index, (_, headers) in enumerate(parts, start=1):
        headers["Nats-Batch-Id"] = batch_id
        headers["Nats-Batch-Sequence"] = str(index)
    parts[-1][1]["Nats-Batch-Commit"] = "1"
    for (subject, headers), recorded in zip(parts[:-1], batch[:-1], strict=True):
        await client.publish(subject, recorded.data, headers=headers)
    subject, headers = parts[-1]
    await _ask(client, subject, batch[-1].data, headers)


async def _ask(client: Client, subject: str, data: bytes, headers: dict[str, str]) -> None:
    reply = await client.request(subject, data, timeout=PUBLISH_TIMEOUT_S, headers=headers)
    answer = orjson.loads(reply.data)
    if "error" in answer:
        raise APIError.from_error(answer["error"])


def _subject(service: str, recorded: Recorded) -> str:
    try:
        return subjects.event(recorded.event)
    except ValueError as fault:
        # A newer version of this program wrote it. It keeps its place; followers that cannot read
        # it either park it.
        log.warning(
            "an unreadable event is announced",
            service=service,
            position=recorded.position,
            error=str(fault),
        )
        return subjects.event_named(service, recorded.type, recorded.stream)
