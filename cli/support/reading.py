"""The logs of a stack, read and never changed."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg

from cli.composition import masked, service_database_url
from cli.support.places import Place, services_with_logs
from shared.event_store import DATABASE_FAULTS
from shared.history.chain import Stored
from shared.lines import check_encrypted
from shared.messaging import ServiceUnavailable
from shared.recorded import Recorded, moment_of

PAGE: Final = 5000
CONNECT_S_MAX: Final = 5.0
COUNTED_MAX: Final = 20_000
"""How many events of a routine kind are read at most: the newest ones."""

_ROW: Final = "position, stream, version, type, schema, event_id, data, meta, recorded_at, hash"


_AWAY: Final = (
    ConnectionError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


class NoDatabase(ServiceUnavailable):
    """The service has never run in this stack: it has no database."""


class Logs:
    """Connections to the databases of a stack, opened when they are asked for."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._connections: dict[str, Any] = {}

    async def connection(self, service: str) -> Any:  # noqa: ANN401  # asyncpg carries no types
        """
        Connect to a service's database; only to read, unless the caller begins a transaction of its own.

        Raises:
            NoDatabase: there is none; the service never ran.
            ServiceUnavailable: it cannot be reached.
        """
        if service not in self._connections:
            url = service_database_url(self.place.database_url, service)
            try:
                check_encrypted(url)
                self._connections[service] = await asyncpg.connect(url, timeout=CONNECT_S_MAX)
            except asyncpg.InvalidCatalogNameError as error:
                raise NoDatabase(f"{service} has no database ({masked(url)})") from error
            except (*DATABASE_FAULTS, TimeoutError, ValueError) as error:
                why = str(error) or type(error).__name__
                raise ServiceUnavailable(
                    f"the database of {service} cannot be reached ({masked(url)}): {why}"
                ) from error
        return self._connections[service]

    async def present(self) -> list[str]:
        """Name the services that have a database here."""
        found = []
        for service in services_with_logs():
            with contextlib.suppress(NoDatabase):
                await self.connection(service)
                found.append(service)
        return found

    async def close(self) -> None:
        for connection in self._connections.values():
            connection.terminate()  # it was only read from

    # --- Events ---

    async def pages(
        self, service: str, after: int = 0, upto: int | None = None
    ) -> AsyncIterator[list[Stored]]:
        """Read a log from behind a position, page by page, as it was when it was first asked."""
        connection = await self.connection(service)
        end = await self.head(service) if upto is None else upto
        while after < end:
            rows = await connection.fetch(
                f"select {_ROW} from event_log where position > $1 and position <= $2"  # noqa: S608  # the columns are ours
                " order by position limit $3",
                after,
                end,
                PAGE,
            )
            if not rows:
                return
            yield [_stored(row) for row in rows]
            after = rows[-1]["position"]

    async def streams(
        self,
        service: str,
        streams: Sequence[str],
        *,
        routine: frozenset[str] = frozenset(),
        until: datetime | None = None,
    ) -> list[Recorded]:
        """
        Read streams in the order of their log.

        Args:
            service: whose log.
            streams: their names; some may not exist.
            routine: types of which only the `COUNTED_MAX` newest are read.
            until: how new those may be at most.
        """
        connection = await self.connection(service)
        rows = await connection.fetch(
            f"select {_ROW} from event_log where stream = any($1) and not type = any($2)",  # noqa: S608  # the columns are ours
            list(streams),
            list(routine),
        )
        rows += await connection.fetch(
            f"select {_ROW} from event_log where stream = any($1) and type = any($2)"  # noqa: S608  # the columns are ours
            " and ($3::timestamptz is null or recorded_at <= $3)"
            " order by position desc limit $4",
            list(streams),
            list(routine),
            until,
            COUNTED_MAX,
        )
        return sorted((recorded_of(_stored(row)) for row in rows), key=lambda it: it.position)

    async def newest(self, service: str, kind: str) -> list[Recorded]:
        """Read the newest event of a type in each stream that has any."""
        connection = await self.connection(service)
        rows = await connection.fetch(
            f"select distinct on (stream) {_ROW} from event_log where type = $1"  # noqa: S608  # the columns are ours
            " order by stream, position desc",
            kind,
        )
        return [recorded_of(_stored(row)) for row in rows]

    async def saying(self, service: str, column: str, name: str, value: str) -> list[Recorded]:
        """
        Find events by a text in their data or metadata: the `COUNTED_MAX` newest, in the log's order.

        Args:
            service: whose log.
            column: "data" or "meta".
            name: of the field, at whatever depth.
            value: what it holds, exactly.
        """
        connection = await self.connection(service)
        rows = await connection.fetch(
            f"select {_ROW} from event_log"  # noqa: S608  # the column is one of two
            f" where position(convert_to($1, 'UTF8') in {column}) > 0"
            " order by position desc limit $2",
            f'"{name}":"{value}"',
            COUNTED_MAX,
        )
        return [recorded_of(_stored(row)) for row in reversed(rows)]

    async def recorded_at(self, service: str, position: int) -> datetime | None:
        """Say when a position was recorded; none if the log does not hold it."""
        connection = await self.connection(service)
        found: datetime | None = await connection.fetchval(
            "select recorded_at from event_log where position = $1", position
        )
        return found

    async def has_stream(self, service: str, stream: str) -> bool:
        connection = await self.connection(service)
        return bool(
            await connection.fetchval(
                "select exists (select from event_log where stream = $1)", stream
            )
        )

    # --- What is kept beside the events ---

    async def head(self, service: str) -> int:
        """Name the position at which a log is said to end."""
        connection = await self.connection(service)
        return int(await connection.fetchval("select position from log_head"))

    async def rows(self, service: str, query: str, *arguments: object) -> list[Any]:
        """Ask a service's database."""
        connection = await self.connection(service)
        return list(await connection.fetch(query, *arguments))


@contextlib.asynccontextmanager
async def open_logs(place: Place) -> AsyncIterator[Logs]:
    """
    Read from a stack's databases.

    Raises:
        ServiceUnavailable: a database went away meanwhile.
    """
    logs = Logs(place)
    try:
        yield logs
    except _AWAY as error:
        raise ServiceUnavailable(f"the databases of {place} cannot be read: {error}") from error
    finally:
        await logs.close()


def log_owners(wished: str | None = None) -> list[str]:
    """
    Name the services whose logs are meant: one, or all.

    Raises:
        ValueError: there is no such service.
    """
    known = services_with_logs()
    if wished is None:
        return known
    if wished not in known:
        raise ValueError(f"{wished!r} owns no log; these do: {', '.join(known)}")
    return [wished]


def recorded_of(stored: Stored) -> Recorded:
    """Read what is known of an event's recording."""
    where = (
        stored.position,
        stored.stream,
        stored.version,
        stored.event_id,
        moment_of(stored.recorded_at),
    )
    return Recorded._make((*where, stored.type, stored.schema, stored.data, stored.meta))


def _stored(row: Any) -> Stored:  # noqa: ANN401  # asyncpg rows are untyped
    return Stored(
        position=row["position"],
        stream=row["stream"],
        version=row["version"],
        type=row["type"],
        schema=row["schema"],
        event_id=row["event_id"],
        data=bytes(row["data"]),
        meta=bytes(row["meta"]),
        recorded_at=row["recorded_at"],
        hash=bytes(row["hash"]),
    )
