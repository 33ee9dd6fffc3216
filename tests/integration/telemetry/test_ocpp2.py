"""Chargers that speak OCPP 2.0.1 and 2.1, from their boot to the end of a session."""

import pytest

from shared.messages.telemetry import (
    ChargerConnected,
    ChargerStatusChanged,
    CurrentLimitApplied,
    FailSafeApplied,
    SessionEnded,
    SessionStarted,
)
from simulator.charger import Charger
from simulator.ocpp2.tongue import OCPP_21, OCPP_201
from tests.integration.telemetry.simulated import living, now_s, plug_a_car
from tests.integration.telemetry.world import World, soon

pytestmark = pytest.mark.integration


async def draws(world: World, charger: Charger, a: float) -> None:
    """Wait until a charger's car draws so many amperes."""

    async def found() -> bool:
        return abs(charger.outlet.draw.a - a) < 0.2

    await world.until(found)


@pytest.mark.parametrize("protocol", [OCPP_201, OCPP_21])
async def test_a_session_from_boot_to_end(world: World, protocol: str) -> None:
    place = await world.assigned()
    async with living(world.gateway, place.serial, protocol=protocol) as charger:
        await world.event(place, ChargerConnected)
        applied = await world.event(place, FailSafeApplied)
        plug_a_car(charger)
        started = await world.event(place, SessionStarted)
        await draws(world, charger, 6.0)
        answer = await world.limit(place, 1, 13.0, valid_until=soon(6))
        assert answer.accepted, answer
        await draws(world, charger, 13.0)
        await draws(world, charger, 6.0)  # the lease has ended
        charger.unplug(now_s())
        ended = await world.event(place, SessionEnded)
        await world.event(place, ChargerStatusChanged, 4)

    assert applied.fail_safe_a == 6.0
    limited = await world.event(place, CurrentLimitApplied)
    assert limited.limit_a == 13.0
    assert started.transaction is not None
    assert ended.transaction == started.transaction
    assert ended.reason == "EVDisconnected"
    assert ended.energy_wh == ended.register_wh - started.register_wh > 0
    statuses = [
        it.status for it in await world.events(place) if isinstance(it, ChargerStatusChanged)
    ]
    assert statuses == ["Available", "Preparing", "Charging", "Available"]
