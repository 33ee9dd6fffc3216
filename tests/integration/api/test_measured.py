"""What was measured, over the API: a page at a time, in every form, to whom it concerns."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from services.telemetry.readings.asking import Asking, answer_readings
from services.telemetry.readings.keeping import Keeping
from services.telemetry.readings.rows import row_of
from services.telemetry.signed.asking import answer_signed
from shared.clock import utc_now
from shared.messages.telemetry import BreakerReading, MeterReading
from shared.runtime import pool_of
from tests.integration.api.conftest import BAY, HARBOUR
from tests.integration.telemetry.world import SCHEMA
from tests.support.api_place import ApiPlace
from tests.support.databases import service_database
from tests.support.servers import EmbeddedServers

pytestmark = pytest.mark.integration

OF_BAY = f"/installations/{HARBOUR}/chargers/{BAY}"
SIGNED = (
    "insert into signed_value (session_id, sha256, installation_id, charger_id, person_id, context,"
    " measured_at, start_wh, content) values ($1, $2, $3, $4, $5, 'Transaction.Begin', $6, 0, $7)"
)
OF_METER = f"/installations/{HARBOUR}/meters/main"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def begins(place: ApiPlace, servers: EmbeddedServers) -> AsyncIterator[datetime]:
    """Twenty minutes of readings from this moment on, told by telemetry."""
    now = utc_now().replace(second=0, microsecond=0)
    at = now - timedelta(hours=3, minutes=now.minute % 15)
    here = {"installation_id": HARBOUR}
    async with pool_of(await service_database(servers, SCHEMA)) as pool:
        shown = [
            MeterReading(
                **here,
                charger_id=BAY,
                measured_at=at + timedelta(minutes=it),
                received_at=at + timedelta(minutes=it),
                current_a=(16.0, 16.0, 16.0),
                register_wh=1000 + 100 * it,
            )
            for it in range(20)
        ]
        of_meter = BreakerReading(
            **here, meter_id="main", measured_at=at, received_at=at, current_a=(-4.0, None, 1.0)
        )
        rows = [row_of(it, timedelta(days=99)) for it in (*shown, of_meter)]
        await Keeping(pool, 14).keep(rows)
        await answer_readings(place.client, Asking(pool, lambda _: None))
        for session_id, charger_id, person_id in (
            ("signed-1", BAY, "driver"),
            ("signed-2", "bay-2", None),
        ):
            await pool.execute(
                SIGNED, session_id, b"of-it", HARBOUR, charger_id, person_id, at, b"OCMF|it"
            )
        await answer_signed(place.client, pool)
        yield at


def span(begins: datetime, **more: Any) -> dict[str, Any]:
    ends = begins + timedelta(hours=1)
    return {"from": begins.isoformat(), "to": ends.isoformat()} | more


async def test_readings_come_a_page_at_a_time_and_none_is_missing(
    place: ApiPlace, begins: datetime
) -> None:
    owner = place.person("bay-owner")
    registers, asked = [], span(begins, limit=8)
    for _ in range(3):
        page = (await owner.get(f"{OF_BAY}/readings", params=asked)).json()
        registers += [it["register_wh"] for it in page["items"]]
        asked["cursor"] = page["next"]

    assert registers == [1000 + 100 * it for it in range(20)]
    assert page["next"] is None


async def test_quarters_come_as_lines_and_as_a_table(place: ApiPlace, begins: datetime) -> None:
    owner = place.person("owner")

    first = await owner.get(f"{OF_BAY}/quarters", params=span(begins, limit=1))
    cursor = first.json()["next"]
    second = await owner.get(f"{OF_BAY}/quarters", params=span(begins, limit=1, cursor=cursor))
    table = await owner.get(
        f"{OF_BAY}/quarters", params=span(begins), headers={"Accept": "text/csv"}
    )

    (one,), (two,) = first.json()["items"], second.json()["items"]
    assert (one["energy_wh"], one["readings"], two["energy_wh"]) == (1500, 15, 400)
    assert second.json()["next"] is None
    head, *rows = table.text.splitlines()
    assert head.startswith("begins,readings,energy_wh,fell_wh,mean_a")
    assert len(rows) == 2


async def test_meters_are_told_of_likewise(place: ApiPlace, begins: datetime) -> None:
    owner = place.person("owner")

    readings = await owner.get(f"{OF_METER}/readings", params=span(begins))
    quarters = await owner.get(f"{OF_METER}/quarters", params=span(begins))

    assert [it["current_a"] for it in readings.json()["items"]] == [[-4.0, None, 1.0]]
    assert [it["mean_a"] for it in quarters.json()["items"]] == [[-4.0, None, 1.0]]


async def test_readings_are_for_whom_live_values_are_for(
    place: ApiPlace, begins: datetime
) -> None:
    path = f"{OF_BAY}/readings"
    driver = await place.person("driver").get(path, params=span(begins))
    stranger = await place.person("stranger").get(path, params=span(begins))
    of_meter = await place.person("bay-owner").get(f"{OF_METER}/quarters", params=span(begins))

    assert (driver.status_code, stranger.status_code, of_meter.status_code) == (403, 404, 403)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"from": "2026-11-01T00:00:00"}, "offset from UTC"),
        (
            {"to": "2001-11-01T00:00:00Z", "from": "2026-11-01T00:00:00Z"},
            "from comes before to",
        ),
        ({"cursor": "WyJhIl0"}, "cursor is"),
        ({"cursor": "%%"}, "cursor is"),
    ],
)
async def test_a_question_that_makes_no_sense_is_told_what_would(
    place: ApiPlace, asked: dict[str, str], says: str
) -> None:
    for what in ("readings", "quarters"):
        answer = await place.person("owner").get(f"{OF_BAY}/{what}", params=asked)
        assert (answer.status_code, says in answer.json()["detail"]) == (422, True), what


@pytest.mark.usefixtures("begins")
async def test_signed_values_are_for_owners_and_for_whoever_charged(place: ApiPlace) -> None:
    async def seen(who: str, path: str) -> tuple[int, str | None]:
        answer = await place.person(who).get(path)
        values = answer.json().get("values")
        return answer.status_code, values and values[0]["text"]

    at_bay, at_other = (
        f"/installations/{HARBOUR}/chargers/{it}/sessions" for it in (BAY, "bay-2")
    )
    assert await seen("bay-owner", f"{at_bay}/signed-1/signed") == (200, "OCMF|it")
    assert await seen("bay-owner", f"{at_other}/signed-2/signed") == (404, None)
    assert await seen("owner", f"{at_bay}/signed-2/signed") == (404, None)
    assert await seen("installer", f"{at_bay}/signed-1/signed") == (403, None)
    assert await seen("driver", f"{at_bay}/signed-1/signed") == (403, None)
    assert await seen("driver", "/sessions/signed-1/signed") == (200, "OCMF|it")
    assert await seen("driver", "/sessions/signed-2/signed") == (404, None)
    assert await seen("owner", "/sessions/signed-1/signed") == (404, None)
