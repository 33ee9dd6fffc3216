"""
Publishing events of a log to its jetstream, such that their sequences are their positions.

Each publication names the jetstream and the sequence it expects to follow. JetStream refuses it if the
jetstream has gone on, was lost, or has been replaced by that of a later epoch.
"""

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
ATOMIC_MIN: Final = 2
"""From how many events on they are published as one atomic batch (NATS ADR-50)."""

log = structlog.get_logger()


async def announce(client: Client, service: str, epoch: int, batch: Sequence[Recorded]) -> None:
    """
    Publish events that follow one another in a log: all of them, or none.

    Raises:
        APIError, TimeoutError, NoStreamResponseError: they were not taken, or nobody knows.
    """
    jetstream = subjects.jetstream_of(service, epoch)
    parts = [
        (_subject(service, it), headers_of(it, epoch) | {"Nats-Expected-Stream": jetstream})
        for it in batch
    ]
    parts[0][1]["Nats-Expected-Last-Sequence"] = str(batch[0].position - 1)
    if len(batch) >= ATOMIC_MIN:
        batch_id = new_id()
        for index, (_, headers) in enumerate(parts, start=1):
            headers["Nats-Batch-Id"] = batch_id
            headers["Nats-Batch-Sequence"] = str(index)
        parts[-1][1]["Nats-Batch-Commit"] = "1"
    for (subject, headers), recorded in zip(parts[:-1], batch[:-1], strict=True):
        await client.publish(subject, recorded.data, headers=headers)
    subject, headers = parts[-1]
    reply = await client.request(
        subject, batch[-1].data, timeout=PUBLISH_TIMEOUT_S, headers=headers
    )
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
