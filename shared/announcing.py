"""
Publishing events of a log to its jetstream, such that their sequences are their positions.

Each publication names the jetstream and the sequence it expects to follow. JetStream refuses it if the
jetstream has gone on, was lost, or has been replaced by that of a later epoch.
"""

from collections.abc import Sequence
from typing import Final

import structlog
from nats.aio.client import Client

from shared import subjects
from shared.announced import headers_of
from shared.batches import WORTH_IT, ask, publish_batch
from shared.recorded import Recorded

PUBLISH_TIMEOUT_S: Final = 5.0
EXPECTED: Final = "Nats-Expected-Last-Sequence"

log = structlog.get_logger()


async def announce(client: Client, service: str, epoch: int, batch: Sequence[Recorded]) -> None:
    """
    Publish events that follow one another in a log: all of them, or the first few.

    Raises:
        APIError, TimeoutError, NoStreamResponseError: one was not taken, or nobody knows.
    """
    jetstream = subjects.jetstream_of(service, epoch)
    messages = [
        (
            _subject(service, it),
            it.data,
            headers_of(it, epoch) | {"Nats-Expected-Stream": jetstream},
        )
        for it in batch
    ]
    if len(batch) >= WORTH_IT:
        messages[0][2][EXPECTED] = str(batch[0].position - 1)
        await publish_batch(client, messages, PUBLISH_TIMEOUT_S)
        return
    # Each expects the one before, so that none is taken behind one that was refused: the answer to the last
    # one is for all.
    for (_, _, headers), recorded in zip(messages, batch, strict=True):
        headers[EXPECTED] = str(recorded.position - 1)
    for subject, data, headers in messages[:-1]:
        await client.publish(subject, data, headers=headers)
    subject, data, headers = messages[-1]
    await ask(client, subject, data, headers, PUBLISH_TIMEOUT_S)


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
