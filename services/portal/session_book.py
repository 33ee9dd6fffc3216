"""Reading sessions: a page, sums, or all of them in batches, never all at once."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from services.portal.charging import ChargingSession, Measured
from shared.ids import ChargerId, InstallationId, PersonId

BATCH: Final = 500
"""How many sessions are in memory at a time while all are gone through."""
READ_S_MAX: Final = 60.0

_FIELDS: Final = set(ChargingSession.model_fields)
_SUMS: Final = (
    "count(*) as sessions, count(*) filter (where ended_at is null) as going_on,"
    " coalesce(sum(energy_wh), 0)::bigint as energy_wh,"
    " coalesce(sum(before_wh), 0)::bigint as before_wh"
)
_WITHOUT: Final = " from charging_session s"
_WITH_MARKS: Final = (
    ", moments, registers_wh from charging_session s"
    " left join lateral (select array_agg(measured_at order by slot) as moments,"
    " array_agg(register_wh order by slot) as registers_wh from register_mark m"
    " where m.installation_id = s.installation_id and m.session_id = s.session_id)"
    " marks on true"
)


@dataclass(frozen=True, slots=True)
class Which:
    """
    Which sessions.

    Args:
        installation_id: where; none: anywhere.
        charger_id: at which of its chargers; none: at any.
        person_id: whose; none: anybody's.
        nobodys: only those of which it is not known whose they are.
        begins: those that ended then or later; going on, that began then or later.
        ends: those that ended before; going on, that began before.
        over: only those that are over.
    """

    installation_id: InstallationId | None = None
    charger_id: ChargerId | None = None
    person_id: PersonId | None = None
    nobodys: bool = False
    begins: datetime | None = None
    ends: datetime | None = None
    over: bool = False


@dataclass(frozen=True, slots=True)
class Sums:
    """How much some sessions are together."""

    sessions: int
    going_on: int
    energy_wh: int
    before_wh: int
    """What registers moved between sessions."""


class SessionBook:
    """
    Reads what the log of telemetry was folded to.

    Args:
        pool: of connections to the portal's database.
    """

    def __init__(self, pool: Any) -> None:  # noqa: ANN401  # asyncpg carries no types
        self._pool = pool

    async def page(
        self, wanted: Which, after: tuple[datetime, str] | None, limit: int
    ) -> list[ChargingSession]:
        """
        Read sessions, the one that began last first.

        Args:
            wanted: which.
            after: when the last one of the page before began, and its id.
            limit: how many at most.
        """
        where = _where(wanted)
        if after is not None:
            where.add("(started_at, session_id) < ({}, {})", *after)
        rows = await self._pool.fetch(
            f"select * from charging_session where {where}"  # noqa: S608  # conditions are ours
            f" order by started_at desc, session_id desc limit {int(limit)}",
            *where.arguments,
        )
        return [_session(it) for it in rows]

    async def measured(
        self, installation_id: InstallationId, sessions: Sequence[ChargingSession]
    ) -> list[Measured]:
        """Add to sessions of an installation what their registers showed meanwhile."""
        rows = await self._pool.fetch(
            "select session_id, array_agg(measured_at order by slot) as moments,"
            " array_agg(register_wh order by slot) as registers_wh from register_mark"
            " where installation_id = $1 and session_id = any($2) group by session_id",
            installation_id,
            [it.session_id for it in sessions],
        )
        marks = {
            it["session_id"]: list(zip(it["moments"], it["registers_wh"], strict=True))
            for it in rows
        }
        return [Measured(it, marks.get(it.session_id, ())) for it in sessions]

    async def sums(self, wanted: Which) -> Sums:
        """Add sessions up, without reading them."""
        where = _where(wanted)
        row = await self._pool.fetchrow(
            f"select {_SUMS} from charging_session where {where}",  # noqa: S608  # conditions are ours
            *where.arguments,
        )
        return Sums(**row)

    async def people(self, wanted: Which) -> list[PersonId]:
        """Name whose sessions there are."""
        where = _where(wanted)
        rows = await self._pool.fetch(
            "select distinct person_id from charging_session"  # noqa: S608  # conditions are ours
            f" where person_id is not null and {where} order by person_id",
            *where.arguments,
        )
        return [it["person_id"] for it in rows]

    async def last(self, wanted: Which) -> dict[PersonId, datetime]:
        """Tell when each person began to charge last."""
        where = _where(wanted)
        rows = await self._pool.fetch(
            "select person_id, max(started_at) as last from charging_session"  # noqa: S608  # conditions are ours
            f" where person_id is not null and {where} group by person_id",
            *where.arguments,
        )
        return {it["person_id"]: it["last"] for it in rows}

    async def all(
        self, wanted: Which, *, marks: bool = False
    ) -> AsyncGenerator[Sequence[Measured]]:
        """
        Go through sessions that are over, in the order in which they ended, some at a time.

        Nothing is held between two batches: whoever reads slowly keeps neither a connection nor a snapshot.

        Args:
            wanted: which; those that go on are left out.
            marks: also what their registers showed meanwhile.
        """
        over = replace(wanted, over=True)
        where = _where(over)
        while True:
            rows = await self._pool.fetch(
                f"select s.*{_WITH_MARKS if marks else _WITHOUT} where {where}"
                f" order by s.ended_at, s.session_id limit {BATCH}",
                *where.arguments,
                timeout=READ_S_MAX,
            )
            if rows:
                yield [self._measured(it, marks=marks) for it in rows]
            if len(rows) < BATCH:
                return
            where = _where(over)
            where.add("(ended_at, session_id) > ({}, {})", *_end_of(rows[-1]))

    def _measured(self, row: Any, *, marks: bool) -> Measured:  # noqa: ANN401
        session = _session(row)
        if not marks or row["moments"] is None:
            return Measured(session)
        return Measured(session, list(zip(row["moments"], row["registers_wh"], strict=True)))


def _end_of(row: Any) -> tuple[datetime, str]:  # noqa: ANN401
    return row["ended_at"], row["session_id"]


def _session(row: Any) -> ChargingSession:  # noqa: ANN401
    """Make a session of a row: it was checked when it was written, which would take most of the time."""
    return ChargingSession.model_construct(_FIELDS, **{it: row[it] for it in _FIELDS})


class _Where:
    """Conditions, and the arguments that stand in them as numbers."""

    def __init__(self) -> None:
        self.arguments: list[object] = []
        self._conditions = ["true"]

    def add(self, condition: str, *arguments: object) -> None:
        """Ask one thing more; every `{}` is an argument."""
        first = len(self.arguments) + 1
        places = (f"${number}" for number in range(first, first + len(arguments)))
        self._conditions.append(condition.format(*places))
        self.arguments += arguments

    def __str__(self) -> str:
        return " and ".join(self._conditions)


def _where(wanted: Which) -> _Where:
    where = _Where()
    for column in ("installation_id", "charger_id", "person_id"):
        if (value := getattr(wanted, column)) is not None:
            where.add(f"{column} = {{}}", value)
    if wanted.nobodys:
        where.add("person_id is null")
    if wanted.over:
        where.add("ended_at is not null")
    at = "ended_at" if wanted.over else "coalesce(ended_at, started_at)"
    if wanted.begins is not None:
        where.add(f"{at} >= {{}}", wanted.begins)
    if wanted.ends is not None:
        where.add(f"{at} < {{}}", wanted.ends)
    return where
