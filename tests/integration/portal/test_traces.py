"""Traces in earnest: heard over NATS, told by the API, kept in the portal's own database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.portal.traces.keeping import KEPT, Keeping
from services.portal.traces.recent import Recent
from services.portal.traces.samples import Key, Minute, charger_part
from shared.clock import utc_now
from shared.messages.telemetry import MeterReading
from shared.runtime import pool_of
from tests.integration.portal.conftest import Shown
from tests.integration.portal.test_portal import settled
from tests.support.portal_scene import GARAGE
from tests.support.waiting import until

pytestmark = pytest.mark.integration

BAY = "bay-4"
KEY: Key = (GARAGE, charger_part(BAY))


def minute(at: datetime, a: float) -> Minute:
    currents_a = (a, a / 2, 0.0)
    return Minute(at.timestamp(), currents_a, currents_a, currents_a, 16.0, None)


async def test_what_is_heard_is_told_as_it_was(shown: Shown) -> None:
    await settled(shown)
    picture = shown.garage.picture(utc_now())
    said = next(it for it in picture if isinstance(it, MeterReading) and it.charger_id == BAY)
    await shown.feed.say(*picture)
    path = f"/api/v1/installations/{GARAGE}"

    async def trace(part: str) -> dict[str, Any]:
        answer = await shown.http.get(f"{path}/{part}/trace")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    charger = await until(lambda: trace(f"chargers/{BAY}"), lambda it: bool(it["at_s"]))
    main = await trace("circuits/main")

    drawn_a = [it["mean_a"][-1] for it in charger["lines"]]
    assert drawn_a == [round(it, 1) for it in said.current_a]
    assert charger["limit_a"][-1] == next(
        it.limit_a for it in shown.garage.bays if it.charger_id == BAY
    )
    assert main["limit_a"][-1] == 160.0
    assert all(it["committed_a"][-1] >= it["mean_a"][-1] for it in main["lines"])


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("from=2026-01-01T00:00:00Z", 422),
        ("from=2126-01-01T00:00:00Z", 422),
        ("from=2026-01-01T00:00:00", 422),
        ("from=yesterday", 422),
    ],
)
async def test_a_span_that_cannot_be_told_is_refused_with_what_can(
    shown: Shown, query: str, status: int
) -> None:
    await settled(shown)
    path = f"/api/v1/installations/{GARAGE}/chargers/{BAY}/trace"
    answer = await shown.http.get(f"{path}?{query}")

    assert answer.status_code == status
    assert answer.json()["detail"]


async def test_a_breaker_that_is_not_there_has_no_trace(shown: Shown) -> None:
    await settled(shown)
    answer = await shown.http.get(f"/api/v1/installations/{GARAGE}/circuits/attic/trace")

    assert answer.status_code == 404


async def test_minutes_are_kept_once_and_dropped_when_they_are_old(shown: Shown) -> None:
    now = utc_now().astimezone(UTC).replace(second=0, microsecond=0)
    key: Key = ("elsewhere", charger_part("bay-1"))
    old, late = minute(now - KEPT - timedelta(days=1), 6.0), minute(now, 12.0)
    async with pool_of(shown.portal.database_url) as pool:
        recent = Recent()
        keeping = Keeping(pool, recent, lambda: now)
        recent.put_back([(key, old), (key, late)])
        await keeping.write()
        recent.put_back([(key, minute(now, 99.0))])  # another process has kept it already
        await keeping.write()
        since = now - KEPT - timedelta(days=2)
        before = await keeping.minutes(key, since, now + timedelta(minutes=1))
        await keeping.drop()
        after = await keeping.minutes(key, since, now + timedelta(minutes=1))

    assert before == [old, late]
    assert after == [late]
