"""Readings are kept, each once, whatever dies in between, and go when their time is over."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from nats.aio.client import Client

from cli.composition import as_role
from cli.database_roles import grant_own
from services.telemetry.charger import AssignedCharger
from services.telemetry.readings.ageing import Ageing
from services.telemetry.readings.asking import Asking, answer_readings
from services.telemetry.readings.keeping import Keeping
from services.telemetry.readings.rows import row_of
from services.telemetry.readings.summing import Summing
from services.telemetry.readings.taking import Taking
from shared import subjects
from shared.clock import utc_now
from shared.messages.readings import (
    After,
    NamedSource,
    QuarterLine,
    Quarters,
    QuartersAnswer,
    ReadingLine,
    Readings,
    ReadingsAnswer,
    SourcesNamed,
)
from shared.messages.telemetry import BreakerReading, MeterReading
from shared.messaging import connect, disconnect, ensure_jetstream, telemetry_jetstream
from shared.phases import PHASES, GridType
from shared.readings_consumer import readings_consumer
from shared.runtime import pool_of
from tests.integration.cli.typed import typed
from tests.integration.telemetry.world import SCHEMA
from tests.support.databases import service_database
from tests.support.servers import EmbeddedServers, running_servers

pytestmark = pytest.mark.integration

DAYS = 14
AGE_MAX = timedelta(days=1000)
WAIT_S_MAX = 60.0
AT_BAY = AssignedCharger(
    installation_id="kept-by-serial",
    charger_id="bay",
    serial="ZAP000077",
    wiring=PHASES,
    grid_type=GridType.TN_3_PHASE,
    fail_safe_a=6.0,
)
GARAGES = itertools.count(1)


@dataclass(frozen=True)
class Place:
    """Where readings are kept: servers of their own, since tests kill them."""

    servers: EmbeddedServers
    url: str
    client: Client
    pool: Any

    @property
    def asking(self) -> Asking:
        return Asking(self.pool, lambda serial: AT_BAY if serial == AT_BAY.serial else None)

    @asynccontextmanager
    async def process(self) -> AsyncIterator[None]:
        """Keep readings as a process of its own does, until it is cut off in the middle of its work."""
        async with AsyncExitStack() as stack:
            client = await connect(self.servers.nats_url, "test-readings")
            stack.push_async_callback(disconnect, client)
            pool = await stack.enter_async_context(pool_of(self.url))
            taking = asyncio.create_task(
                Taking(client, MeterReading, Keeping(pool, DAYS), AGE_MAX).run()
            )
            try:
                yield
            finally:
                taking.cancel()
                await asyncio.wait({taking})

    async def keep(self, *readings: MeterReading | BreakerReading, days: int = DAYS) -> None:
        await Keeping(self.pool, days).keep([row_of(it, AGE_MAX) for it in readings])

    async def publish(self, reading: MeterReading) -> None:
        subject = subjects.telemetry(MeterReading, reading.installation_id, reading.charger_id)
        data = reading.model_dump_json(exclude_none=True).encode()
        await self.client.jetstream().publish(subject, data, timeout=30)

    async def sum(self) -> int:
        """Put together what is due, as if its time had come."""
        await self.pool.execute("update reading_due set ripe_at = now()")
        number = 0
        while some := await Summing(self.pool).sum():
            number += some
        return number

    async def quarters(
        self, garage: str, begins: datetime, ends: datetime
    ) -> list[QuarterLine]:
        lines: list[QuarterLine] = []
        at: datetime | None = begins
        while at is not None:
            answer = await self.asking.quarters(
                Quarters(
                    installation_id=garage, charger_id="bay", begins=at, ends=ends, limit=3
                )
            )
            lines += answer.quarters
            at = answer.next
        return lines


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place() -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(running_servers())
        url = await service_database(servers, SCHEMA)
        client = await connect(servers.nats_url, "test")
        stack.push_async_callback(disconnect, client)
        js = client.jetstream()
        await ensure_jetstream(js, telemetry_jetstream())
        # What a process that died has not acknowledged comes again sooner than in earnest.
        consumer = replace(readings_consumer(MeterReading), ack_wait=1.0)
        await js.add_consumer(subjects.TELEMETRY_JETSTREAM, consumer)
        pool = await stack.enter_async_context(pool_of(url))
        yield Place(servers, url, client, pool)


def reading(garage: str, at: datetime, **changes: Any) -> MeterReading:
    given: dict[str, Any] = {
        "installation_id": garage,
        "charger_id": "bay",
        "session_id": "s-1",
        "measured_at": at,
        "received_at": at,
        "current_a": (16.1, 0, 0),
        "register_wh": 1000,
        "power_w": 3680.0,
    }
    return MeterReading(**(given | changes))


def garage() -> str:
    return f"kept-{next(GARAGES)}"


def hours_ago(hours: float) -> datetime:
    """Name a full quarter of an hour some hours ago."""
    at = utc_now() - timedelta(hours=hours)
    return at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)


async def kept(place: Place, where: str) -> int:
    return int(
        await place.pool.fetchval(
            "select count(*) from reading join reading_source using (source)"
            " where installation_id = $1",
            where,
        )
    )


async def test_nothing_is_lost_and_nothing_kept_twice_while_processes_and_servers_die(
    place: Place,
) -> None:
    where, begins, number = garage(), hours_ago(3), 3000
    chargers = [f"bay-{it}" for it in range(7)]

    async def publish() -> None:
        for it in range(number):
            told = reading(
                where,
                begins + timedelta(seconds=it),
                charger_id=chargers[it % 7],
                register_wh=it * 10,
            )
            await place.publish(told)
            if it % 10 == 0:
                await place.publish(told)  # as after a fault of the publisher

    async def work() -> None:
        """Take up work, be cut off, begin again; two at a time."""
        while True:
            with contextlib.suppress(
                OSError, asyncpg.PostgresError
            ):  # no database to begin with
                async with place.process():
                    await asyncio.sleep(0.4)
            await asyncio.sleep(0.02)

    async with asyncio.TaskGroup() as tasks:
        workers = [tasks.create_task(work()) for _ in range(2)]
        publishing = tasks.create_task(publish())
        await asyncio.sleep(0.5)
        os.kill(place.servers.pid_of("postgres"), signal.SIGKILL)
        await place.servers.wait_ready()
        await publishing
        for it in workers:
            it.cancel()

    async with place.process(), place.process(), asyncio.timeout(WAIT_S_MAX):
        consumer = readings_consumer(MeterReading).durable_name
        while True:
            found = await place.client.jetstream().consumer_info(
                subjects.TELEMETRY_JETSTREAM, str(consumer)
            )
            if not found.num_pending and not found.num_ack_pending:
                break
            await asyncio.sleep(0.1)

    assert await kept(place, where) == number
    await place.sum()
    energy_wh = await place.pool.fetchval(
        "select sum(readings) from reading_quarter join reading_source using (source)"
        " where installation_id = $1",
        where,
    )
    assert energy_wh == number


async def test_a_late_reading_lands_in_its_day_and_changes_its_quarter(place: Place) -> None:
    where, at = garage(), hours_ago(5 * 24)
    minute = timedelta(minutes=1)
    on_time = [
        reading(where, at + minute * it, register_wh=1000 + 10 * it)
        for it in (0, 1, 2, 12, 13, 14, 15)
    ]
    await place.keep(*on_time)
    await place.sum()
    first, _ = await place.quarters(where, at, at + timedelta(hours=1))
    assert (first.readings, first.energy_wh, first.high_a) == (6, 150, (16.1, 0, 0))

    late = reading(
        where, at + minute * 7, register_wh=1090, received_at=utc_now(), current_a=(20, 0, 0)
    )
    await place.keep(late, late)
    at_once = await place.quarters(where, at, at + timedelta(hours=1))
    assert await place.sum() == 1
    first, second = await place.quarters(where, at, at + timedelta(hours=1))

    assert [first, second] == at_once
    assert (first.readings, first.energy_wh, first.high_a) == (7, 150, (20, 0, 0))
    assert (second.readings, second.energy_wh) == (1, 0)
    table = await place.pool.fetchval(
        "select tableoid::regclass::text from reading where measured_at = $1", late.measured_at
    )
    assert table == f"reading_{late.measured_at:%Y%m%d}"


async def test_a_reading_older_than_single_ones_are_kept_is_in_its_quarter_once(
    place: Place,
) -> None:
    where, at = garage(), hours_ago(40 * 24)
    old = [
        reading(where, at + timedelta(minutes=it), register_wh=500 + it, received_at=utc_now())
        for it in (9, 1, 4)
    ]
    for it in (*old, *old):
        await place.keep(it)

    (told,) = await place.quarters(where, at, at + timedelta(hours=1))
    assert (told.readings, told.energy_wh) == (3, 8)
    assert await kept(place, where) == 0


async def test_what_is_of_the_future_or_of_1970_is_of_when_it_came(place: Place) -> None:
    where, now = garage(), utc_now()
    nonsense = [datetime(2050, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)]
    for said in nonsense:
        await place.keep(reading(where, said, received_at=now))
        now += timedelta(seconds=1)

    lines = await _pages(place, where, now - timedelta(hours=1), now)
    assert [it.said_at for it in lines] == nonsense
    assert all(now - it.measured_at <= timedelta(seconds=2) for it in lines)


async def _pages(
    place: Place, where: str, begins: datetime, ends: datetime
) -> list[ReadingLine]:
    lines: list[ReadingLine] = []
    after: After | None = None
    while True:
        asked = Readings(
            installation_id=where,
            charger_id="bay",
            begins=begins,
            ends=ends,
            limit=2,
            after=after,
        )
        answer = await place.asking.readings(asked)
        lines += answer.readings
        after = answer.next
        if after is None:
            return lines


async def test_readings_are_told_in_pages_with_all_they_said(place: Place) -> None:
    where, at = garage(), hours_ago(1)
    told = [
        reading(where, at + timedelta(seconds=10 * it), register_wh=1000 + it)
        for it in range(5)
    ]
    again = told[2].model_copy(update={"received_at": at + timedelta(minutes=1)})
    await place.keep(*told, again)

    lines = await _pages(place, where, at, at + timedelta(seconds=40))

    assert [it.register_wh for it in lines] == [1000, 1001, 1002, 1002, 1003]
    assert lines[0] == ReadingLine(
        measured_at=at,
        received_at=at,
        session_id="s-1",
        current_a=(16.1, 0.0, 0.0),
        register_wh=1000,
        power_w=3680.0,
    )


async def test_meters_are_told_of_as_chargers_are(place: Place) -> None:
    where, at = garage(), hours_ago(1)
    meter = {"installation_id": where, "meter_id": "main"}
    shown = (-4.5, None, 31.0)
    await place.keep(BreakerReading(**meter, measured_at=at, received_at=at, current_a=shown))
    await place.sum()
    await answer_readings(place.client, place.asking)
    span = {"begins": at, "ends": at + timedelta(hours=1)}

    async def ask(query: Readings | Quarters) -> bytes:
        subject = subjects.query("telemetry", type(query).__name__)
        reply = await place.client.request(
            subject, query.model_dump_json().encode(), timeout=10
        )
        return bytes(reply.data)

    (line,) = ReadingsAnswer.model_validate_json(await ask(Readings(**meter, **span))).readings
    (quarter,) = QuartersAnswer.model_validate_json(
        await ask(Quarters(**meter, **span))
    ).quarters
    assert line.current_a == shown
    assert (quarter.mean_a, quarter.energy_wh, quarter.readings) == (shown, None, 1)
    fault = await place.client.request(
        "queries.telemetry.Readings", b'{"limit": 1}', timeout=10
    )
    assert "no question" in str(ReadingsAnswer.model_validate_json(fault.data).fault)


async def test_chargers_are_found_by_their_id_and_their_serial(place: Place) -> None:
    await place.keep(reading(AT_BAY.installation_id, utc_now()))
    await place.keep(reading(garage(), utc_now(), charger_id="ZAP000078"))

    by_serial = await place.asking.sources_named(SourcesNamed(name="zap000077"))
    by_id = await place.asking.sources_named(SourcesNamed(name="bay"))
    by_id_as_typed = await place.asking.sources_named(SourcesNamed(name="zap000078"))

    here = NamedSource(installation_id=AT_BAY.installation_id, charger_id="bay")
    assert by_serial.sources == (here,)
    assert here in by_id.sources
    assert len(by_id_as_typed.sources) == 1


async def test_days_go_as_a_whole_and_their_quarters_stay(place: Place) -> None:
    """In a database of its own, as the service's role, which makes and drops no table by itself."""
    url = await service_database(place.servers, SCHEMA)
    await grant_own(url, "secret")
    async with pool_of(as_role(url, "secret")) as pool:
        mine = Place(place.servers, url, place.client, pool)
        where, at = garage(), hours_ago(5 * 24)
        await Ageing(pool, DAYS, 36, lambda: None, utc_now).age()
        await mine.keep(reading(where, at), reading(where, utc_now()))
        await mine.sum()
        assert await kept(mine, where) == 2

        told: list[str] = []
        await Ageing(pool, 3, 36, lambda: told.append("aged"), utc_now).age()

        assert told == ["aged"]
        assert await kept(mine, where) == 1
        assert len(await mine.quarters(where, at, at + timedelta(hours=1))) == 1
        # A day that is gone does not begin again when more days are to be kept.
        await mine.keep(reading(where, at + timedelta(seconds=1)), days=30)
        assert await kept(mine, where) == 1
        (quarter,) = await mine.quarters(where, at, at + timedelta(hours=1))
        assert quarter.readings == 2
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute("drop table reading_due")


async def test_quarters_of_months_long_gone_are_dropped(place: Place) -> None:
    url = await service_database(place.servers, SCHEMA)
    async with pool_of(url) as pool:
        mine = Place(place.servers, url, place.client, pool)
        where, at = garage(), hours_ago(200 * 24)
        await mine.keep(reading(where, at, received_at=utc_now()))
        span = (at, at + timedelta(hours=1))
        assert len(await mine.quarters(where, *span)) == 1

        await Ageing(pool, DAYS, 3, lambda: None, utc_now).age()

        assert await mine.quarters(where, *span) == []


async def test_the_command_shows_readings_to_people_and_gives_all_to_programs(
    place: Place,
) -> None:
    where, at = garage(), hours_ago(1)
    bay = f"bay-of-{where}"
    await place.keep(
        *(
            reading(
                where, at + timedelta(minutes=it), charger_id=bay, register_wh=1000 + 100 * it
            )
            for it in range(20)
        )
    )
    await answer_readings(place.client, place.asking)
    environment = {"NATS_URL": place.servers.nats_url}
    span = ["--from", at.isoformat(), "--to", (at + timedelta(minutes=30)).isoformat()]

    shown = await typed(["readings", bay, *span], environment)
    table = await typed(["readings", bay, *span, "--quarters", "--csv"], environment)
    lines = await typed(["readings", bay, *span, "--json"], environment)
    nothing = await typed(["readings", bay, "--to", "30d", "--from", "31d"], environment)
    nobody = await typed(["readings", "bay-of-nobody"], environment)

    assert (shown.code, shown.out.splitlines()[0]) == (0, f"{bay} at {where}")
    assert len(shown.out.splitlines()) == 22
    head, first, second = table.out.splitlines()
    assert head == (
        "begins,readings,energy_wh,fell_wh,mean_l1_a,mean_l2_a,mean_l3_a,"
        "high_l1_a,high_l2_a,high_l3_a,mean_w,complete"
    )
    assert first.split(",")[1:6] == ["15", "1500", "0", "16.1", "0.0"]
    assert second.split(",")[2] == "400"
    assert [json.loads(it)["register_wh"] for it in lines.out.splitlines()][:2] == [1000, 1100]
    assert (nothing.code, "nothing is kept" in nothing.err) == (1, True)
    assert (nobody.code, "has measured anything" in nobody.err) == (2, True)
