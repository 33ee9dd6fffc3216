"""Decisions about limits that others set below breakers: contracts, tariffs, the grid operator."""

from typing import assert_never

from services.installation.checks import described, limited_circuit
from services.installation.language import LimitWish
from services.installation.reductions import least_w, power_of_w
from services.installation.refusals import (
    LimitAboveBreaker,
    LimitEndsFirst,
    LimitNeedsOneValue,
    ReductionBelowMinimum,
    UnknownLimit,
)
from services.installation.state import ExternalLimit, Installation, Peak
from shared.ids import CircuitId
from shared.messages.balancer import MAIN
from shared.messages.installation import ContractPeakSet, ExternalLimitLifted, ExternalLimitSet
from shared.messages.installation_commands import (
    LiftExternalLimit,
    SetContractPeak,
    SetExternalLimit,
)
from shared.messages.installation_terms import LimitOwner
from shared.units import exceeds

LAW_OF = "DE"
"""Where the law leaves every device a minimum (section 14a EnWG)."""


def decide(
    command: LimitWish, state: Installation
) -> tuple[ExternalLimitSet | ExternalLimitLifted | ContractPeakSet, ...]:
    """Turn a wish into events; none when it is already so."""
    described(state, command.installation_id)
    match command:
        case SetExternalLimit():
            return _set(command, state)
        case LiftExternalLimit():
            return _lift(command, state)
        case SetContractPeak():
            return _peak(command, state)
        case _:
            assert_never(command)


def _told(circuit_id: CircuitId) -> CircuitId | None:
    """Events leave the main breaker's name out."""
    return None if circuit_id == MAIN else circuit_id


# --- Limits ---


def _set(command: SetExternalLimit, state: Installation) -> tuple[ExternalLimitSet, ...]:
    circuit_id = command.circuit_id or MAIN
    wished = ExternalLimit(
        command.owner,
        circuit_id,
        command.limit_a,
        command.power_w,
        command.includes_load,
        command.begins,
        command.until,
        command.windows,
        command.reason,
    )
    if state.limits.get(command.limit_id) == wished:
        return ()
    limited_circuit(state, circuit_id)
    _check_value(command, state, circuit_id)
    _check_minimum(command, state, circuit_id)
    zone = described(state, command.installation_id).time_zone
    return (
        ExternalLimitSet(
            **command.model_dump(exclude={"command_id", "circuit_id"}),
            circuit_id=_told(circuit_id),
            time_zone=zone,
        ),
    )


def _check_value(command: SetExternalLimit, state: Installation, circuit_id: CircuitId) -> None:
    if (command.limit_a is None) == (command.power_w is None):
        raise LimitNeedsOneValue(
            "a limit is a current per phase or a power of all phases together; give one of them, "
            "or lift the limit"
        )
    if command.begins and command.until and command.until <= command.begins:
        raise LimitEndsFirst("a limit ends after it begins; give a later end, or none")
    lines = described(state, command.installation_id).grid_type.lines
    set_a = state.circuits[circuit_id].set_a
    if command.limit_a is not None and exceeds(max(command.limit_a[: len(lines)]), set_a):
        raise LimitAboveBreaker(
            f"{max(command.limit_a[: len(lines)]):g} A is above the {set_a:g} A that "
            f"{state.called(circuit_id)} is set to, which is a limit anyway; enter at most "
            f"{set_a:g} A"
        )


def _check_minimum(
    command: SetExternalLimit, state: Installation, circuit_id: CircuitId
) -> None:
    """The law leaves every device of a grid operator's reduction a minimum (14a EnWG)."""
    description = described(state, command.installation_id)
    by_law = command.owner is LimitOwner.GRID_OPERATOR and description.country == LAW_OF
    if not by_law or command.reason is not None:
        return
    devices = len(state.beneath(circuit_id))
    given_w = power_of_w(command.limit_a, command.power_w, description.grid_type)
    if devices and exceeds(least_w(devices), given_w):
        raise ReductionBelowMinimum(
            f"{given_w / 1000:.2f} kW is less than the {least_w(devices) / 1000:.2f} kW that the law "
            f"leaves {devices} chargers (section 14a EnWG); allow at least that, or give a reason "
            "to go below it all the same"
        )


def _lift(command: LiftExternalLimit, state: Installation) -> tuple[ExternalLimitLifted, ...]:
    limit = state.limits.get(command.limit_id)
    if limit is None and command.limit_id in state.limits_lifted:
        return ()
    if limit is None:
        known = ", ".join(sorted(state.limits)) or "none"
        raise UnknownLimit(f"there is no limit {command.limit_id} here; there are: {known}")
    return (
        ExternalLimitLifted(
            installation_id=command.installation_id,
            limit_id=command.limit_id,
            owner=limit.owner,
            circuit_id=_told(limit.circuit_id),
        ),
    )


# --- Peaks ---


def _peak(command: SetContractPeak, state: Installation) -> tuple[ContractPeakSet, ...]:
    circuit_id = command.circuit_id or MAIN
    present = state.peaks.get(circuit_id)
    wished = None if command.peak_w is None else Peak(command.peak_w, command.per)
    if present == wished:
        return ()
    limited_circuit(state, circuit_id)
    return (
        ContractPeakSet(
            installation_id=command.installation_id,
            circuit_id=_told(circuit_id),
            peak_w=command.peak_w,
            per=command.per,
        ),
    )
