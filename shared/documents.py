"""
Documents: the read models a service folds from events, one per kind and key.

They live in the service's own database, are written in the transaction that moves the cursor, and
may always be thrown away and folded again.

Many events of a batch may change the same document: a `Gathering` writes each once, all in one statement.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import BaseModel, PlainSerializer

M = TypeVar("M", bound=BaseModel)
K = TypeVar("K", bound=str)

InOrder = Annotated[frozenset[K], PlainSerializer(sorted, return_type=list[str])]
"""A set that is always written in the same order: documents are compared as they are written."""


_PUT: Final = (
    "insert into document (kind, key, body)"
    " select * from unnest($1::text[], $2::text[], $3::jsonb[])"
    " on conflict (kind, key) do update set body = excluded.body"
)


def numbered(name: str, number: int) -> str:
    """
    Tell apart what processes of one service keep, each for itself, in the database that they share.

    >>> numbered("layout", 1), numbered("layout", 2)
    ('layout', 'layout-2')
    """
    return name if number == 1 else f"{name}-{number}"


class Gathering:
    """
    A connection in the transaction of a batch of events; documents that are put by way of it are written
    when it is told to.
    """

    def __init__(self, connection: Any) -> None:  # noqa: ANN401  # asyncpg carries no types
        self._connection = connection
        self._bodies: dict[tuple[str, str], BaseModel] = {}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._connection, name)

    def put(self, kind: str, key: str, body: BaseModel) -> None:
        """Have a document written as it is now, unless it changes again before."""
        self._bodies[(kind, key)] = body

    def forget(self, kind: str, key: str) -> None:
        """Have a document not written that is gone."""
        self._bodies.pop((kind, key), None)

    async def write(self) -> None:
        """
        Write the documents that were put.

        Raises:
            ValueError, asyncpg.DataError: one of them cannot be written.
        """
        rows = [(*it, body.model_dump_json()) for it, body in sorted(self._bodies.items())]
        self._bodies.clear()
        if rows:
            columns = [list(it) for it in zip(*rows, strict=True)]
            await self._connection.execute(_PUT, *columns)


class Documents(Generic[M]):
    """All documents of one kind, held in memory as they are in the database."""

    def __init__(self, kind: str, model: type[M]) -> None:
        self._kind = kind
        self._model = model
        self._held: dict[str, M] = {}

    async def open(self, pool: Any) -> None:  # noqa: ANN401  # asyncpg carries no types
        """Read what is there."""
        rows = await pool.fetch("select key, body from document where kind = $1", self._kind)
        self._held = {row["key"]: self._model.model_validate_json(row["body"]) for row in rows}

    async def look(self, pool: Any, key: str) -> M | None:  # noqa: ANN401
        """Read one anew that another process may have written meanwhile."""
        body = await pool.fetchval(
            "select body from document where kind = $1 and key = $2", self._kind, key
        )
        if body is None:
            self._held.pop(key, None)
        else:
            self._held[key] = self._model.model_validate_json(body)
        return self._held.get(key)

    def get(self, key: str) -> M | None:
        return self._held.get(key)

    @property
    def held(self) -> Mapping[str, M]:
        """Every document by its key, as they are: for those who look often, and change nothing."""
        return self._held

    def all(self) -> dict[str, M]:
        """Name every document by its key; the mapping is the caller's to keep."""
        return dict(self._held)

    async def put(self, connection: Any, key: str, body: M) -> None:  # noqa: ANN401
        """
        Write a document within the transaction of the event that changed it.

        What is held in memory changes at once, so that the next event of the same batch sees it; if
        the transaction fails, `open` again.
        """
        if isinstance(connection, Gathering):
            connection.put(self._kind, key, body)
        else:
            await connection.execute(_PUT, [self._kind], [key], [body.model_dump_json()])
        self._held[key] = body

    async def remove(self, connection: Any, key: str) -> None:  # noqa: ANN401
        """Drop a document within the transaction of the event that ended it."""
        if isinstance(connection, Gathering):
            connection.forget(self._kind, key)
        await connection.execute(
            "delete from document where kind = $1 and key = $2", self._kind, key
        )
        self._held.pop(key, None)
