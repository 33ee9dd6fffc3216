"""Decisions about meters at breakers, which report load that is not ours."""

from dataclasses import asdict, replace
from typing import assert_never

from services.installation.checks import described, existing_meter, limited_circuit
from services.installation.language import MeterWish
from services.installation.refusals import (
    HighestAboveBreaker,
    MeasuredTwice,
    MeterExists,
    PhaseNotInGrid,
    SolarAmongTotal,
)
from services.installation.state import Installation, Meter
from shared.ids import InstallationId, MeterId
from shared.messages.balancer import MAIN
from shared.messages.installation import MeterAdded, MeterChanged, MeterRemoved
from shared.messages.installation_commands import AddMeter, ChangeMeter, RemoveMeter
from shared.messages.installation_terms import Measures, MeterKind
from shared.units import exceeds


def decide(
    command: MeterWish, state: Installation
) -> tuple[MeterAdded | MeterChanged | MeterRemoved, ...]:
    """Turn a wish into events; none when it is already so."""
    described(state, command.installation_id)
    match command:
        case AddMeter():
            return _add(command, state)
        case ChangeMeter():
            return _change(command, state)
        case RemoveMeter():
            return _remove(command, state)
        case _:
            assert_never(command)


def _add(command: AddMeter, state: Installation) -> tuple[MeterAdded, ...]:
    circuit_id = command.circuit_id or MAIN
    lines = described(state, command.installation_id).grid_type.lines
    wished = Meter(
        circuit_id,
        command.kind,
        command.measures,
        command.phases or lines,
        command.highest_a,
        command.error_a,
        command.interval_s,
    )
    existing = state.meters.get(command.meter_id)
    if existing == wished:
        return ()
    if existing is not None:
        raise MeterExists(
            f"meter {command.meter_id} is at {state.called(existing.circuit_id)} already; choose "
            "another id, or change or remove that meter"
        )
    limited_circuit(state, circuit_id)
    _check(command.meter_id, wished, state)
    return (MeterAdded(**_told(command.installation_id, command.meter_id, wished)),)


def _change(command: ChangeMeter, state: Installation) -> tuple[MeterChanged, ...]:
    present = existing_meter(state, command.meter_id)
    given = command.model_dump(
        include={"kind", "measures", "phases", "highest_a", "error_a", "interval_s"},
        exclude_none=True,
    )
    wished = replace(present, **given)
    if wished == present:
        return ()
    _check(command.meter_id, wished, state)
    return (MeterChanged(**_told(command.installation_id, command.meter_id, wished)),)


def _remove(command: RemoveMeter, state: Installation) -> tuple[MeterRemoved, ...]:
    present = state.meters.get(command.meter_id)
    if present is None and command.meter_id in state.meters_gone:
        return ()
    present = existing_meter(state, command.meter_id)
    return (
        MeterRemoved(
            installation_id=command.installation_id,
            meter_id=command.meter_id,
            circuit_id=_circuit_told(present),
        ),
    )


def _told(
    installation_id: InstallationId, meter_id: MeterId, meter: Meter
) -> dict[str, object]:
    told = {**asdict(meter), "circuit_id": _circuit_told(meter)}
    return {"installation_id": installation_id, "meter_id": meter_id, **told}


def _circuit_told(meter: Meter) -> str | None:
    """Events leave the main breaker's name out."""
    return None if meter.circuit_id == MAIN else meter.circuit_id


# --- That it can be ---


def _check(meter_id: MeterId, meter: Meter, state: Installation) -> None:
    circuit = state.circuits[meter.circuit_id]
    lines = described(state, state.installation_id).grid_type.lines
    missing = [it for it in meter.phases if it not in lines]
    if missing:
        raise PhaseNotInGrid(
            f"the grid has no {', '.join(missing)}; name phases among {', '.join(lines)}"
        )
    if exceeds(meter.highest_a, circuit.breaker_a):
        raise HighestAboveBreaker(
            f"a load of up to {meter.highest_a:g} A is above the breaker of "
            f"{circuit.breaker_a:g} A, which it would trip alone; enter at most "
            f"{circuit.breaker_a:g} A"
        )
    if meter.kind is MeterKind.SOLAR and meter.measures is Measures.TOTAL:
        raise SolarAmongTotal(
            "solar panels are measured alone; enter this meter with LOAD_ONLY, and a meter for the "
            "whole breaker beside it"
        )
    others = {
        it: other
        for it, other in state.meters.items()
        if it != meter_id and other.circuit_id == meter.circuit_id
    }
    total = next((it for it, other in others.items() if other.measures is Measures.TOTAL), None)
    if total is not None and meter.measures is Measures.TOTAL:
        raise MeasuredTwice(
            f"meter {total} measures all of {state.called(meter.circuit_id)} already; remove it "
            "first, or enter this one with LOAD_ONLY"
        )
