"""Decisions about an installation as a whole: what it is, and what holds for all its chargers."""

from dataclasses import asdict, replace
from typing import assert_never

from services.installation import facts, schedules
from services.installation.checks import check_beneath, described, existing_charger
from services.installation.language import InstallationEvent, InstallationWish
from services.installation.refusals import (
    AvailableAboveBreaker,
    EndWithoutLimit,
    InstallationExists,
)
from services.installation.state import Description, Installation
from shared.messages.balancer import MAIN
from shared.messages.installation import (
    AuthenticationRequiredSet,
    AvailableCurrentSet,
    ImbalanceLimitSet,
    InstallationChanged,
    InstallationCreated,
    SwitchCurrentSet,
)
from shared.messages.installation_commands import (
    ChangeInstallation,
    CreateInstallation,
    SetAuthenticationRequired,
    SetAvailableCurrent,
    SetCurrentSchedule,
    SetImbalanceLimit,
    SetSwitchCurrent,
)
from shared.units import exceeds


def decide(command: InstallationWish, state: Installation) -> tuple[InstallationEvent, ...]:
    """Turn a wish into events; none when it is already so."""
    match command:
        case CreateInstallation():
            return _create(command, state)
        case ChangeInstallation():
            return _change(command, state)
        case SetAuthenticationRequired():
            return _set_authentication_required(command, state)
        case SetAvailableCurrent():
            return _set_available_current(command, state)
        case SetCurrentSchedule():
            return schedules.decide(command, state)
        case SetSwitchCurrent():
            return _set_switch_current(command, state)
        case SetImbalanceLimit():
            return _set_imbalance_limit(command, state)
        case _:
            assert_never(command)


def _create(
    command: CreateInstallation, state: Installation
) -> tuple[InstallationCreated, ...]:
    wished = command.model_dump(exclude={"command_id", "installation_id"})
    if state.description == Description(**wished):
        return ()
    if state.description is not None:
        raise InstallationExists(
            f"there is another installation {command.installation_id} already; choose another id, "
            "or change that installation"
        )
    return (InstallationCreated(installation_id=command.installation_id, **wished),)


def _change(
    command: ChangeInstallation, state: Installation
) -> tuple[InstallationChanged, ...]:
    present = described(state, command.installation_id)
    given = command.model_dump(exclude={"command_id", "installation_id"}, exclude_none=True)
    wished = replace(present, **given)
    if wished == present:
        return ()
    check_beneath(state, MAIN, wished.breaker_a, wished.name)
    return (InstallationChanged(installation_id=command.installation_id, **asdict(wished)),)


def _set_authentication_required(
    command: SetAuthenticationRequired, state: Installation
) -> tuple[AuthenticationRequiredSet, ...]:
    described(state, command.installation_id)
    present: bool | None = state.authentication_required
    if command.charger_id is not None:
        present = existing_charger(state, command.charger_id).authentication_required
    if present == command.required:
        return ()
    return (
        facts.authentication_required_set(
            command.installation_id, command.charger_id, required=command.required
        ),
    )


def _set_available_current(
    command: SetAvailableCurrent, state: Installation
) -> tuple[AvailableCurrentSet, ...]:
    present = described(state, command.installation_id)
    if command.available_a is None and command.until is not None:
        raise EndWithoutLimit(
            "only a limit can end; name the available current as well, or leave the end out to "
            "lift the limit at once"
        )
    if (command.available_a, command.until) == (state.available_a, state.available_until):
        return ()
    if command.available_a is not None:
        counted_a = command.available_a[: len(present.grid_type.lines)]
        if exceeds(max(counted_a), present.breaker_a):
            raise AvailableAboveBreaker(
                f"{max(counted_a):g} A is above the main breaker of {present.breaker_a:g} A, which "
                f"is a limit anyway; enter at most {present.breaker_a:g} A, or lift the limit"
            )
    return (
        AvailableCurrentSet(
            installation_id=command.installation_id,
            available_a=command.available_a,
            until=command.until,
        ),
    )


def _set_switch_current(
    command: SetSwitchCurrent, state: Installation
) -> tuple[SwitchCurrentSet, ...]:
    described(state, command.installation_id)
    if state.switch_current_a == command.switch_current_a:
        return ()
    return (
        SwitchCurrentSet(
            installation_id=command.installation_id, switch_current_a=command.switch_current_a
        ),
    )


def _set_imbalance_limit(
    command: SetImbalanceLimit, state: Installation
) -> tuple[ImbalanceLimitSet, ...]:
    described(state, command.installation_id)
    if state.imbalance_a == command.imbalance_a:
        return ()
    return (
        ImbalanceLimitSet(
            installation_id=command.installation_id, imbalance_a=command.imbalance_a
        ),
    )
