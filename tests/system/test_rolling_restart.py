"""Everything is restarted, one process after the other, while people click and cars charge."""

import sys

import pytest

from cli.audit import audit
from cli.figures import read_log
from cli.garages import INSTALLATION_ID
from cli.services import TELEMETRY
from shared import subjects
from shared.context import Context
from shared.ids import new_id
from shared.messages.permissions import GrantRole, Role
from shared.messages.telemetry import SessionEnded
from shared.messaging import connect, request
from tests.support.cli_place import ampledger
from tests.support.portal_crowd import using
from tests.support.servers import scratch_folder
from tests.support.small_garage import OWNERS, SmallGarage
from tests.support.waiting import until

pytestmark = pytest.mark.system

READY_S_MAX = 60.0
WRONGLY_ENDED = {"EndNotReported", "PowerLoss", "Reboot"}


async def signed_in(place: SmallGarage) -> dict[str, str]:
    """Have somebody sign in who owns the garage; returns the cookies."""
    await until(place.shown, bool, READY_S_MAX)
    client = await connect(place.stack.urls["nats"], "test-owner")
    try:
        grant = GrantRole(
            command_id=new_id(),
            installation_id=INSTALLATION_ID,
            grantee="person/support",
            role=Role.OWNER,
        )
        subject = subjects.command(GrantRole, INSTALLATION_ID)
        answer = await request(client, grant, subject, Context("operator", new_id()))
        assert answer.accepted, answer
    finally:
        await client.close()
    return place.cookies


async def test_nobody_notices_that_everything_is_restarted() -> None:
    with scratch_folder() as folder:
        place = SmallGarage(folder, balancers=2)
        async with place.running():
            for command in place.set_up():
                await place.command(command, READY_S_MAX)
            async with place.cars():
                await place.limits_flow(READY_S_MAX)
                cookies = await signed_in(place)
                charger_id = place.scene.chargers[0].charger_id
                before = {name: it.pid for name, it in place.stack.states().items()}
                url = f"http://127.0.0.1:{place.portal_port}"
                async with using(url, cookies, INSTALLATION_ID, charger_id) as crowd:
                    said = await ampledger("restart", "--data-folder", str(place.data))
                    await place.limits_flow(READY_S_MAX)
                assert said.code == 0, said.err
                after = {name: it.pid for name, it in place.stack.states().items()}
                same = {name for name, pid in after.items() if pid == before[name]}
                assert same == {"nats", "postgres"}
            await place.all_announced(READY_S_MAX)
            checked = await ampledger("check", "--history", "--data-folder", str(place.data))
            parked = await ampledger("dlq", "list", "--data-folder", str(place.data))
            logs = [await read_log(place.database_url(it)) for it in OWNERS]

        sys.stdout.write(f"{crowd.asked} requests, the slowest took {crowd.slowest_s:.2f} s\n")
        assert crowd.failed == []
        assert crowd.asked > 100
        assert crowd.streams > 1, "a stream that ended was opened again"
        assert checked.code == 0, checked.out
        assert parked.code == 0, parked.out
        told = logs[OWNERS.index(TELEMETRY)]
        ended = [it.event for it in told if isinstance(it.event, SessionEnded)]
        assert [it for it in ended if it.reason in WRONGLY_ENDED] == []
        assert audit(logs).planned_overload_as == 0
        world = place.world()
        assert world["breaker_trips"] == 0
        assert (world["energy_kwh"] or 0) > 0
