"""What is in use: circuits and installations that are deactivated, and the serials they take along."""

import pytest
from pydantic import ValidationError

from services.installation.decider import installation
from services.installation.language import InstallationEvent
from services.installation.refusals import (
    CircuitAboveInactive,
    CircuitInUse,
    InstallationInUse,
    SerialNotLocked,
    UnknownCircuit,
)
from shared.messages.balancer import MAIN
from shared.messages.installation import (
    CircuitReactivated,
    InstallationDeactivated,
    InstallationReactivated,
)
from shared.messages.installation_commands import (
    DeactivateCircuit,
    DeactivateInstallation,
    ReactivateCircuit,
    ReactivateInstallation,
    UnlockSerial,
)
from tests.support.scenario import given
from tests.unit.installation.facts import (
    added,
    assign,
    assigned,
    charger,
    created,
    deactivated,
    fact,
    fail_safe,
    locked,
    removed,
    unlocked,
    wish,
)

WHY = "burnt cable"

EMPTY: tuple[InstallationEvent, ...] = (
    created(),
    added("level-1"),
    added("wing", 40, parent_id="level-1"),
    added("level-2"),
)
"""level-1 with a wing, and level-2 beside it."""

FULL: tuple[InstallationEvent, ...] = (
    *EMPTY,
    assigned(1),
    assigned(2, circuit_id="wing"),
    assigned(3, circuit_id="level-2"),
)


def deactivate(circuit_id: str = "level-1", **fields: object) -> DeactivateCircuit:
    return wish(DeactivateCircuit, circuit_id=circuit_id, **fields)


def reactivate(circuit_id: str = "level-1") -> ReactivateCircuit:
    return wish(ReactivateCircuit, circuit_id=circuit_id)


def reactivated(circuit_id: str = "level-1") -> CircuitReactivated:
    return fact(CircuitReactivated, circuit_id=circuit_id)


# --- Circuits out of use ---


def test_a_circuit_without_chargers_is_deactivated() -> None:
    given(installation, *EMPTY).when(deactivate(reason=WHY)).then(deactivated(reason=WHY))


def test_a_circuit_that_is_deactivated_is_not_deactivated_again() -> None:
    given(installation, *EMPTY, deactivated()).when(
        deactivate(lock_serials=True, reason=WHY)
    ).then_nothing_happened()


def test_a_circuit_in_use_is_refused_with_every_charger_and_the_ways_on() -> None:
    given(installation, *FULL).when(deactivate()).then_refused(
        CircuitInUse,
        "'Bay 1' (ZAP000001), 'Bay 2' (ZAP000002)",
        "move them",
        "remove them",
        "lock them (lock_serials)",
    )


def test_chargers_elsewhere_do_not_keep_a_circuit_in_use() -> None:
    given(installation, *EMPTY, assigned(3, circuit_id="level-2")).when(deactivate()).then(
        deactivated()
    )


def test_with_a_circuit_go_the_serials_of_all_chargers_beneath_it() -> None:
    given(installation, *FULL).when(deactivate(lock_serials=True, reason=WHY)).then(
        locked(1),
        locked(2),
        deactivated(reason=WHY),
        fail_safe(1, 0),
        fail_safe(2, 0),
    )


def test_what_is_locked_already_stays_locked_with_what_it_was() -> None:
    wing_down = (locked(2, "wing"), deactivated("wing"), fail_safe(2, 0))
    given(installation, *FULL, *wing_down).when(deactivate(lock_serials=True)).then(
        locked(1), deactivated(), fail_safe(1, 0)
    )


def test_a_circuit_beneath_one_that_is_out_of_use_is_deactivated_without_asking() -> None:
    down = (locked(1), locked(2), deactivated(), fail_safe(1, 0), fail_safe(2, 0))
    given(installation, *FULL, *down).when(deactivate("wing")).then(deactivated("wing"))


def test_chargers_that_go_make_room_for_the_fail_safes_of_others() -> None:
    history = (
        created(breaker_a=24),
        added("level-1", 24),
        added("level-2", 24),
        assigned(1),
        assigned(2),
        assigned(3, 0.0, circuit_id="level-2"),
    )
    given(installation, *history).when(deactivate(lock_serials=True)).then(
        locked(1),
        locked(2),
        deactivated(),
        fail_safe(1, 0),
        fail_safe(2, 0),
        fail_safe(3, 6),
    )


@pytest.mark.parametrize("circuit_id", ["level-9", MAIN])
def test_only_a_circuit_that_exists_is_deactivated_and_reactivated(circuit_id: str) -> None:
    given(installation, *FULL).when(deactivate(circuit_id)).then_refused(UnknownCircuit)
    given(installation, *FULL).when(reactivate(circuit_id)).then_refused(UnknownCircuit)


# --- Circuits in use again ---


def test_with_a_circuit_come_back_the_serials_that_went_with_it() -> None:
    down = (locked(1), locked(2), deactivated(), fail_safe(1, 0), fail_safe(2, 0))
    reason = "circuit level-1 was reactivated"
    given(installation, *FULL, *down).when(reactivate()).then(
        reactivated(),
        unlocked(1, reason),
        unlocked(2, reason),
        fail_safe(1, 6),
        fail_safe(2, 6),
    )


def test_serials_locked_with_a_lower_circuit_stay_locked() -> None:
    down = (
        *(locked(2, "wing"), deactivated("wing"), fail_safe(2, 0)),
        *(locked(1), deactivated(), fail_safe(1, 0)),
    )
    given(installation, *FULL, *down).when(reactivate()).then(
        reactivated(), unlocked(1, "circuit level-1 was reactivated"), fail_safe(1, 6)
    )


def test_serials_beneath_a_circuit_that_was_deactivated_meanwhile_stay_locked_with_it() -> None:
    down = (locked(1), locked(2), deactivated(), fail_safe(1, 0), fail_safe(2, 0))
    given(installation, *FULL, *down, deactivated("wing")).when(reactivate()).then(
        reactivated(),
        unlocked(1, "circuit level-1 was reactivated"),
        locked(2, "wing"),
        fail_safe(1, 6),
    )
    up = (reactivated(), unlocked(1, "level-1"), locked(2, "wing"), fail_safe(1, 6))
    given(installation, *FULL, *down, deactivated("wing"), *up).when(reactivate("wing")).then(
        reactivated("wing"), unlocked(2, "circuit wing was reactivated"), fail_safe(2, 6)
    )


def test_a_circuit_in_use_is_not_reactivated() -> None:
    given(installation, *FULL).when(reactivate()).then_nothing_happened()


@pytest.mark.parametrize("wing", [(), (deactivated("wing"),)])
def test_a_circuit_comes_back_only_with_all_above_it(wing: tuple[InstallationEvent]) -> None:
    given(installation, *EMPTY, *wing, deactivated()).when(reactivate("wing")).then_refused(
        CircuitAboveInactive, "'wing'", "circuit 'level-1' first"
    )
    given(installation, *EMPTY, *wing, fact(InstallationDeactivated)).when(
        reactivate("wing")
    ).then_refused(CircuitAboveInactive, "the installation first")


# --- Installations ---


def test_an_installation_without_chargers_is_deactivated() -> None:
    gone = fact(InstallationDeactivated, reason=WHY)
    given(installation, *EMPTY).when(wish(DeactivateInstallation, reason=WHY)).then(gone)
    given(installation, *EMPTY, gone).when(wish(DeactivateInstallation)).then_nothing_happened()


def test_an_installation_in_use_is_refused_with_every_charger_and_the_ways_on() -> None:
    given(installation, *FULL).when(wish(DeactivateInstallation)).then_refused(
        InstallationInUse,
        "'Bay 1' (ZAP000001), 'Bay 2' (ZAP000002), 'Bay 3' (ZAP000003)",
        "move them",
        "remove them",
        "lock them",
    )


def test_all_serials_go_with_an_installation_and_come_back_with_it() -> None:
    wing_down = (locked(2, "wing"), deactivated("wing"), fail_safe(2, 0))
    down = (locked(1, None), locked(3, None), fact(InstallationDeactivated))
    given(installation, *FULL, *wing_down).when(
        wish(DeactivateInstallation, lock_serials=True)
    ).then(*down, fail_safe(1, 0), fail_safe(3, 0))
    reason = "installation Harbour garage was reactivated"
    given(installation, *FULL, *wing_down, *down, fail_safe(1, 0), fail_safe(3, 0)).when(
        wish(ReactivateInstallation)
    ).then(
        fact(InstallationReactivated),
        unlocked(1, reason),
        unlocked(3, reason),
        fail_safe(1, 6),
        fail_safe(3, 6),
    )


def test_beneath_a_circuit_deactivated_meanwhile_serials_stay_locked_with_the_nearest() -> None:
    down = (
        *(locked(it, None) for it in (1, 2, 3)),
        fact(InstallationDeactivated),
        *(fail_safe(it, 0) for it in (1, 2, 3)),
    )
    circuits_down = (deactivated("level-1"), deactivated("wing"))
    given(installation, *FULL, *down, *circuits_down).when(wish(ReactivateInstallation)).then(
        fact(InstallationReactivated),
        locked(1, "level-1"),
        locked(2, "wing"),
        unlocked(3, "installation Harbour garage was reactivated"),
        fail_safe(3, 6),
    )


def test_an_installation_in_use_is_not_reactivated() -> None:
    given(installation, *FULL).when(wish(ReactivateInstallation)).then_nothing_happened()


# --- Support ---

DOWN: tuple[InstallationEvent, ...] = (
    *FULL,
    *(locked(1), locked(2), deactivated(), fail_safe(1, 0), fail_safe(2, 0)),
)


def unlock(serial: str = "ZAP000001", **fields: object) -> UnlockSerial:
    return wish(UnlockSerial, serial=serial, reason="sold to somebody", **fields)


def test_support_unlocks_a_serial_and_removes_its_charger() -> None:
    given(installation, *DOWN).when(unlock(ticket="CASE-7")).then(
        unlocked(1, "sold to somebody", "CASE-7"), removed(1)
    )


def test_a_serial_that_support_has_freed_is_not_freed_again() -> None:
    freed = (unlocked(1, "sold to somebody"), removed(1))
    given(installation, *DOWN, *freed).when(unlock()).then_nothing_happened()


def test_a_freed_serial_is_assigned_in_another_place_and_does_not_come_back_by_itself() -> None:
    freed = (unlocked(1, "sold to somebody"), removed(1))
    given(installation, *DOWN, *freed).when(assign(charger(1), circuit_id="level-2")).then(
        assigned(1, circuit_id="level-2")
    )
    given(installation, *DOWN, *freed).when(reactivate()).then(
        reactivated(), unlocked(2, "circuit level-1 was reactivated"), fail_safe(2, 6)
    )


@pytest.mark.parametrize("serial", ["ZAP000003", "ZAP000099"])
def test_what_is_not_locked_cannot_be_unlocked(serial: str) -> None:
    given(installation, *DOWN).when(unlock(serial)).then_refused(SerialNotLocked, serial)


def test_a_serial_that_came_back_with_its_circuit_is_not_locked() -> None:
    up = (reactivated(), unlocked(1, "circuit"), unlocked(2, "circuit"))
    given(installation, *DOWN, *up).when(unlock()).then_refused(SerialNotLocked)


@pytest.mark.parametrize("reason", ["", "   ", "why"])
def test_support_gives_a_reason(reason: str) -> None:
    with pytest.raises(ValidationError, match="reason"):
        wish(UnlockSerial, serial="ZAP000001", reason=reason)
