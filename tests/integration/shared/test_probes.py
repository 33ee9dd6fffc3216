"""What probes are told by a process while its database comes and goes; nobody has to start it again."""

import asyncio
import contextlib
import os
import sys
from typing import Any

import asyncpg
import httpx
import pytest

from cli.ports import free_ports
from tests.support.databases import ROOT, service_database
from tests.support.servers import EmbeddedServers
from tests.support.service_process import running_service
from tests.support.waiting import until

pytestmark = pytest.mark.integration

WITHIN_S = 30.0
ENDS_S_MAX = 10.0


async def probe(base: str, name: str) -> tuple[int, dict[str, Any]]:
    async with httpx.AsyncClient() as http:
        with contextlib.suppress(httpx.TransportError):
            answer = await http.get(f"{base}/health/{name}")
            return answer.status_code, answer.json()
    return 0, {}


async def test_a_service_whose_database_is_away_says_so_lives_and_is_ready_again_by_itself(
    servers: EmbeddedServers,
) -> None:
    database_url = await service_database(servers)
    async with running_service("installation", servers, database_url) as service:
        base = service.health_url.removesuffix("/health/ready")
        name = service.database_url.partition("?")[0].rpartition("/")[2]
        operator = await asyncpg.connect(await servers.create_database())
        try:
            await operator.execute(f'alter database "{name}" allow_connections false')
            await operator.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
                name,
            )
            _, told = await until(
                lambda: probe(base, "ready"),
                lambda it: it[0] == 503 and it[1]["database"] is not True,
                WITHIN_S,
            )
            assert told["nats"] is True
            assert (await probe(base, "live"))[0] == 200
            assert (await probe(base, "start"))[0] == 200
        finally:
            await operator.execute(f'alter database "{name}" allow_connections true')
            await operator.close()
        await until(lambda: probe(base, "ready"), lambda it: it[0] == 200, WITHIN_S)
        assert service.process.returncode is None


async def test_a_service_that_is_started_before_its_database_waits_for_it_and_can_be_stopped(
    servers: EmbeddedServers,
) -> None:
    health_port, closed = free_ports(2)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.installation"),
        cwd=ROOT,
        env=os.environ
        | {
            "NATS_URL": servers.nats_url,
            "DATABASE_URL": f"postgresql://nobody@127.0.0.1:{closed}/nothing",
            "AMPLEDGER_HEALTH_PORT": str(health_port),
        },
    )
    try:
        base = f"http://127.0.0.1:{health_port}"
        await until(lambda: probe(base, "start"), lambda it: it[0] == 200, WITHIN_S)
        assert (await probe(base, "live"))[0] == 200
        assert (await probe(base, "ready"))[0] == 503
        assert process.returncode is None

        process.terminate()
        assert await asyncio.wait_for(process.wait(), ENDS_S_MAX) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
