"""The handlers of what chargers and meters have measured: single readings, and quarters of an hour."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import Query, Request

from services.portal.api.looking import Here, Looking
from services.portal.api.paging import (
    PAGE,
    Cursor,
    Limit,
    Page,
    bad_cursor,
    read_cursor,
    written,
)
from services.portal.api.problems import Bad
from shared.messages.readings import After, QuarterLine, Quarters, ReadingLine, Readings
from shared.rights.table import Action

SPAN: Final = timedelta(hours=1)
"""Of single readings, if nobody says from when."""
SPAN_OF_QUARTERS: Final = timedelta(days=1)

From = Annotated[
    datetime | None,
    Query(alias="from", description="By default an hour before the end; of quarters a day."),
]
To = Annotated[datetime | None, Query(description="By default now.")]


class MeasuredLately:
    """One method for every route, by its name in `READ_ROUTES`."""

    def __init__(self, looking: Looking) -> None:
        self._at = looking

    async def charger_readings(
        self,
        request: Request,
        installation_id: Here,
        charger_id: Here,
        begins: From = None,
        to: To = None,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[ReadingLine]:
        """What a charger's meter showed, the oldest first: single readings, kept for some days."""
        self._at.seen(request, Action.LIVE, installation_id, charger_id)
        whose = {"installation_id": installation_id, "charger_id": charger_id}
        return await self._readings(whose, begins, to, cursor, limit)

    async def charger_quarters(
        self,
        request: Request,
        installation_id: Here,
        charger_id: Here,
        begins: From = None,
        to: To = None,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[QuarterLine]:
        """What a charger took in quarters of an hour, the oldest first; kept for years."""
        self._at.seen(request, Action.LIVE, installation_id, charger_id)
        whose = {"installation_id": installation_id, "charger_id": charger_id}
        return await self._quarters(whose, begins, to, cursor, limit)

    async def meter_readings(
        self,
        request: Request,
        installation_id: Here,
        meter_id: Here,
        begins: From = None,
        to: To = None,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[ReadingLine]:
        """What a meter at a breaker showed, the oldest first: single readings, kept for some days."""
        self._at.seen(request, Action.LIVE, installation_id)
        whose = {"installation_id": installation_id, "meter_id": meter_id}
        return await self._readings(whose, begins, to, cursor, limit)

    async def meter_quarters(
        self,
        request: Request,
        installation_id: Here,
        meter_id: Here,
        begins: From = None,
        to: To = None,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[QuarterLine]:
        """What went through a meter at a breaker in quarters of an hour, the oldest first."""
        self._at.seen(request, Action.LIVE, installation_id)
        whose = {"installation_id": installation_id, "meter_id": meter_id}
        return await self._quarters(whose, begins, to, cursor, limit)

    async def _readings(
        self,
        whose: dict[str, str],
        begins: datetime | None,
        ends: datetime | None,
        cursor: str | None,
        limit: int,
    ) -> Page[ReadingLine]:
        first, last = self._span(begins, ends, SPAN)
        after = None if cursor is None else _after(cursor)
        query = Readings(**_given(whose, first, last, limit), after=after)
        answer = await self._at.sources.readings.readings(query)
        following = answer.next and written(
            (answer.next.measured_at.isoformat(), answer.next.received_at.isoformat())
        )
        return Page(items=list(answer.readings), next=following)

    async def _quarters(
        self,
        whose: dict[str, str],
        begins: datetime | None,
        ends: datetime | None,
        cursor: str | None,
        limit: int,
    ) -> Page[QuarterLine]:
        first, last = self._span(begins, ends, SPAN_OF_QUARTERS)
        if cursor is not None:
            (first,) = _moments(cursor, 1)
        if first >= last:
            raise bad_cursor()
        answer = await self._at.sources.readings.quarters(
            Quarters(**_given(whose, first, last, limit))
        )
        following = answer.next and written((answer.next.isoformat(),))
        return Page(items=list(answer.quarters), next=following)

    def _span(
        self, begins: datetime | None, ends: datetime | None, span: timedelta
    ) -> tuple[datetime, datetime]:
        last = ends or self._at.sources.now()
        if last.tzinfo is None or (begins is not None and begins.tzinfo is None):
            raise Bad(
                422,
                "InvalidRequest",
                "a time needs its offset from UTC, such as 2026-11-01T00:00:00Z",
            )
        first = begins or last - span
        if first >= last:
            raise Bad(422, "InvalidRequest", "from comes before to")
        return first, last


def _given(
    whose: dict[str, str], begins: datetime, ends: datetime, limit: int
) -> dict[str, Any]:
    return {**whose, "begins": begins, "ends": ends, "limit": limit}


def _after(cursor: str) -> After:
    measured_at, received_at = _moments(cursor, 2)
    return After(measured_at=measured_at, received_at=received_at)


def _moments(cursor: str, number: int) -> tuple[datetime, ...]:
    """Read the moments of a cursor."""
    try:
        found = tuple(datetime.fromisoformat(it).astimezone(UTC) for it in read_cursor(cursor))
    except (ValueError, OverflowError):
        raise bad_cursor() from None
    if len(found) != number:
        raise bad_cursor()
    return found
