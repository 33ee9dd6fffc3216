"""
Documents: the read models a service folds from events, one per kind and key.

They live in the service's own database, are written in the transaction that moves the cursor, and
may always be thrown away and folded again.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, PlainSerializer

M = TypeVar("M", bound=BaseModel)
K = TypeVar("K", bound=str)

InOrder = Annotated[frozenset[K], PlainSerializer(sorted, return_type=list[str])]
"""A set that is always written in the same order: documents are compared as they are written."""


def numbered(name: str, number: int) -> str:
    """
    Tell apart what processes of one service keep, each for itself, in the database that they share.

    >>> numbered("layout", 1), numbered("layout", 2)
    ('layout', 'layout-2')
    """
    return name if number == 1 else f"{name}-{number}"


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
        await connection.execute(
            "insert into document values ($1, $2, $3)"
            " on conflict (kind, key) do update set body = excluded.body",
            self._kind,
            key,
            body.model_dump_json(),
        )
        self._held[key] = body

    async def put_all(self, connection: Any, bodies: Mapping[str, M]) -> None:  # noqa: ANN401
        """Write several documents at once: a round trip costs more than a document."""
        if not bodies:
            return
        await connection.execute(
            "insert into document (kind, key, body)"
            " select $1, it.key, it.body::jsonb from unnest($2::text[], $3::text[]) as it (key, body)"
            " on conflict (kind, key) do update set body = excluded.body",
            self._kind,
            list(bodies),
            [body.model_dump_json() for body in bodies.values()],
        )
        self._held.update(bodies)

    async def remove(self, connection: Any, key: str) -> None:  # noqa: ANN401
        """Drop a document within the transaction of the event that ended it."""
        await connection.execute(
            "delete from document where kind = $1 and key = $2", self._kind, key
        )
        self._held.pop(key, None)
