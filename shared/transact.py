"""
A command is decided once: load, decide, append; start over when another writer was first.

    await transact(store, stream, decider, command, context)            over one stream
    await transact_across(store, streams, across, command, context)     over several, in one append
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Generic, TypeVar

import structlog

from shared.context import Context
from shared.decider import Across, Claim, CommandIdReused, Decider, Refused, StaleVersion
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


async def answered_before(store: EventStore, command: Command) -> Answer | None:
    """Say what a command was answered when it came first; none if it has not come yet."""
    first = await store.first_answer(command.command_id)
    return None if first is None else _again(command, fingerprint(command), first)


async def transact(
    store: EventStore,
    stream: str,
    decider: Decider[C, S, E],
    command: C,
    context: Context,
) -> Answer:
    """
    Decide a command on one stream, and append what it decides.

    A command that was made at a version which is not the stream's any more is refused. The same
    command_id again gets the first answer; the same command_id with other content is refused.

    Raises:
        Conflict: other writers were first `ATTEMPTS_MAX` times in a row.
    """

    def decide(states: tuple[S, ...]) -> tuple[tuple[E, ...], ...]:
        return (decider.decide(command, states[0]),)

    return await _decided_once(_Wish(store, (stream,), decider, decide, command, context))


async def transact_across(
    store: EventStore,
    streams: tuple[str, ...],
    across: Across[C, S, E],
    command: C,
    context: Context,
) -> Answer:
    """
    Decide a command on several streams, and append what it decides in one piece.

    The version at which it was made, if it says one, is the first stream's.

    Whoever was first on any of the streams has the command decided again on all of them.

    Raises:
        Conflict: other writers were first `ATTEMPTS_MAX` times in a row.
    """
    decide = partial(across.decide, command)
    return await _decided_once(_Wish(store, streams, across.decider, decide, command, context))


@dataclass(frozen=True, slots=True)
class _Wish(Generic[S, E]):
    """A command, and how and where it is decided."""

    store: EventStore
    streams: tuple[str, ...]
    decider: Decider[Any, S, E]
    decide: Callable[[tuple[S, ...]], tuple[tuple[E, ...], ...]]
    command: Command
    context: Context

    @property
    def meta(self) -> Meta:
        return Meta(
            actor=self.context.actor,
            command_id=self.command.command_id,
            correlation_id=self.context.correlation_id,
            causation_id=self.context.causation_id,
            allowed_by=self.context.allowed_by,
        )


async def _decided_once(wish: _Wish[S, E]) -> Answer:
    mark = fingerprint(wish.command)
    taken: Refused | None = None
    for _ in range(ATTEMPTS_MAX):
        histories = [await _history(wish, stream) for stream in wish.streams]
        events, answer = _decide(wish, histories, taken)
        parts = [
            StreamEvents(stream, len(history), new)
            for stream, history, new in zip(wish.streams, histories, events, strict=True)
        ]
        claims = [
            claim for new in events for event in new for claim in wish.decider.claims_of(event)
        ]
        try:
            position = await wish.store.append(
                Commit(wish.command.command_id, mark, answer, wish.meta, parts, claims)
            )
        except Conflict:
            continue
        except Taken as fault:
            taken = await _refusal(wish, fault, claims)
            continue
        except CommandKnown as known:
            return _again(wish.command, mark, known.first)
        return answer.model_copy(update={"position": position})
    raise Conflict(", ".join(wish.streams))


async def _history(wish: _Wish[S, E], stream: str) -> list[E]:
    return [it.event for it in await wish.store.load(stream)]  # type: ignore[misc]  # the stream is the decider's


def _decide(
    wish: _Wish[S, E], histories: Sequence[list[E]], taken: Refused | None
) -> tuple[tuple[tuple[E, ...], ...], Answer]:
    decider = wish.decider
    try:
        if taken is not None:
            raise taken
        _check_version(wish, histories)
        states = tuple(decider.fold(history) for history in histories)
        events = wish.decide(states)
    except Refused as refusal:
        log.info(
            "command refused",
            command=type(wish.command).__name__,
            refusal=type(refusal).__name__,
            detail=refusal.detail,
        )
        return tuple(() for _ in histories), refusal_of(refusal)
    led_to = (decider.fold(new, state) for new, state in zip(events, states, strict=True))
    notes = tuple(note for state in led_to for note in decider.notes_of(state))
    return events, ACCEPTED.model_copy(update={"notes": notes})


def _check_version(wish: _Wish[S, E], histories: Sequence[list[E]]) -> None:
    expected, version = wish.context.expected_version, len(histories[0])
    if expected is not None and expected != version:
        raise StaleVersion(
            f"{wish.streams[0]} is at version {version} now, and this was decided at {expected}: "
            "look at what has changed, and decide again"
        )


async def _refusal(wish: _Wish[S, E], fault: Taken, claims: Sequence[Claim]) -> Refused:
    """Have the decider say what it means that a key is taken, knowing who has it."""
    decider = wish.decider
    state = decider.initial
    if decider.stream_of is not None:
        state = decider.fold(await _history(wish, decider.stream_of(fault.holder)))
    asked = (
        it for it in claims if not it.release and (it.kind, it.key) == (fault.kind, fault.key)
    )
    return decider.when_taken(next(asked), fault.holder, state)


def _again(command: Command, mark: bytes, first: FirstAnswer) -> Answer:
    if mark == first.fingerprint:
        return first.answer
    return refusal_of(
        CommandIdReused(
            f"command id {command.command_id} was used before, with other content; "
            "send every new wish under a new id"
        )
    )
