"""What is wrong with a log, beginning with its first bad event."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from shared.history.chain import GENESIS, Stored, hash_after

FAULTS_MAX: Final = 20
"""How many faults of a kind are described; the others are only counted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it must be; stream and type are known where it is an event."""

    position: int
    what: str
    stream: str | None = None
    type: str | None = None

    def __str__(self) -> str:
        if self.stream is None:
            return f"position {self.position}: {self.what}"
        return f"position {self.position} ({self.type} of stream {self.stream}): {self.what}"


def at(event: Stored, what: str) -> Fault:
    """Name a fault of an event."""
    return Fault(event.position, what, event.stream, event.type)


@dataclass(frozen=True, slots=True)
class Anchor:
    """The hash of a position, as somebody wrote it down where nobody could change it."""

    position: int
    hash: bytes

    @classmethod
    def read(cls, text: str) -> "Anchor":
        """
        Read `HASH@POSITION`.

        Raises:
            ValueError: it is something else.

        >>> Anchor.read("ab" * 32 + "@120").position
        120
        """
        digest, at_, position = text.strip().partition("@")
        if not at_ or not position.isdecimal() or len(digest) != 2 * len(GENESIS):
            raise ValueError(f"{text!r} is no anchor; it looks like HASH@POSITION, in one word")
        return cls(int(position), bytes.fromhex(digest))

    def __str__(self) -> str:
        return f"{self.hash.hex()}@{self.position}"


@dataclass(slots=True)
class Verifier:
    """
    Goes through a log in order, and remembers what does not fit.

    Args:
        previous: the hash before the first event that will be shown; none, if it is not known.
        begins_at: the position of that event.
        anchors: hashes that positions must have.
    """

    previous: bytes | None = GENESIS
    begins_at: int = 1
    anchors: Sequence[Anchor] = ()
    count: int = 0
    chain: list[Fault] = field(default_factory=list)
    """Events that the hashes, or an anchor, do not fit."""
    order: list[Fault] = field(default_factory=list)
    """Positions that are missing, versions that do not follow."""
    last: Stored | None = None
    versions: dict[str, int] = field(default_factory=dict)
    _suspect: tuple[Stored, bytes] | None = None

    def show(self, event: Stored) -> None:
        """Look at the next event."""
        follows = self._check_position(event)
        self._check_version(event)
        self._check_hash(event, follows)
        self._check_anchors(event)
        self.count += 1
        self.last = event

    def finish(self) -> None:
        """Say that there are no more events."""
        if self._suspect is not None:
            self.chain.append(at(self._suspect[0], "its content and its hash do not fit"))
            self._suspect = None
        end = 0 if self.last is None else self.last.position
        for anchor in self.anchors:
            if anchor.position > end:
                what = f"it must be there, with hash {anchor.hash.hex()}, but the log ends at {end}"
                self.chain.append(Fault(anchor.position, what))

    @property
    def first_bad(self) -> Fault | None:
        """The first thing that is wrong."""
        return min((*self.chain, *self.order), key=lambda it: it.position, default=None)

    def _check_position(self, event: Stored) -> bool:
        expected = self.begins_at if self.last is None else self.last.position + 1
        if event.position == expected:
            return True
        if event.position > expected:
            last = event.position - 1
            gone = (
                f"it is missing, and all up to {last}" if last > expected else "it is missing"
            )
            self.order.append(Fault(expected, gone))
        else:
            self.order.append(at(event, f"it comes after position {expected - 1}"))
        return False

    def _check_version(self, event: Stored) -> None:
        expected = self.versions.get(event.stream, 0) + 1
        first_seen = event.stream not in self.versions and self.begins_at > 1
        if event.version != expected and not first_seen:
            self.order.append(
                at(
                    event,
                    f"it is version {event.version} of its stream, {expected} should follow",
                )
            )
        self.versions[event.stream] = event.version

    def _check_hash(self, event: Stored, follows: bool) -> None:
        if not follows or self.previous is None:
            self._settle_unseen()
        elif self._suspect is not None:
            self._settle(event)
        else:
            computed = hash_after(self.previous, event)
            if computed != event.hash:
                self._suspect = (event, computed)
        self.previous = event.hash

    def _settle(self, event: Stored) -> None:
        """Whether a content or a hash was changed is told by what was recorded next."""
        assert self._suspect is not None  # noqa: S101  # the only caller has looked
        bad, computed = self._suspect
        self._suspect = None
        if hash_after(computed, event) == event.hash:
            self.chain.append(
                at(bad, "its stored hash was changed; its content is as recorded")
            )
        elif hash_after(bad.hash, event) == event.hash:
            self.chain.append(at(bad, "its content was changed after it was recorded"))
        else:
            self.chain.append(at(bad, "its content and its hash do not fit"))
            again = hash_after(bad.hash, event)
            self._suspect = (event, again)

    def _settle_unseen(self) -> None:
        if self._suspect is not None:
            self.chain.append(at(self._suspect[0], "its content and its hash do not fit"))
            self._suspect = None

    def _check_anchors(self, event: Stored) -> None:
        for anchor in self.anchors:
            if anchor.position == event.position and anchor.hash != event.hash:
                what = f"its hash is {event.hash.hex()}, the anchor says {anchor.hash.hex()}"
                self.chain.append(at(event, what))


def head_faults(last: Stored | None, position: int, digest: bytes) -> list[Fault]:
    """Compare the row that says where the log ends with its last event."""
    end, hash_ = (0, GENESIS) if last is None else (last.position, last.hash)
    if position != end:
        return [Fault(position, f"the log is said to end here, its last event is at {end}")]
    if digest != hash_:
        return [Fault(position, "the head's hash is not the last event's")]
    return []


def stream_faults(counted: Mapping[str, int], kept: Mapping[str, int]) -> list[Fault]:
    """Compare the version that every stream is at with the one that the log tells."""
    return [
        Fault(
            0,
            f"stream {it} is kept at version {kept.get(it, 0)}, the log says {counted.get(it, 0)}",
        )
        for it in sorted({*counted, *kept})
        if counted.get(it, 0) != kept.get(it, 0)
    ]


def copy_faults(log: Sequence[str], announced: Iterable[tuple[int, str | None]]) -> list[Fault]:
    """
    Compare a jetstream with its log.

    Args:
        log: event ids, in the order of their positions, from 1.
        announced: sequence and event id of everything that the jetstream holds.
    """
    faults: list[Fault] = []
    expected = 1
    for sequence, event_id in announced:
        if sequence != expected:
            faults.append(Fault(expected, f"the jetstream holds nothing up to {sequence - 1}"))
        if sequence > len(log):
            faults.append(
                Fault(sequence, f"the jetstream holds {event_id}, the log ends before")
            )
        elif log[sequence - 1] != event_id:
            what = f"the jetstream holds {event_id}, the log {log[sequence - 1]}"
            faults.append(Fault(sequence, what))
        expected = sequence + 1
    return faults


def cursor_faults(head: int, cursors: Mapping[str, int]) -> list[Fault]:
    """Find consumers who claim to have seen what the log does not hold."""
    return [
        Fault(position, f"{consumer} says it has come here, the log ends at {head}")
        for consumer, position in sorted(cursors.items())
        if position > head
    ]
