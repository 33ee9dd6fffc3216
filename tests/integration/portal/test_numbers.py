"""What portals share in one database, and what each has of its own: a number, documents, common rows."""

import asyncio

import asyncpg
import pytest

from services.portal.charging_folds import Sessions
from services.portal.handlers import followers
from services.portal.heard import Heard
from services.portal.read_models import ReadModels
from shared.clock import utc_now
from shared.head_start import take_head_start
from shared.messages.telemetry import SessionEnded, SessionStarted
from shared.numbers import LOOK_S, NumberLost, numbers_taken, taking_number
from shared.runtime import pool_of
from shared.service_grants import COPIES_MAX, PORTAL
from tests.support.databases import portal_database
from tests.support.portal_scene import GARAGE
from tests.support.servers import EmbeddedServers
from tests.support.waiting import until

pytestmark = pytest.mark.integration


async def test_who_comes_late_begins_from_what_another_has_folded(
    servers: EmbeddedServers,
) -> None:
    async with pool_of(await portal_database(servers)) as pool:
        first = ReadModels()
        [of_first] = [it for it in followers(first, pool, Heard()) if it.service == "telemetry"]
        event = SessionStarted(
            installation_id=GARAGE,
            charger_id="bay-1",
            session_id="s-1",
            transaction_id=1,
            started_at=utc_now(),
            register_wh=7,
        )
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "insert into cursor (consumer, service, position) values ('portal', 'telemetry', 5000)"
            )
            await connection.execute(
                "select set_config('ampledger.follower', $1, true)", of_first.name
            )
            await first.sessions.apply(connection, event, "ZAP000001")
            await connection.execute(
                "insert into parked (consumer, service, position, aggregate_id, error)"
                " values ('portal', 'telemetry', 4000, 'charger-x', 'why')"
            )

        third = ReadModels(3)
        [of_third] = [it for it in followers(third, pool, Heard()) if it.service == "telemetry"]
        assert await take_head_start(pool, of_third, PORTAL, 3, COPIES_MAX)
        await of_third.reload()

        assert third.sessions.going_on.all() == first.sessions.going_on.all()
        assert third.sessions.registers.get(f"{GARAGE}/bay-1") is not None
        assert await pool.fetchval(
            "select (c.position, count(p.*)) = (5000, 1) from cursor c left join parked p"
            " using (consumer, service) where c.consumer = 'portal-3' group by c.position"
        )
        # Whoever is near follows by itself, and what is written for the one is none of the other's.
        assert not await take_head_start(pool, of_third, PORTAL, 3, COPIES_MAX)
        async with pool.acquire() as connection, connection.transaction():
            await third.sessions.going_on.remove(connection, f"{GARAGE}/s-1")
        await first.sessions.open(pool)
        assert list(first.sessions.going_on.all()) == [f"{GARAGE}/s-1"]


async def test_a_session_that_is_over_stays_so_whatever_a_portal_writes_that_is_behind(
    servers: EmbeddedServers,
) -> None:
    async with pool_of(await portal_database(servers)) as pool:
        where = {"installation_id": GARAGE, "charger_id": "bay-1", "session_id": "s-1"}
        now = utc_now()
        began = SessionStarted(**where, transaction_id=1, started_at=now, register_wh=7)
        over = SessionEnded(
            **where,
            transaction_id=1,
            ended_at=now,
            register_wh=9,
            energy_wh=2,
            reason="Local",
        )
        ahead, behind = Sessions(1), Sessions(2)
        for sessions, events in ((ahead, (began, over)), (behind, (began,))):
            for event in events:
                async with pool.acquire() as connection, connection.transaction():
                    await sessions.apply(connection, event, "ZAP000001")
        [row] = (await ahead.rows.read(pool)).values()
        assert '"energy_wh":2' in row


async def test_a_number_is_kept_through_a_lost_connection_or_the_process_begins_anew(
    servers: EmbeddedServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.numbers.LOOK_S", LOOK_S / 20)
    url = await portal_database(servers)
    end_all = (
        "select count(pg_terminate_backend(pid)) from pg_locks where locktype = 'advisory'"
        " and granted and database = (select oid from pg_database where datname = current_database())"
    )
    connection = await asyncpg.connect(url)
    try:
        async with taking_number(url, "portal") as number:
            keeping = asyncio.create_task(number.keep())
            assert await connection.fetchval(end_all) == 1
            assert await until(lambda: numbers_taken(connection), lambda it: it == [1]) == [1]
            monkeypatch.setattr("shared.numbers.RETAKE_S_MAX", 0.2)
            assert not keeping.done()
            # Now somebody is quicker.
            await connection.fetchval(end_all)
            await connection.fetchval("select pg_advisory_lock(7203323, 1)")
            with pytest.raises(NumberLost):
                await asyncio.wait_for(keeping, 30)
    finally:
        await connection.close()
