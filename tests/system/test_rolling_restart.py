"""Everything is restarted, one process after the other, while people click and cars charge."""

import sys

import pytest

from cli.audit import audit
from cli.figures import read_log
from cli.garages import INSTALLATION_ID
from cli.services import TELEMETRY
from shared.messages.telemetry import SessionEnded
from tests.support.cli_place import ampledger
from tests.support.portal_crowd import using
from tests.support.servers import scratch_folder
from tests.support.small_garage import OWNERS, SmallGarage

pytestmark = pytest.mark.system

READY_S_MAX = 60.0
WRONGLY_ENDED = {"EndNotReported", "PowerLoss", "Reboot"}


def pids(place: SmallGarage) -> dict[str, int | None]:
    return {name: it.pid for name, it in place.stack.states().items()}


async def test_nobody_notices_that_everything_is_restarted() -> None:
    with scratch_folder() as folder:
        place = SmallGarage(folder, balancers=2)
        async with place.running():
            for command in place.set_up():
                await place.command(command, READY_S_MAX)
            async with place.cars():
                await place.limits_flow(READY_S_MAX)
                cookies = await place.owner_signed_in(READY_S_MAX)
                charger_id = place.scene.chargers[0].charger_id
                before = pids(place)
                url = f"http://127.0.0.1:{place.portal_port}"
                async with using(url, cookies, INSTALLATION_ID, charger_id) as crowd:
                    said = await ampledger("restart", "--data-folder", str(place.data))
                    await place.limits_flow(READY_S_MAX)
                assert said.code == 0, said.err
                after = pids(place)
                same = {name for name, pid in after.items() if pid == before[name]}
                assert same == {"nats", "postgres"}
                async with using(url, cookies, INSTALLATION_ID, charger_id) as waiting:
                    for server in ("nats", "postgres"):
                        again = await ampledger(
                            "restart", server, "--data-folder", str(place.data)
                        )
                        assert again.code == 0, again.err
                        await place.limits_flow(READY_S_MAX)
                assert all(pids(place)[it] != after[it] for it in ("nats", "postgres"))
            await place.all_announced(READY_S_MAX)
            checked = await ampledger("check", "--history", "--data-folder", str(place.data))
            parked = await ampledger("dlq", "list", "--data-folder", str(place.data))
            logs = [await read_log(place.database_url(it)) for it in OWNERS]

        sys.stdout.write(f"{crowd.asked} requests, the slowest took {crowd.slowest_s:.2f} s\n")
        sys.stdout.write(
            f"with the servers restarted: {waiting.asked} requests, {waiting.put_off} were put off, "
            f"the slowest took {waiting.slowest_s:.2f} s\n"
        )
        assert (crowd.failed, crowd.put_off) == ([], 0)
        assert waiting.failed == []
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
