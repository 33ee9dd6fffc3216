"""A weekly schedule from a command to the limits of real chargers, and a question that changes nothing."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from cli.audit import audit
from cli.figures import read_log
from cli.garages import INSTALLATION_ID
from cli.services import BALANCER, TELEMETRY
from shared.clock import utc_now
from shared.ids import new_id
from shared.messages.balancer import CurrentLimitAllocated, LimitedBy, Rule
from shared.messages.installation_commands import SetCurrentSchedule
from shared.messages.installation_terms import ScheduleRule
from shared.messages.telemetry import CurrentLimitApplied
from shared.messages.what_if import MoreCars, WhatIf
from shared.messaging import connect
from shared.units import TOLERANCE_A
from shared.what_if_query import ask_what_if
from tests.support.servers import scratch_folder
from tests.support.small_garage import OWNERS, SmallGarage
from tests.support.waiting import until

pytestmark = pytest.mark.system

ALLOWED_A = 14.0
FOLLOWS_S_MAX = 90.0


def schedule() -> SetCurrentSchedule:
    """At all times but for an hour that is far from now."""
    hour = utc_now().astimezone(ZoneInfo("Europe/Oslo")).hour
    rule = ScheduleRule(
        begins=f"{(hour + 13) % 24:02}:00",
        ends=f"{(hour + 12) % 24:02}:00",
        available_a=(ALLOWED_A, ALLOWED_A, ALLOWED_A),
    )
    return SetCurrentSchedule(
        command_id=new_id(), installation_id=INSTALLATION_ID, rules=(rule,)
    )


async def confirmed_since(place: SmallGarage, since: datetime) -> list[LimitedBy]:
    """Name the reasons of limits that were decided since a moment, and that a charger has confirmed."""
    decided = {
        (it.event.charger_id, it.event.sequence): it.event.limited_by
        for it in await read_log(place.database_url(BALANCER))
        if isinstance(it.event, CurrentLimitAllocated) and it.recorded_at > since
    }
    applied = {
        (it.event.charger_id, it.event.sequence)
        for it in await read_log(place.database_url(TELEMETRY))
        if isinstance(it.event, CurrentLimitApplied)
    }
    return [reason for key, reason in decided.items() if key in applied]


async def test_a_schedule_holds_at_chargers_and_what_if_leaves_them_alone() -> None:
    with scratch_folder() as folder:
        place = SmallGarage(folder)
        async with place.running():
            for command in place.set_up():
                await place.command(command, FOLLOWS_S_MAX)
            async with place.cars():
                await place.limits_flow(FOLLOWS_S_MAX)
                since = utc_now()
                await place.command(schedule(), FOLLOWS_S_MAX)

                async def by_schedule() -> list[LimitedBy]:
                    found = await confirmed_since(place, since)
                    return [it for it in found if it.rule is Rule.SCHEDULE]

                told = await until(by_schedule, bool, FOLLOWS_S_MAX)
                assert all(it.usable_a == ALLOWED_A and it.until for it in told)
                await main_carries_no_more(place)
            logs = [await read_log(place.database_url(it)) for it in OWNERS]

        found = audit(logs)
        assert found.planned_overload_as == 0, found.worst_at
        assert place.world()["overload_as"] == 0


async def main_carries_no_more(place: SmallGarage) -> None:
    """Ask what would be with more cars: the schedule would hold them as well."""
    circuits = {
        it.circuit_id for it in place.set_up() if getattr(it, "circuit_id", None) is not None
    }
    more = MoreCars(count=5, circuit_id=min(circuits))
    client = await connect(place.stack.urls["nats"], "test-what-if")
    try:
        answer = await ask_what_if(
            client, WhatIf(installation_id=INSTALLATION_ID, more=(more,))
        )
    finally:
        await client.close()
    assert answer.refusal is None
    assert sum(it.is_new for it in answer.otherwise.cars) == 5
    for picture in (answer.as_is, answer.otherwise):
        assert max(picture.breakers[0].load_a) <= ALLOWED_A + TOLERANCE_A
