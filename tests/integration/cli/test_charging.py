"""From the command line to a charging car: a person, a role, a card, and a charger that asks."""

import pytest

from cli.options import StackOptions
from cli.ports import free_ports
from cli.services import BALANCER, PORTAL, TELEMETRY, services
from cli.stack import Stack
from services.telemetry.payloads import written
from shared.clock import utc_now
from tests.integration.cli.typed import Said, typed
from tests.integration.telemetry.raw_charger import RawCharger, plugged_in
from tests.support.servers import scratch_folder
from tests.support.waiting import until

pytestmark = pytest.mark.integration

READY_S_MAX = 90.0
ACCEPTED_S_MAX = 15.0
CARD, ADA = "04A1B2C3D4", "ada@example.org"


async def shown(charger: RawCharger) -> str:
    return str((await charger.call("Authorize", {"idTag": CARD}))["idTagInfo"]["status"])


async def test_a_person_with_a_card_charges_and_so_do_they_by_command() -> None:
    with scratch_folder() as folder:
        options = StackOptions(
            folder / "data", postgres_port=0, nats_port=0, nats_monitor_port=0
        )
        three = services(*free_ports(2), without=frozenset({BALANCER, PORTAL}))
        async with Stack(options, three) as stack:
            assert await stack.wait_services_ready(READY_S_MAX) == []

            async def type_(*words: str) -> Said:
                environment = {
                    "NATS_URL": stack.urls["nats"],
                    "DATABASE_URL": stack.urls["database"],
                    "COLUMNS": "300",
                }
                return await typed(words, environment)

            for line in (
                "installation create harbour --name Harbour --breaker-a 160 --grid-type TN_3_PHASE",
                "circuit add harbour level-1 --name Level --breaker-a 63",
                "charger assign harbour level-1 ZAP000001 --no-credentials",
                "installation authentication harbour --required",
                f"person invite {ADA}",
                f"role grant harbour {ADA} user",
                f"card register {ADA} {CARD}",
            ):
                said = await type_(*line.split())
                assert said.code == 0, said
            away = await type_("charger", "start", "harbour", "ZAP000001", "--person", ADA)
            answers = {"RemoteStartTransaction": {"status": "Accepted"}}
            async with plugged_in(stack.urls[TELEMETRY], "ZAP000001", answers) as charger:
                await charger.boot_until_accepted()
                await until(lambda: shown(charger), "Accepted".__eq__, ACCEPTED_S_MAX)

                nobody = await type_("charger", "start", "harbour", "ZAP000001")
                strange = ("--person", "eve@example.org")
                unknown = await type_("charger", "start", "harbour", "ZAP000001", *strange)
                begun = await type_("charger", "start", "harbour", "ZAP000001", "--person", ADA)
                tag = (await charger.was_asked("RemoteStartTransaction"))["idTag"]
                start = {"connectorId": 1, "meterStart": 0, "timestamp": written(utc_now())}
                started = await charger.call("StartTransaction", start | {"idTag": tag})
                ended = await type_("charger", "stop", "harbour", "ZAP000001", "--json")
                told = await charger.was_asked("RemoteStopTransaction")
            past = await type_("history", "harbour")

    assert (away.code, away.err.partition(":")[0]) == (1, "ChargerNotReached")
    assert (nobody.code, nobody.err.partition(":")[0]) == (1, "NotAuthorized")
    assert (unknown.code, "person invite" in unknown.err) == (2, True)
    assert begun.code == 0, begun
    assert started["idTagInfo"]["status"] == "Accepted"
    assert ended.json()["accepted"]
    assert told == {"transactionId": started["transactionId"]}
    assert "may charge: user at installation harbour" in past.out
    assert "was asked to end a session, and answered Accepted" in past.out
    assert CARD not in past.out
