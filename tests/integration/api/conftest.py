import contextlib
from collections.abc import AsyncIterator

import pytest_asyncio

from shared.messages.permissions import PlatformRole, Role
from tests.support.api_place import ApiPlace, api_place

HARBOUR = "harbour"
BAY = "bay-1"
CREATE = {
    "installation_id": HARBOUR,
    "name": "Harbour garage",
    "address": "Strandgata 1",
    "category": "COMMUNITY",
    "country": "NO",
    "type": "GARAGE",
    "grid_type": "TN_3_PHASE",
    "breaker_a": 160,
}


@contextlib.asynccontextmanager
async def harbour() -> AsyncIterator[ApiPlace]:
    """An installation with a circuit and two chargers, set up over the API by its installer."""
    async with api_place() as running:
        await running.platform("installer", PlatformRole.INSTALLER)
        await running.platform("support", PlatformRole.SUPPORT)
        installer = running.person("installer")
        made = await installer.post("/installations", json=CREATE)
        assert made.status_code == 201, made.text
        for who, role in (
            ("installer", Role.SERVICE),
            ("owner", Role.OWNER),
            ("driver", Role.USER),
        ):
            await running.grant(who, role, HARBOUR)
        await running.grant("bay-owner", Role.OWNER, HARBOUR, BAY)
        await running.grant("stranger", Role.SERVICE, "elsewhere")
        circuit = {"circuit_id": "level-1", "name": "Level 1", "breaker_a": 63}
        added = await installer.post(f"/installations/{HARBOUR}/circuits", json=circuit)
        assert added.status_code == 201, added.text
        chargers = [
            {"charger_id": f"bay-{it}", "serial": f"ZAP00000{it}", "name": f"Bay {it}"}
            for it in (1, 2)
        ]
        put = await installer.post(
            f"/installations/{HARBOUR}/circuits/level-1/chargers", json={"chargers": chargers}
        )
        assert put.status_code == 201, put.text
        yield running


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def place() -> AsyncIterator[ApiPlace]:
    async with harbour() as running:
        yield running
