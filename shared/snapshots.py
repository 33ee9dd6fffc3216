"""
Snapshots: a state as it was after so many events of a stream, so that a long history need not be read.

A snapshot is a cache. It may be deleted at any time, and it is left alone by whoever does not know the
fold that made it: every change of a state's shape or of its fold takes another name for the fold.
"""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import asyncpg
import structlog
from pydantic import TypeAdapter, ValidationError

S = TypeVar("S")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[S]):
    """A state after the events of its stream up to a version."""

    version: int
    state: S


class Snapshots(Generic[S]):
    """All snapshots of one kind of state, kept in the database of the log."""

    def __init__(self, state: type[S]) -> None:
        self._adapter: TypeAdapter[S] = TypeAdapter(state)

    async def newest(
        self, pool: "asyncpg.Pool[Any]", stream: str, fold_version: str
    ) -> Snapshot[S] | None:
        """
        Read the newest snapshot of a stream; none if there is none that can be used.

        Args:
            pool: of the log's database.
            stream: whose events were folded.
            fold_version: the name of the fold.
        """
        row = await pool.fetchrow(
            "select s.version, s.state from snapshot s"
            " join log_stream l on l.stream = s.stream and l.version >= s.version"
            " where s.stream = $1 and s.fold_version = $2",
            stream,
            fold_version,
        )
        if row is None:
            return None
        try:
            return Snapshot(row["version"], self._adapter.validate_json(row["state"]))
        except ValidationError as error:
            log.warning(
                "snapshot left alone",
                stream=stream,
                fold_version=fold_version,
                error=str(error),
            )
            return None

    async def keep(
        self,
        pool: "asyncpg.Pool[Any]",
        stream: str,
        fold_version: str,
        snapshot: Snapshot[S],
    ) -> None:
        """Write a snapshot down, unless a newer one is there."""
        await pool.execute(
            "insert into snapshot as s (stream, fold_version, version, state) values ($1, $2, $3, $4)"
            " on conflict (stream, fold_version) do update"
            " set version = excluded.version, state = excluded.state"
            " where s.version < excluded.version",
            stream,
            fold_version,
            snapshot.version,
            self._adapter.dump_json(snapshot.state),
        )
