"""What a charger's meter says, on the grid's lines: amperes, the energy register, the power."""

from collections.abc import Sequence
from datetime import datetime

from services.telemetry.charger import AssignedCharger, Session
from services.telemetry.payloads import CONNECTOR
from services.telemetry.said import NOWHERE, Metered, Sample
from shared.messages.telemetry import MeterReading
from shared.phases import grid_currents
from shared.units import LINE_TO_NEUTRAL_V


def readings(
    assigned: AssignedCharger, session: Session | None, metered: Metered, received_at: datetime
) -> list[MeterReading]:
    """Turn samples into readings; one that says nothing of amperes gives none."""
    if metered.connector > CONNECTOR:
        return []
    session = session_of(session, metered)
    session_id = None if session is None else session.session_id
    result = []
    for sample in metered.samples:
        terminals_a = _terminals_a(sample, len(assigned.wiring))
        if terminals_a is None:
            continue
        register_wh = sample.energy.total
        result.append(
            MeterReading(
                installation_id=assigned.installation_id,
                charger_id=assigned.charger_id,
                session_id=session_id,
                measured_at=sample.measured_at,
                received_at=received_at,
                current_a=grid_currents(assigned.grid_type, assigned.wiring, terminals_a),
                register_wh=None if register_wh is None else round(register_wh),
                power_w=sample.power.total,
            )
        )
    return result


def session_of(session: Session | None, metered: Metered) -> Session | None:
    """Say of which session samples are, if of the one that runs; none: of another one, or of none."""
    named = metered.transaction
    return None if session is not None and named not in {None, session.name} else session


def _terminals_a(sample: Sample, terminals: int) -> Sequence[float] | None:
    """
    Tell amperes at each terminal: measured, or else worked out from the power.

    A current without a phase may be on any terminal, and is counted on all of them: too much is
    safe, too little is not.
    """
    current, power = sample.current, sample.power
    for measurand, volts in ((current, 1.0), (power, LINE_TO_NEUTRAL_V)):
        if measurand.terminals != NOWHERE:
            at_terminals_a = [
                (it / volts if it and it > 0.0 else 0.0) for it in measurand.terminals
            ]
            # With one terminal wired, whatever name the charger gives it is that one.
            return at_terminals_a if terminals > 1 else [max(at_terminals_a)]
        if measurand.overall is not None:
            share = 1 if measurand is current else terminals
            return [max(0.0, measurand.overall / (volts * share))] * terminals
    return None
