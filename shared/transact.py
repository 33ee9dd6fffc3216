"""A command is decided once: load, decide, append; start over when another writer was first."""

from collections.abc import Sequence
from typing import Final, TypeVar

import structlog

from shared.context import Context
from shared.decider import Claim, CommandIdReused, Decider, Refused
from shared.event_store import (
    CommandKnown,
    Commit,
    Conflict,
    EventStore,
    FirstAnswer,
    StreamEvents,
    Taken,
    fingerprint,
)
from shared.messages import Answer, Command, Event, Verdict
from shared.recorded import Meta

ATTEMPTS_MAX: Final = 50

C = TypeVar("C", bound=Command)
S = TypeVar("S")
E = TypeVar("E", bound=Event)

log = structlog.get_logger()

ACCEPTED: Final = Answer(verdict=Verdict.ACCEPTED)


def refusal_of(refusal: Refused) -> Answer:
    """Turn a refusal into the answer that carries its name and its text."""
    return Answer(
        verdict=Verdict.REFUSED, refusal=type(refusal).__name__, detail=refusal.detail
    )


async def transact(
    store: EventStore,
    stream: str,
    decider: Decider[C, S, E],
    command: C,
    context: Context,
) -> Answer:
    """
    Decide a command on one stream, and append what it decides.

    The same command_id again gets the first answer; the same command_id with other content is
    refused.

    Raises:
        Conflict: other writers were first `ATTEMPTS_MAX` times in a row.
    """
    mark = fingerprint(command)
    meta = Meta(
        actor=context.actor,
        command_id=command.command_id,
        correlation_id=context.correlation_id,
        causation_id=context.causation_id,
    )
    taken: tuple[Claim, str] | None = None
    for _ in range(ATTEMPTS_MAX):
        history = await store.load(stream)
        events, answer = _decide(decider, command, [it.event for it in history], taken)  # type: ignore[misc]
        claims = [claim for event in events for claim in decider.claims_of(event)]
        part = StreamEvents(stream, len(history), events)
        try:
            position = await store.append(
                Commit(command.command_id, mark, answer, meta, [part], claims)
            )
        except Conflict:
            continue
        except Taken as fault:
            taken = (
                next(it for it in claims if (it.kind, it.key) == (fault.kind, fault.key)),
                fault.holder,
            )
            continue
        except CommandKnown as known:
            return _again(command, mark, known.first)
        return answer.model_copy(update={"position": position})
    raise Conflict(stream)


def _decide(
    decider: Decider[C, S, E], command: C, history: Sequence[E], taken: tuple[Claim, str] | None
) -> tuple[tuple[E, ...], Answer]:
    try:
        if taken is not None:
            raise decider.when_taken(*taken)
        return decider.decide(command, decider.fold(history)), ACCEPTED
    except Refused as refusal:
        log.info(
            "command refused",
            command=type(command).__name__,
            refusal=type(refusal).__name__,
            detail=refusal.detail,
        )
        return (), refusal_of(refusal)


def _again(command: Command, mark: bytes, first: FirstAnswer) -> Answer:
    if mark == first.fingerprint:
        return first.answer
    return refusal_of(
        CommandIdReused(
            f"command id {command.command_id} was used before, with other content; "
            "send every new wish under a new id"
        )
    )
