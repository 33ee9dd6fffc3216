"""
How commits are told to the database: the arguments of `append_durably`, and what it answers.

One call carries a batch. asyncpg spends more time on an array's elements than PostgreSQL on the rest of
the call, so only short arrays go as arrays: long ones go as the text of an array, and bytes as one block
with the places where its pieces end.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

import orjson
from pydantic import BaseModel

from shared.commits import (
    CommandKnown,
    Commit,
    Conflict,
    FirstAnswer,
    StoreFault,
    StreamEvents,
    Taken,
)
from shared.decider import Claim
from shared.ids import new_id
from shared.messages import Answer

APPEND: Final = """
    call append_durably(
        $1::text::text[], $2, $3::text::int[], $4, $5::text::int[],
        $6::text[], $7::text::int[],
        $8::text::int[], $9::text::int[], $10::text::int[],
        $11::text::text[], $12::text::int[], $13::text::bigint[],
        $14::text[], $15::smallint[],
        $16::text::int[], $17::text::int[], $18::text::uuid[], $19, $20::text::int[],
        $21::text[], $22::text[], $23::int[], $24::text[], $25::boolean[],
        null, null)
"""
MAKE_DURABLE: Final = "select make_durable()"
"""Answered once all that was read before is on disk."""
NOTIFY: Final = "select set_config('synchronous_commit', 'off', true), pg_notify('log', $1)"
"""Tells whoever listens up to where the log is on disk. It does not wait for the disk itself: whoever
notifies holds a lock on all databases of the server until the commit is through."""


@dataclass(slots=True)
class Written:
    """A commit, written out: what fails here fails for whoever hands it in, not for its batch."""

    command_id: str
    fingerprint: bytes
    answer: str
    meta: bytes
    parts: Sequence[StreamEvents]
    """The streams it was decided on, and the versions they were at."""
    events: Sequence[tuple[str, tuple[str, int], str, bytes]]
    """Stream, type and schema, event id, data."""
    claims: Sequence[Claim]


def written(commit: Commit) -> Written:
    """
    Write a commit out.

    Raises:
        ValueError: it has a text that PostgreSQL cannot hold, or an answer that must not be kept.
    """
    if commit.answer.shown_once:
        raise ValueError(
            "an answer with what is shown once is kept in no log; add it afterwards"
        )
    for claim in commit.claims:
        for text in (claim.kind, claim.key, claim.holder):
            _check(text)
    events = []
    for part in commit.streams:  # loops and calls for each event are what there is to save here
        stream = _check(part.stream)
        for it in part.events:
            # What is none is written too: a field without default could not be read without.
            version, left_out = it.schema_version, None
            if it.brought:
                version = it.least_version
                left_out = {
                    name
                    for newer in it.brought
                    if newer > version
                    for name in it.brought[newer]
                }
            data = it.__pydantic_serializer__.to_json(it, exclude=left_out)
            events.append((stream, (type(it).__name__, version), new_id(), data))
    return Written(
        _check(commit.command_id),
        commit.fingerprint,
        _json(commit.answer).decode(),
        _json(commit.meta),
        commit.streams,
        events,
        commit.claims,
    )


def _json(model: BaseModel) -> bytes:
    """Do what `model_dump_json` does, without its way through a text."""
    return model.__pydantic_serializer__.to_json(model, exclude_none=True)


def _check(text: str) -> str:
    if "\0" in text:
        raise ValueError(f"{text!r} has a zero byte, which no text in a database may have")
    text.encode()
    return text


def arguments(batch: Sequence[Written]) -> tuple[Any, ...]:
    """Lay out the arguments of one call."""
    answers: dict[str, int] = {}
    streams: dict[str, int] = {}
    types: dict[tuple[str, int], int] = {}
    keys: dict[tuple[str, str], int] = {}
    parts: list[StreamEvents] = []
    events: list[tuple[str, tuple[str, int], str, bytes]] = []
    claims: list[Claim] = []
    parts_at, events_at, claims_at = [0], [0], [0]
    for commit in batch:
        parts += commit.parts
        events += commit.events
        claims += commit.claims
        parts_at.append(len(parts))
        events_at.append(len(events))
        claims_at.append(len(claims))
    # The place (from 1, as in SQL) of each thing among the different ones, given when it comes first.
    c_answer = [answers.setdefault(it.answer, len(answers) + 1) for it in batch]
    p_stream = [streams.setdefault(it.stream, len(streams) + 1) for it in parts]
    e_type = [types.setdefault(event[1], len(types) + 1) for event in events]
    k_key = [keys.setdefault((it.kind, it.key), len(keys) + 1) for it in claims]
    return (
        _texts([it.command_id for it in batch]),
        *_block([it.fingerprint for it in batch]),
        *_block([it.meta for it in batch]),
        list(answers),
        _numbers(c_answer),
        _numbers(parts_at),
        _numbers(events_at),
        _numbers(claims_at),
        _texts(streams),
        _numbers(p_stream),
        _numbers(
            ["null" if it.expected_version is None else it.expected_version for it in parts]
        ),
        [name for name, _ in types],
        [schema for _, schema in types],
        _numbers([streams[event[0]] for event in events]),
        _numbers(e_type),
        "{" + ",".join([event[2] for event in events]) + "}",
        *_block([event[3] for event in events]),
        [kind for kind, _ in keys],
        [key for _, key in keys],
        k_key,
        [it.holder for it in claims],
        [not it.release for it in claims],
    )


def _numbers(numbers: Iterable[int | str]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"


def _texts(texts: Collection[str]) -> str:
    r"""
    Write an array of texts as PostgreSQL reads it; none of them holds a zero byte.

    >>> print(_texts(["one", 'a "b"', ""]), _texts([]))
    {"one","a \"b\"",""} {}
    """
    if not texts:
        return "{}"
    joined = "\0".join(texts).replace("\\", "\\\\").replace('"', '\\"')
    return '{"' + joined.replace("\0", '","') + '"}'


def _block(pieces: Sequence[bytes]) -> tuple[bytes, str]:
    return b"".join(pieces), _numbers(accumulate(map(len, pieces), initial=0))


# --- Answers ---


def verdicts(row: Any, batch: Sequence[Written], *, repeated: bool) -> list[int | StoreFault]:  # noqa: ANN401
    """
    Read what became of every commit of a batch: its last event's position, or why not.

    Args:
        row: what the procedure has answered.
        batch: the commits.
        repeated: an earlier call may have taken them: then our own is no duplicate.
    """
    found: list[int | StoreFault] = list(row["positions"])
    for fault in orjson.loads(row["refused"] or b"[]"):
        number = fault["command"] - 1
        if fault["verdict"] == "duplicate":
            first = first_answer(
                fault["answer"], bytes.fromhex(fault["mark"]), fault["position"]
            )
            ours = repeated and first.fingerprint == batch[number].fingerprint
            found[number] = first.answer.position if ours else CommandKnown(first)
        else:
            found[number] = _fault(fault)
    return found


def _fault(fault: dict[str, Any]) -> StoreFault:
    match fault["verdict"]:
        case "conflict":
            return Conflict(f"{fault['stream']} is at version {fault['version']}")
        case "taken":
            return Taken(fault["kind"], fault["key"], fault["holder"])
        case verdict:
            return StoreFault(f"the log answered with the unknown verdict {verdict}")


def first_answer(answer: str, mark: bytes, position: int) -> FirstAnswer:
    """Read the first answer to a command as the log keeps it."""
    first = Answer.model_validate_json(answer).model_copy(update={"position": position})
    return FirstAnswer(first, mark)
