"""Passwords of chargers and tokens of meters, issued from the command line over real servers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from websockets.exceptions import InvalidStatus

from cli.options import StackOptions
from cli.ports import free_ports
from cli.services import BALANCER, PORTAL, TELEMETRY, services
from cli.stack import Stack
from tests.integration.cli.typed import Said, typed
from tests.integration.telemetry.passwords import shows
from tests.integration.telemetry.raw_charger import plugged_in
from tests.support.servers import scratch_folder
from tests.support.waiting import until

pytestmark = pytest.mark.integration

READY_S_MAX = 90.0
CREATE = (
    *("installation", "create", "harbour", "--name", "Harbour garage"),
    *("--breaker-a", "160", "--grid-type", "TN_3_PHASE"),
)


class Desk:
    """Where somebody types commands."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    async def type(self, *words: str) -> Said:
        environment = {
            "NATS_URL": self.stack.urls["nats"],
            "DATABASE_URL": self.stack.urls["database"],
            "USER": "kari",
            "COLUMNS": "300",
        }
        return await typed(words, environment)

    async def done(self, *words: str) -> str:
        said = await self.type(*words)
        assert said.code == 0, said
        return said.out


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk() -> AsyncIterator[Desk]:
    """Servers, the installation service and the gateway."""
    with scratch_folder() as folder:
        options = StackOptions(
            folder / "data", postgres_port=0, nats_port=0, nats_monitor_port=0
        )
        two = services(*free_ports(2), without=frozenset({BALANCER, PORTAL}))
        async with Stack(options, two) as stack:
            assert await stack.wait_services_ready(READY_S_MAX) == []
            desk = Desk(stack)
            await desk.done(*CREATE)
            await desk.done(
                "circuit", "add", "harbour", "level-1", "--name", "Level 1", "--breaker-a", "63"
            )
            yield desk


async def test_passwords_are_shown_once_when_chargers_are_assigned(desk: Desk) -> None:
    assign = ("charger", "assign", "harbour", "level-1", "ZAP000001", "ZAP000002")

    said = (await desk.type(*assign, "--json")).json()
    again = (await desk.type(*assign, "--json")).json()

    assert [it["serial"] for it in said["credentials"]] == ["ZAP000001", "ZAP000002"]
    assert again["credentials"] == []  # they were assigned already
    password = said["credentials"][0]["password"]
    headers = shows("ZAP000001", password)
    gateway = desk.stack.urls[TELEMETRY]
    async with plugged_in(gateway, "ZAP000001", headers=headers) as charger:
        await charger.boot_until_accepted()

        rotated = await desk.done("charger", "credential", "rotate", "zap000001")

        assert "has taken a new password" in rotated
        new = (await charger.was_asked("ChangeConfiguration"))["value"]
    async with plugged_in(gateway, "ZAP000001", headers=shows("ZAP000001", new)):
        state = await desk.done("charger", "credential", "show-state", "ZAP000001")
    assert password not in state
    assert [it.split()[-1] for it in state.splitlines()[1:]] == ["replaced", "good"]
    assert "kari" in state


async def test_a_password_is_issued_withdrawn_and_waived(desk: Desk) -> None:
    told = await desk.done(
        "charger", "assign", "harbour", "level-1", "ZAP000003", "--no-credentials"
    )
    assert "password" not in told

    issued = await desk.done("charger", "credential", "issue", "ZAP000003")
    assert "shown this once" in issued
    away = await desk.type("charger", "credential", "rotate", "ZAP000003")
    assert (away.code, away.err.partition(":")[0]) == (1, "ChargerNotReached")
    withdrawn = await desk.done("charger", "credential", "withdraw", "ZAP000003")
    assert "charger credential issue ZAP000003" in withdrawn
    let_in = ("charger", "credential", "withdraw", "ZAP000003", "--let-in-without")
    assert "without a password" in await desk.done(*let_in)
    nowhere = await desk.type("charger", "credential", "issue", "ZAP999999")
    assert (nowhere.code, "charger assign" in nowhere.err) == (1, True)


async def test_an_authority_is_made_once(desk: Desk, tmp_path: Path) -> None:
    made = await desk.done("charger", "certificate", "authority", str(tmp_path))

    assert "TELEMETRY_CA_CERT=" in made
    assert (tmp_path / "charger-ca.key").stat().st_mode & 0o777 == 0o600
    again = await desk.type("charger", "certificate", "authority", str(tmp_path))
    assert (again.code, "is there already" in again.err) == (2, True)


async def test_nobody_signs_certificates_without_an_authority(
    desk: Desk, tmp_path: Path
) -> None:
    await desk.done("charger", "assign", "harbour", "level-1", "ZAP000004", "--no-credentials")
    (tmp_path / "x.csr").write_text("no certificate request")

    said = await desk.type(
        "charger", "certificate", "issue", "ZAP000004", "--csr", str(tmp_path / "x.csr")
    )

    assert (said.code, said.err.partition(":")[0]) == (1, "NoAuthority")
    listed = await desk.done("charger", "certificate", "list", "ZAP000004")
    assert "never issued" in listed


async def test_a_meter_gets_a_token(desk: Desk) -> None:
    await desk.done("meter", "add", "harbour", "house", "--highest-a", "50")

    issued = await desk.done("meter", "token", "issue", "harbour", "house")

    assert "Authorization: Bearer " in issued
    state = await desk.done("meter", "token", "show-state", "harbour", "house")
    assert state.splitlines()[1].endswith("good")
    assert "token issue" in await desk.done("meter", "token", "withdraw", "harbour", "house")


async def test_a_charger_that_was_plugged_in_first_is_adopted_beside_its_neighbours(
    desk: Desk,
) -> None:
    gateway = desk.stack.urls[TELEMETRY]
    assign = ("charger", "assign", "harbour", "level-1", "ZAP000020", "--no-credentials")
    await desk.done(*assign)
    async with plugged_in(gateway, "ZAP000020") as neighbour:
        await neighbour.boot_until_accepted()
        with pytest.raises(InvalidStatus):
            async with plugged_in(gateway, "ZAP000021"):
                pass

        (knock,) = (await desk.type("charger", "knocking", "--json")).json()
        assert (knock["serial"], knock["remote"]) == ("ZAP000021", "127.0.0.1")
        assert {it["circuit_id"] for it in knock["neighbours"]} == {"level-1"}
        stranger = await desk.type("charger", "adopt", "ZAP000022")
        assert (stranger.code, "has not knocked" in stranger.err) == (2, True)
        nowhere = await desk.type(
            "charger", "adopt", "ZAP000021", "--installation", "elsewhere"
        )
        assert (nowhere.code, "--circuit" in nowhere.err) == (2, True)

        await desk.done("charger", "adopt", "zap000021", "--name", "Bay 21")

        assert "Bay 21" in await desk.done("installation", "show", "harbour")
        assert "nobody knocks" in await desk.done("charger", "knocking")

        async def tries() -> bool:  # as a charger does, until the gateway has heard of it
            try:
                async with plugged_in(gateway, "ZAP000021") as adopted:
                    await adopted.boot_until_accepted()
            except InvalidStatus:
                return False
            return True

        assert await until(tries, bool)
