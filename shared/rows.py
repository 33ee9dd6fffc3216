"""
Rows: read models of a kind of which there are too many to be held in memory.

They live in a table of their own, with a column for every field and one for the key, and are written in the
transaction that moves the cursor, as documents are.
"""

from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

import orjson
from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)

KEY: Final = "key"


class Rows(Generic[M]):
    """
    All rows of one table, each of which one model reads.

    Args:
        table: its name.
        model: reads one.
        last: a column that is filled in by what happens last to a row. Several processes write the same
            rows, each as far as it has come: one that has this stays as it is, whatever somebody writes
            who is behind.
    """

    def __init__(self, table: str, model: type[M], last: str) -> None:
        self.table = table
        self.model = model
        changed = ", ".join(f"{it} = excluded.{it}" for it in model.model_fields)
        written = f"insert into {table} select * from jsonb_populate_record(null::{table}, $1)"  # noqa: S608  # names are ours
        later = f"{table}.{last} is null or excluded.{last} is not null"
        self._put = f"{written} on conflict ({KEY}) do update set {changed} where {later}"
        columns = ", ".join(model.model_fields)
        self._all = f"select {KEY}, {columns} from {table}"  # noqa: S608  # names are ours

    async def put(self, connection: Any, key: str, body: M) -> None:  # noqa: ANN401  # asyncpg carries no types
        """Write a row within the transaction of the event that changed it."""
        await connection.execute(self._put, row_text(key, body))

    async def wipe(self, connection: Any) -> None:  # noqa: ANN401
        """Delete all rows, before everything is folded anew."""
        await connection.execute(f"delete from {self.table}")  # noqa: S608  # the name is ours

    async def read(self, connection: Any) -> dict[str, str]:  # noqa: ANN401
        """Read all rows by their keys, each as the JSON text that was written."""
        rows = await connection.fetch(self._all)
        return {it[KEY]: self.of(it).model_dump_json() for it in rows}

    def of(self, row: Mapping[str, Any]) -> M:
        """Read one row that was selected."""
        return self.model.model_validate(
            {it: row[it] for it in self.model.model_fields}, strict=False
        )


def row_text(key: str, body: BaseModel) -> str:
    """Lay a row out as the JSON that a table's columns are filled from."""
    return orjson.dumps({KEY: key} | body.model_dump(mode="json")).decode()
