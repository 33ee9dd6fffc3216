"""A charger's place in a test, and what the installation service says of it."""

from collections.abc import Sequence
from typing import Any

from shared.messages import InstallationEvent
from shared.messages.installation import (
    AuthenticationRequiredSet,
    ChargerAssigned,
    ChargerChanged,
    ChargerRemoved,
    FailSafeSet,
    InstallationChanged,
    InstallationCreated,
    SerialLocked,
    SerialUnlocked,
)
from shared.messages.installation_terms import Category, InstallationType
from shared.phases import PHASES, GridType, Phase

GARAGE: dict[str, Any] = {
    "name": "Garage",
    "address": "Street 1",
    "category": Category.COMMUNITY,
    "country": "NO",
    "type": InstallationType.GARAGE,
    "breaker_a": 63,
    "time_zone": "Europe/Oslo",
}


class Place:
    """A charger's place in a test: an installation and a charger of its own."""

    def __init__(self, number: int) -> None:
        self.installation_id = f"garage-{number}"
        self.charger_id = f"bay-{number}"
        self.serial = f"ZAP{number:06}"
        self.epoch = number * 100
        """Above those of earlier tests, whose installations may be of the same partition."""

    @property
    def ids(self) -> dict[str, str]:
        return {"installation_id": self.installation_id, "charger_id": self.charger_id}

    # --- What the installation service says of it ---

    def created(self, grid_type: GridType = GridType.TN_3_PHASE) -> InstallationCreated:
        return InstallationCreated(
            installation_id=self.installation_id, **GARAGE, grid_type=grid_type
        )

    def changed(self, grid_type: GridType) -> InstallationChanged:
        return InstallationChanged(
            installation_id=self.installation_id, **GARAGE, grid_type=grid_type
        )

    def assigned(
        self, fail_safe_a: float = 6.0, wiring: Sequence[Phase] = PHASES
    ) -> ChargerAssigned:
        return ChargerAssigned(
            **self.ids,
            circuit_id="level-1",
            serial=self.serial,
            name="Bay",
            wiring=tuple(wiring),
            max_a=32,
            min_a=6.0,
            breaker_a=None,
            fail_safe_a=fail_safe_a,
            moved_from=None,
        )

    def rewired(self, *wiring: Phase) -> ChargerChanged:
        return ChargerChanged(
            **self.ids, name="Bay", wiring=wiring, max_a=32, min_a=6.0, breaker_a=None
        )

    def removed(self) -> ChargerRemoved:
        return ChargerRemoved(**self.ids, serial=self.serial)

    def fail_safe(self, fail_safe_a: float) -> FailSafeSet:
        return FailSafeSet(**self.ids, fail_safe_a=fail_safe_a, wished=False)

    def locked(self) -> tuple[InstallationEvent, ...]:
        return (
            SerialLocked(**self.ids, serial=self.serial, circuit_id="level-1"),
            self.fail_safe(0.0),
        )

    def unlocked(self) -> SerialUnlocked:
        reason = "circuit level-1 was reactivated"
        return SerialUnlocked(**self.ids, serial=self.serial, reason=reason)

    def authentication(self, *, required: bool) -> AuthenticationRequiredSet:
        return AuthenticationRequiredSet(
            installation_id=self.installation_id, required=required
        )
