"""Every cell of the table of rights, tried with real requests by people who are signed in."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import httpx
from rich.table import Table

from cli.bench.cells import OCPP, ROWS, Column, Row, Try, allowed

ACCEPTED: Final = "Accepted"
"""What a charger is answered when whoever shows a card may charge (OCPP 1.6, AuthorizationStatus)."""
REFUSED: Final = frozenset({401, 403, 404})
"""What whoever may not is answered. A rule that says no to who may (409), or a charger that is not
connected, is another answer."""
BROKEN: Final = 500
"""What nobody should be answered: from here on nothing was decided."""


@dataclass(frozen=True, slots=True)
class Tried:
    """
    What came of one request.

    Args:
        status: of HTTP.
        told: what the answer said, as far as it fits.
        may: whether the table says that it is allowed.
    """

    asked: Try
    status: int
    told: str
    may: bool

    @property
    def let(self) -> bool:
        return self.status not in REFUSED

    @property
    def right(self) -> bool:
        return self.let == self.may and self.status < BROKEN


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell, and what came of all requests that try it."""

    row: Row
    column: Column
    tried: tuple[Tried, ...]

    @property
    def right(self) -> bool:
        return all(it.right for it in self.tried)


Show = Callable[[Column, str], Awaitable[str]]
"""Shows somebody's card at a charger; says what the charger is answered."""


async def walk(people: Mapping[Column, httpx.AsyncClient], show: Show) -> list[Cell]:
    """
    Try every cell: row by row, everybody one after another.

    Args:
        people: everybody's browser.
        show: shows their cards.
    """

    async def tried(row: Row, column: Column, asked: Try) -> Tried:
        if asked.method != OCPP:
            return await _try(people[column], row, column, asked)
        status = await show(column, asked.path)
        code = httpx.codes.OK if status == ACCEPTED else httpx.codes.FORBIDDEN
        return Tried(asked, code, status, allowed(row, column, asked.where))

    return [
        Cell(row, column, tuple([await tried(row, column, it) for it in row.tries]))
        for row in ROWS
        for column in people
    ]


async def _try(http: httpx.AsyncClient, row: Row, column: Column, asked: Try) -> Tried:
    body = asked.by.get(column, asked.body)
    answer = await http.request(asked.method, f"/api/v1{asked.path}", json=body)
    told = f"{answer.status_code} {answer.text[:300]}"
    return Tried(asked, answer.status_code, told, allowed(row, column, asked.where))


def as_table(cells: list[Cell]) -> Table:
    """Draw what was found: where somebody may, and in red what differs from the table."""
    table = Table(title="Who may do what, as it was found over HTTP", show_lines=True)
    table.add_column("")
    for column in Column:
        table.add_column(column.value)
    for row in ROWS:
        found = {it.column: it for it in cells if it.row is row}
        table.add_row(row.name, *(_drawn(found.get(it)) for it in Column))
    return table


def _drawn(cell: Cell | None) -> str:
    if cell is None:
        return ""
    let = {it.asked.where for it in cell.tried if it.let}
    tried = {it.asked.where for it in cell.tried}
    words = "–" if not let else "yes" if let == tried else ", ".join(sorted(let))
    return words if cell.right else f"[bold red]{words}[/]"


def differences(cells: list[Cell]) -> list[str]:
    """Say of every request that came out otherwise than the table has it what came of it."""
    return [
        f"{cell.column.value}: {it.asked.method} {it.asked.path}: "
        f"{'may' if it.may else 'may not'}, and was answered {it.told}"
        for cell in cells
        for it in cell.tried
        if not it.right
    ]
