"""
Read models folded in memory, by the very folds that the services use.

A service's folds write through a connection to its database. Here they are given one that keeps
documents in memory and knows the few statements that folds make; any other one is refused, so that a
fold which begins to do more is noticed.
"""

import contextlib
import re
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from cli.support.registry import Projection
from shared.recorded import Recorded
from shared.rows import KEY

Key = tuple[str, str]
"""Kind and key of a document; table and key of a row."""

_ROW: Final = re.compile(
    r"insert into (\w+) select \* from jsonb_populate_record\(null::\1, \$1\)"
)


class UnknownStatement(Exception):
    """A fold does something that cannot be done in memory."""


class Memory:
    """Stands in for a service's database while its folds run."""

    def __init__(self) -> None:
        self.documents: dict[Key, str] = {}
        self._undo: list[tuple[Key, str | None]] = []

    def of(self, kinds: Collection[str]) -> dict[Key, str]:
        """Name the documents of some kinds, as JSON texts."""
        return {key: body for key, body in self.documents.items() if key[0] in kinds}

    # --- What folds ask of a connection, or of a pool ---

    async def execute(self, statement: str, *arguments: Any) -> None:  # noqa: ANN401  # asyncpg's
        words = " ".join(statement.lower().split())
        if words.startswith("insert into document "):
            for kind, key, body in zip(*arguments, strict=True):
                self._change((kind, key), str(body))
        elif (found := _ROW.match(words)) is not None:
            [text] = arguments
            row = orjson.loads(text)
            self._change((found.group(1), row.pop(KEY)), orjson.dumps(row).decode())
        elif words.startswith("delete from document "):
            kind, key = arguments
            self._change((kind, key), None)
        elif not words.startswith("insert into cursor "):  # where we are, we know ourselves
            raise UnknownStatement(statement)

    async def fetch(self, statement: str, *arguments: Any) -> list[dict[str, str]]:  # noqa: ANN401
        if (
            " ".join(statement.lower().split())
            != "select key, body from document where kind = $1"
        ):
            raise UnknownStatement(statement)
        [kind] = arguments
        return [
            {"key": key, "body": body}
            for (it, key), body in self.documents.items()
            if it == kind
        ]

    async def fetchval(self, statement: str, *_: Any) -> None:  # noqa: ANN401
        if " from cursor " not in statement:
            raise UnknownStatement(statement)

    @contextlib.asynccontextmanager
    async def acquire(self) -> AsyncIterator["Memory"]:
        yield self

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        with self.undoing():
            yield

    @contextlib.contextmanager
    def undoing(self) -> Iterator[None]:
        """Undo what was changed inside, if it fails."""
        mark = len(self._undo)
        try:
            yield
        except BaseException:
            while len(self._undo) > mark:
                key, body = self._undo.pop()
                self._put(key, body)
            raise
        if mark == 0:
            self._undo.clear()

    def _change(self, key: Key, body: str | None) -> None:
        self._undo.append((key, self.documents.get(key)))
        self._put(key, body)

    def _put(self, key: Key, body: str | None) -> None:
        if body is None:
            self.documents.pop(key, None)
        else:
            self.documents[key] = body


@dataclass(slots=True)
class Fold:
    """A read model that is being folded; begin it with `begin`."""

    projection: Projection
    memory: Memory = field(default_factory=Memory)
    position: int = 0
    parked: dict[int, str] = field(default_factory=dict)
    """Events that could not be folded, and those of the same stream behind them, with the reason."""
    _behind: set[str] = field(default_factory=set)

    async def take(self, events: Sequence[Recorded], passed_over: Collection[int] = ()) -> None:
        """
        Fold the next events of the log.

        Args:
            events: in the order of the log, from behind `position`.
            passed_over: positions that the service has parked, or was told to skip.
        """
        folds = self.projection.begin(self.memory)
        if self.position > 0:
            await folds.reload()
        for recorded in events:
            self.position = recorded.position
            if recorded.position in passed_over:
                continue
            if recorded.stream in self._behind:
                self.parked[recorded.position] = "it waits behind a parked event"
                continue
            try:
                with self.memory.undoing():
                    await folds.apply(self.memory, recorded)
            except UnknownStatement:
                raise
            except Exception as fault:  # whatever it is, it parks the event, as in the service
                self.parked[recorded.position] = f"{type(fault).__name__}: {fault}"
                self._behind.add(recorded.stream)
                await folds.reload()  # what it held in memory may have gone half-way

    @property
    def documents(self) -> dict[Key, str]:
        """What was folded, of the kinds that are the projection's own."""
        return self.memory.of(self.projection.all_kinds)
