"""What is handed to a log, and why it may not be taken."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from shared.decider import Claim
from shared.messages import Answer, Command, Event, sent
from shared.recorded import Meta

DATABASE_FAULTS: Final = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection cut in the middle of its protocol
)
"""What a database that is away, or has just come back, raises in those who read or write it."""


class StoreFault(Exception):
    """Why a commit was not appended."""


class Conflict(StoreFault):
    """A stream has moved on since the decision was taken."""


class StoreOverloaded(StoreFault):
    """Too many commits are waiting for the database."""


class LogHalted(StoreFault):
    """The log may not be what was announced of it: an operator has to say what is true."""


class StoreUnreachable(StoreFault):
    """The database did not answer for too long; whether the commit was taken is unknown, its
    command id will tell.
    """


class Taken(StoreFault):
    """A key is held by somebody else."""

    def __init__(self, kind: str, key: str, holder: str) -> None:
        super().__init__(f"{kind} {key} is held by {holder}")
        self.kind, self.key, self.holder = kind, key, holder


class CommandKnown(StoreFault):
    """The command was decided before; carries its first answer."""

    def __init__(self, first: "FirstAnswer") -> None:
        super().__init__("the command was decided before")
        self.first = first


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """What was answered when a command came for the first time."""

    answer: Answer
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class StreamEvents:
    """
    New events of one stream, decided when it was at `expected_version` (0: it did not exist).

    None means that they hold whatever else has happened: facts that were observed, not decided.
    """

    stream: str
    expected_version: int | None
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Commit:
    """
    Everything one command does to the log; all of it, or nothing.

    Its releases of keys count before its claims: a key may change hands within one commit.
    """

    command_id: str
    fingerprint: bytes
    answer: Answer
    meta: Meta
    streams: Sequence[StreamEvents] = ()
    claims: Sequence[Claim] = ()


def fingerprint(command: Command) -> bytes:
    """Digest a command's content, to tell a repetition from a reused id. It stays the same when a later
    version of the command has further fields, with defaults."""
    name = type(command).__name__.encode()
    content = sent(command)
    return hashlib.sha256(name + b"\n" + content).digest()
