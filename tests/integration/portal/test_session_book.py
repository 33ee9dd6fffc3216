"""Sessions in the portal's database: written with the cursor, read by page, by sum, and all of them."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from cli.migrations import migrate
from cli.support.comparing import compare
from cli.support.folding import Memory
from services.portal import report_desk, session_book
from services.portal.billing.making import Maker
from services.portal.charging import ChargingSession
from services.portal.charging_folds import Sessions
from services.portal.documents import Layout
from services.portal.marks import Marks
from services.portal.report_desk import ReportDesk
from services.portal.session_book import SessionBook, Sums, Which
from shared.messages.reports import MakeReport, ReportFormat
from shared.messages.telemetry import MeterReading, SessionEnded, SessionStarted
from shared.phases import GridType
from shared.runtime import pool_of
from tests.support.databases import (
    LOG_SCHEMA,
    PORTAL_SCHEMA,
    portal_database,
    service_database,
)
from tests.support.servers import EmbeddedServers, running_servers

pytestmark = pytest.mark.integration

BEGAN = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
HERE = "harbour"


def events(number: int, charger_id: str, person_id: str | None, from_wh: int) -> list[Any]:
    """A session of an hour and 1 kWh, `number` hours after the first."""
    where = {"installation_id": HERE, "charger_id": charger_id}
    about = {"session_id": f"s-{number}", "transaction_id": number}
    began = BEGAN + number * HOUR
    return [
        SessionStarted(
            **where, **about, started_at=began, register_wh=from_wh, person_id=person_id
        ),
        SessionEnded(
            **where,
            **about,
            ended_at=began + HOUR,
            register_wh=from_wh + 1_000,
            energy_wh=1_000,
            reason="Local",
        ),
    ]


TOLD = [
    *events(0, "bay-1", "ada", 0),
    *events(1, "bay-2", "ada", 0),
    *events(2, "bay-1", None, 1_050),
    *events(3, "bay-2", "bo", 1_000),
    events(4, "bay-2", "ada", 2_000)[0],
]


async def fold(sessions: Sessions, connection: Any) -> None:
    for it in TOLD:
        await sessions.apply(connection, it, "ZAP000001")


@pytest_asyncio.fixture(scope="module")
async def servers() -> AsyncIterator[EmbeddedServers]:
    async with running_servers() as running:
        yield running


@pytest_asyncio.fixture(scope="module")
async def pool(servers: EmbeddedServers) -> AsyncIterator["asyncpg.Pool[Any]"]:
    """The portal's database, with some sessions and looks at a register in it."""
    async with pool_of(await portal_database(servers)) as opened:
        async with opened.acquire() as connection, connection.transaction():
            await fold(Sessions(), connection)
        marks = Marks()
        for minutes in (5, 20, 21, 40):
            at = BEGAN + timedelta(minutes=minutes)
            marks.hear(
                MeterReading(
                    installation_id=HERE,
                    charger_id="bay-1",
                    session_id="s-0",
                    measured_at=at,
                    received_at=at,
                    current_a=(16.0, 0.0, 0.0),
                    register_wh=minutes * 10,
                )
            )
        await marks.write(opened)
        await marks.write(opened)  # what is written waits no more
        yield opened


async def ids(book: SessionBook, which: Which) -> list[str]:
    return [it.session_id for it in await book.page(which, None, 10)]


async def test_a_page_goes_on_where_the_one_before_ended(pool: Any) -> None:
    book = SessionBook(pool)

    first = await book.page(Which(HERE), None, 2)
    rest = await book.page(Which(HERE), (first[-1].started_at, first[-1].session_id), 10)

    assert [it.session_id for it in (*first, *rest)] == ["s-4", "s-3", "s-2", "s-1", "s-0"]
    assert first[0].ended_at is None


async def test_sessions_are_found_by_place_person_and_time(pool: Any) -> None:
    book = SessionBook(pool)

    assert await ids(book, Which("elsewhere")) == []
    assert await ids(book, Which(HERE, "bay-1")) == ["s-2", "s-0"]
    assert await ids(book, Which(person_id="ada")) == ["s-4", "s-1", "s-0"]
    assert await ids(book, Which(HERE, nobodys=True)) == ["s-2"]
    assert await ids(book, Which(HERE, begins=BEGAN + 3 * HOUR)) == ["s-4", "s-3", "s-2"]
    assert await ids(book, Which(HERE, ends=BEGAN + 2 * HOUR)) == ["s-0"]
    assert await book.people(Which(HERE)) == ["ada", "bo"]
    assert await book.last(Which(HERE)) == {"ada": BEGAN + 4 * HOUR, "bo": BEGAN + 3 * HOUR}


async def test_sums_are_those_of_the_registers(pool: Any) -> None:
    assert await SessionBook(pool).sums(Which(HERE)) == Sums(5, 1, 4_000, 50)
    assert await SessionBook(pool).sums(Which("elsewhere")) == Sums(0, 0, 0, 0)


async def test_all_are_gone_through_in_the_order_of_their_ends_with_their_readings(
    pool: Any,
) -> None:
    found = [it async for some in SessionBook(pool).all(Which(HERE), marks=True) for it in some]

    assert [it.session.session_id for it in found] == ["s-0", "s-1", "s-2", "s-3"]
    assert [it[1] for it in found[0].marks] == [50, 200, 400]  # the first in each quarter
    assert list(found[1].marks) == []
    (again,) = await SessionBook(pool).measured(HERE, [found[0].session])
    assert list(again.marks) == list(found[0].marks)


async def test_rows_in_the_database_are_those_that_a_rebuild_makes(pool: Any) -> None:
    memory, sessions = Memory(), Sessions()
    await fold(sessions, memory)
    table = sessions.rows.table

    kept = {(table, key): it for key, it in (await sessions.rows.read(pool)).items()}

    folded = memory.of({table})
    assert len(kept) == 5
    found = compare(kept, folded, 0.0)
    assert found.equal
    assert found.kept_checksum == found.folded_checksum
    first = ChargingSession.model_validate_json(kept[table, "harbour/s-0"])
    assert (first.serial, first.end_wh, first.person_id) == ("ZAP000001", 1_000, "ada")


async def test_batches_are_all_sessions_each_once(
    pool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_book, "BATCH", 2)

    batches = [
        [it.session.session_id for it in some]
        async for some in SessionBook(pool).all(Which(HERE), marks=True)
    ]

    assert batches == [["s-0", "s-1"], ["s-2", "s-3"]]


async def test_readers_that_are_slow_keep_nobody_else_waiting(pool: Any) -> None:
    readers = [SessionBook(pool).all(Which(HERE)) for _ in range(20)]  # more than the pool has
    for it in readers:
        assert await anext(it)

    async with asyncio.timeout(10):
        assert await SessionBook(pool).people(Which(HERE)) == ["ada", "bo"]
    for it in readers:
        await it.aclose()


# --- Reports, for whoever sends them ---


async def names(_people: Collection[str], actor: str) -> Mapping[str, str]:
    return {"ada": "Ada", "bo": "Bo"} if actor == "person/owner" else {}


def desk(pool: Any) -> ReportDesk:
    layout = Layout(
        installation_id=HERE,
        name="Harbour",
        address="Quay 7",
        grid_type=GridType.TN_3_PHASE,
        breaker_a=63.0,
        time_zone="Europe/Oslo",
        position=1,
    )
    return ReportDesk(Maker(SessionBook(pool), names), {HERE: layout}.get)


def wish(**changes: Any) -> MakeReport:
    given: dict[str, Any] = {
        "installation_id": HERE,
        "month": "2026-11",
        "formats": (ReportFormat.CSV, ReportFormat.XLSX),
    }
    return MakeReport(**(given | changes))


async def test_a_report_names_whom_its_reader_may_know(pool: Any) -> None:
    known = await desk(pool).made(wish(), "person/owner")
    unknown = await desk(pool).made(wish(), "person/somebody")

    told = [(it.files[0].data or b"").decode() for it in (known, unknown)]
    assert "person,ada,Ada,2,2000" in told[0]
    assert "person,ada,ada,2,2000" in told[1]
    assert known.lines[0].startswith("4 sessions, 4.000 kWh in November 2026 at Harbour")
    assert "0.050 kWh went through meters between sessions" in " ".join(known.lines)


async def test_what_is_too_large_for_a_message_is_named_in_its_place(
    pool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_desk, "FILES_BYTES_MAX", 1_000)

    made = await desk(pool).made(wish(), "person/owner")

    assert [it.content is None for it in made.files] == [False, True]
    assert made.files[1].path == f"/installations/{HERE}/reports/2026-11.xlsx"


async def test_of_what_is_not_there_nothing_is_made(pool: Any) -> None:
    nowhere = await desk(pool).made(wish(installation_id="nowhere"), "person/owner")
    never = await desk(pool).made(wish(month="1999-01"), "person/owner")

    assert nowhere.fault == "there is no installation nowhere"
    assert never.fault == "1999-01 is no month of our time"


# --- From what was before ---


async def test_what_was_folded_into_documents_is_folded_anew(servers: EmbeddedServers) -> None:
    url = await service_database(servers)
    async with pool_of(url) as before:
        await before.execute(
            "insert into document (kind, key, body, follower) values"
            " ('charging-session', 'harbour/s-0', '{}', 'portal-telemetry'),"
            " ('layout', 'harbour', '{}', 'portal-installation')"
        )
        await before.execute(
            "insert into cursor (consumer, service, position, event_id) values"
            " ('portal', 'telemetry', 7, gen_random_uuid()),"
            " ('portal', 'installation', 9, gen_random_uuid())"
        )

        await migrate("portal", url, [LOG_SCHEMA, PORTAL_SCHEMA])

        kinds = await before.fetch("select kind from document")
        cursors = await before.fetch("select service, position, event_id from cursor")
    assert [it["kind"] for it in kinds] == ["layout"]
    at = {it["service"]: (it["position"], it["event_id"] is None) for it in cursors}
    assert at == {"telemetry": (0, True), "installation": (9, False)}
