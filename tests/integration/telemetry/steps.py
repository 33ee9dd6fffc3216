"""What several tests of the telemetry service do, and say in OCPP."""

from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from shared.messages.telemetry import ChargerDisconnected, FailSafeApplied
from tests.integration.telemetry.raw_charger import plugged_in
from tests.integration.telemetry.world import Place, World

START = {
    "connectorId": 1,
    "idTag": "04A1B2C3D4E5F6",
    "meterStart": 1000,
    "timestamp": "2026-11-22T08:00:00Z",
}


def stop_of(transaction_id: int, reason: str = "Remote") -> dict[str, Any]:
    return {
        "transactionId": transaction_id,
        "meterStop": 8000,
        "timestamp": "2026-11-22T09:00:00Z",
        "reason": reason,
    }


async def refused(world: World, place: Place, host: str = "127.0.0.1") -> str:
    """Knock with a locked charger, and see that nobody opens; return what is said."""
    with pytest.raises(InvalidStatus) as refusal:
        async with plugged_in(world.gateway, place.serial, host=host):
            pytest.fail("a locked charger was let in")
    assert refusal.value.response.status_code == 403
    return (refusal.value.response.body or b"").decode()


async def accepted(world: World, place: Place) -> None:
    """Have a charger commissioned, and gone again."""
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
    await world.event(place, ChargerDisconnected)


async def applied_a(world: World, place: Place) -> list[float]:
    """Name the fail-safes that were put on record at a place, in amperes."""
    return [
        it.fail_safe_a
        for it in await world.events(place)
        if isinstance(it, FailSafeApplied) and it.installation_id == place.installation_id
    ]
