"""One sentence for every event."""

import re
from collections.abc import Callable
from typing import Any, Final

from shared.history.credential_sentences import OF_CREDENTIALS
from shared.history.holding_sentences import OF_HOLDING
from shared.history.notification_sentences import OF_NOTIFICATIONS
from shared.history.people import OF_PEOPLE
from shared.history.upkeep_sentences import OF_UPKEEP
from shared.history.wording import Words, amperes, each_phase, why
from shared.ids import CircuitId
from shared.messages import Event, balancer, telemetry
from shared.messages import installation as layout
from shared.messages.installation_terms import Measures
from shared.messages.telemetry import Place, Wish
from shared.phases import GridType

GRIDS: Final = {
    GridType.TN_3_PHASE: "TN grid with three phases",
    GridType.TN_1_PHASE: "TN grid with one phase",
    GridType.IT_3_PHASE: "IT grid with three phases",
    GridType.IT_1_PHASE: "IT grid with one phase",
}

_BASES: Final = {
    balancer.LoadBasis.MEASURED: "as measured",
    balancer.LoadBasis.AGEING: "more and more, because its meter has not reported lately",
    balancer.LoadBasis.SILENT: "the most it may be, because its meter is silent",
}

CLOCK_OFF_S: Final = 10.0
"""A clock that is off by more than this is wrong."""

PLACES: Final = {
    Place.AS_BEFORE: "from where it was connected before",
    Place.ELSEWHERE: "from ELSEWHERE than before",
    Place.UNKNOWN: "no earlier address is known to compare with",
}


def sentence(event: Event, words: Words) -> str:
    """Say what happened; of an event that has no sentence here, say all that is in it."""
    told = _SENTENCES.get(type(event))
    return _in_general(event) if told is None else told(event, words)


def has_sentence(kind: type[Event]) -> bool:
    """Tell whether an event is told in words of its own."""
    return kind in _SENTENCES


def _in_general(event: Event) -> str:
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(event).__name__).capitalize()
    content = event.model_dump(mode="json", exclude={"installation_id"}, exclude_none=True)
    told = ", ".join(f"{key} {value}" for key, value in content.items())
    return f"{name}: {told}" if told else name


def _off(drift_s: float) -> str:
    if abs(drift_s) <= CLOCK_OFF_S:
        return "right again"
    return (
        f"{abs(drift_s):.0f} s {'ahead' if drift_s > 0 else 'behind'}; its times are corrected"
    )


def _because(reason: str | None) -> str:
    return f": {reason}" if reason else ""


def _created(it: layout.InstallationCreated, _: Words) -> str:
    return (
        f"{it.name} was created: main breaker {amperes(it.breaker_a)}, {GRIDS[it.grid_type]}, "
        f"{it.address} ({it.country})"
    )


def _available(it: layout.AvailableCurrentSet, words: Words) -> str:
    if it.available_a is None:
        return "The limit of the available current was lifted"
    until = f" until {words.time(it.until)}" if it.until else ""
    return f"All chargers together may draw {each_phase(it.available_a)}{until}"


def _schedule(it: layout.CurrentScheduleSet, _: Words) -> str:
    if not it.rules:
        return "The weekly schedule of the available current was lifted"
    rules = "; ".join(
        f"{each_phase(rule.available_a)} {', '.join(rule.days)} {rule.begins}-{rule.ends}"
        for rule in it.rules
    )
    return (
        f"Every week all chargers together may draw {rules}; otherwise "
        f"{each_phase(it.otherwise_a)} ({it.time_zone})"
    )


def _assigned(it: layout.ChargerAssigned, words: Words) -> str:
    where = f"{it.name} ({it.serial}) was assigned to {words.circuit(it.circuit_id)}"
    moved = f", moved from installation {it.moved_from}" if it.moved_from else ""
    return f"{where}, up to {amperes(it.max_a)}, fail-safe {amperes(it.fail_safe_a)}{moved}"


def _removed(it: layout.ChargerRemoved, words: Words) -> str:
    went = f"moved to installation {it.moved_to}" if it.moved_to else "removed"
    return f"{words.charger(it.charger_id)} was {went}"


def _moved(it: layout.ChargerMoved, words: Words) -> str:
    from_, to = words.circuit(it.from_circuit_id), words.circuit(it.circuit_id)
    return f"{words.charger(it.charger_id)} was moved from {from_} to {to}"


def _fail_safe(it: layout.FailSafeSet, words: Words) -> str:
    by = "as an installer wished" if it.wished else "computed"
    charger = words.charger(it.charger_id)
    return f"The fail-safe of {charger} is to be {amperes(it.fail_safe_a)}, {by}"


def _locked(it: layout.SerialLocked, words: Words) -> str:
    with_ = "the installation" if it.circuit_id is None else words.circuit(it.circuit_id)
    return f"{words.charger(it.charger_id)} was locked: it went down with {with_}"


def _switch(it: layout.SwitchCurrentSet, _: Words) -> str:
    if it.switch_current_a is None:
        return "Three-phase sessions never go on with one phase"
    return f"Three-phase sessions go on with one phase below {amperes(it.switch_current_a)}"


def _imbalance(it: layout.ImbalanceLimitSet, _: Words) -> str:
    if it.imbalance_a is None:
        return "The phases of the main breaker may differ by any current"
    return f"The phases of the main breaker may differ by {amperes(it.imbalance_a)} at most"


def _wish(it: layout.ChargingWishSet, words: Words) -> str:
    charger = words.charger(it.charger_id)
    if it.departure_at is None or it.energy_wh is None:
        return f"Nothing is wished any more for the car at {charger}"
    until = words.time(it.departure_at)
    return f"The car at {charger} is to have {it.energy_wh / 1000:g} kWh until {until}"


def _meter(it: layout.MeterAdded | layout.MeterChanged, words: Words) -> str:
    what = "all of it" if it.measures is Measures.TOTAL else "load that is not ours"
    done = "was added" if isinstance(it, layout.MeterAdded) else "was changed"
    return (
        f"Meter {it.meter_id} at {words.circuit(it.circuit_id)} {done}: it measures {what} on "
        f"{' '.join(it.phases)}, and while it is silent {amperes(it.highest_a)} are set aside"
    )


def _limit(it: layout.ExternalLimitSet, words: Words) -> str:
    value = each_phase(it.limit_a) if it.power_w is None else f"{it.power_w / 1000:g} kW"
    from_ = f" from {words.time(it.begins)}" if it.begins else ""
    until = f" until {words.time(it.until)}" if it.until else ""
    at = f" at {len(it.windows)} times of the week" if it.windows else ""
    whose = str(it.owner).lower().replace("_", " ")
    return (
        f"{words.circuit(it.circuit_id)} was limited to {value} by {whose}{from_}{until}{at} "
        f"({it.limit_id}){_because(it.reason)}"
    )


def _peak(it: layout.ContractPeakSet, words: Words) -> str:
    where = words.circuit(it.circuit_id)
    if it.peak_w is None:
        return f"The contract's peak of {where} was lifted"
    per = str(it.per).lower().replace("_", " of an ")
    return f"The mean power of every {per} at {where} is to stay below {it.peak_w / 1000:g} kW"


def _tariff(it: layout.TariffSet, words: Words) -> str:
    session = f", {it.price_per_session} per session" if it.price_per_session else ""
    windows = (
        f", {len(it.windows)} times of the week have prices of their own" if it.windows else ""
    )
    return (
        f"Charging at {words.after.name} costs {it.price_per_kwh} {it.currency}/kWh{session} and "
        f"{it.vat_percent} % VAT from {it.valid_from} on{windows}"
    )


def _parent_of(circuit_id: CircuitId | None, words: Words) -> str:
    return f"beneath {words.circuit(circuit_id)}"


_OF_LAYOUTS: Final[dict[type[Event], Callable[[Any, Words], str]]] = {
    layout.InstallationCreated: _created,
    layout.InstallationChanged: lambda it, _: f"The description of {it.name} was changed",
    layout.InstallationDeactivated: lambda it, w: (
        f"{w.after.name} was taken out of use{_because(it.reason)}"
    ),
    layout.InstallationReactivated: lambda _, w: f"{w.after.name} was taken into use again",
    layout.AuthenticationRequiredSet: lambda it, w: (
        f"Drivers {'must' if it.required else 'need not'} show who they are"
        f"{'' if it.charger_id is None else f' at {w.charger(it.charger_id)}'}"
    ),
    layout.AvailableCurrentSet: _available,
    layout.CurrentScheduleSet: _schedule,
    layout.SwitchCurrentSet: _switch,
    layout.ImbalanceLimitSet: _imbalance,
    layout.CircuitAdded: lambda it, w: (
        f"Circuit {it.name} was added {_parent_of(it.parent_id, w)}: breaker "
        f"{amperes(it.breaker_a)}, of which {amperes(it.set_a)} may be used"
    ),
    layout.CircuitChanged: lambda it, _: f"Circuit {it.name} was changed",
    layout.CircuitMoved: lambda it, w: (
        f"Circuit {w.circuit(it.circuit_id)} was moved {_parent_of(it.parent_id, w)}"
    ),
    layout.CircuitDeactivated: lambda it, w: (
        f"Circuit {w.circuit(it.circuit_id)} was deactivated{_because(it.reason)}"
    ),
    layout.CircuitReactivated: lambda it, w: (
        f"Circuit {w.circuit(it.circuit_id)} was reactivated"
    ),
    layout.ChargerAssigned: _assigned,
    layout.ChargerChanged: lambda it, w: f"{w.charger(it.charger_id)} was changed",
    layout.ChargerMoved: _moved,
    layout.ChargerRemoved: _removed,
    layout.FailSafeSet: _fail_safe,
    layout.PrioritySet: lambda it, w: (
        f"{w.charger(it.charger_id)} has priority {it.priority} from now on"
    ),
    layout.ChargingWishSet: _wish,
    layout.SerialLocked: _locked,
    layout.MeterAdded: _meter,
    layout.MeterChanged: _meter,
    layout.MeterRemoved: lambda it, w: (
        f"Meter {it.meter_id} at {w.circuit(it.circuit_id)} was removed"
    ),
    layout.ExternalLimitSet: _limit,
    layout.ExternalLimitLifted: lambda it, w: (
        f"The limit {it.limit_id} at {w.circuit(it.circuit_id)} was lifted"
    ),
    layout.ContractPeakSet: _peak,
    layout.TariffSet: _tariff,
    layout.SerialUnlocked: lambda it, w: (
        f"{w.charger(it.charger_id)} was unlocked{_because(it.reason)}"
    ),
}


def _connected(it: telemetry.ChargerConnected, words: Words) -> str:
    what = " ".join(part for part in (it.vendor, it.model, it.firmware) if part)
    from_ = f" from {it.remote}" if it.remote else ""
    return f"{words.charger(it.charger_id)} connected{from_}{f': {what}' if what else ''}"


def _refused(it: telemetry.ChargerRefused, _: Words) -> str:
    return f"{it.serial} was turned away ({it.remote}, {PLACES[it.place]}): {it.reason}"


def _fault(it: telemetry.FaultReported, words: Words) -> str:
    return (
        f"{words.charger(it.charger_id)} reports the fault {it.error_code}{_because(it.info)}"
    )


def _status(it: telemetry.ChargerStatusChanged, words: Words) -> str:
    fault = "" if it.error_code == "NoError" else f", with {it.error_code}"
    return f"{words.charger(it.charger_id)} reports {it.status}{fault}"


def _ended(it: telemetry.SessionEnded, words: Words) -> str:
    return (
        f"A session at {words.charger(it.charger_id)} ended with {it.energy_wh / 1000:.1f} kWh: "
        f"{it.reason}"
    )


_WISHES: Final = {Wish.START: "begin", Wish.STOP: "end"}


def _driver(it: telemetry.DriverEvent, words: Words) -> str:
    """Begin with where and who: the person, or by the first digits of its mark the card."""
    who = f"somebody unknown (card {it.card_mark[:8]})"
    if it.person_id is not None:
        who = words.person(it.person_id)
    how = " in the app" if it.through is telemetry.Through.APP else ""
    return f"At {words.charger(it.charger_id)}, {who}{how}"


def _requested(it: telemetry.ChargingRequested, words: Words) -> str:
    return (
        f"{words.charger(it.charger_id)} was asked to {_WISHES[it.wish]} a session, and "
        f"answered {it.status}"
    )


def _started(it: telemetry.SessionStarted, words: Words) -> str:
    whose = f" of {words.person(it.person_id)}" if it.person_id else ""
    return f"A session{whose} began at {words.charger(it.charger_id)}"


_OF_CHARGERS: Final[dict[type[Event], Callable[[Any, Words], str]]] = {
    telemetry.ChargerConnected: _connected,
    telemetry.ChargerDisconnected: lambda it, w: (
        f"{w.charger(it.charger_id)} lost its connection: {it.reason}"
    ),
    telemetry.ChargerRefused: _refused,
    telemetry.ChargerStatusChanged: _status,
    telemetry.FaultReported: _fault,
    telemetry.SessionStarted: _started,
    telemetry.DriverAuthorized: lambda it, w: f"{_driver(it, w)} may charge: {it.reason}",
    telemetry.DriverRefused: lambda it, w: (
        f"{_driver(it, w)} was refused ({it.status}): {it.reason}"
    ),
    telemetry.ChargingRequested: _requested,
    telemetry.SessionEnded: _ended,
    telemetry.SignedValueReceived: lambda it, w: (
        f"A value signed by the meter of {w.charger(it.charger_id)} came ({it.context}); "
        f"its SHA-256 begins with {it.sha256[:12]}"
    ),
    telemetry.FirmwareUpdateRequested: lambda it, w: (
        f"{w.charger(it.charger_id)} was told to fetch firmware from {it.location}"
    ),
    telemetry.FirmwareStatusReported: lambda it, w: (
        f"{w.charger(it.charger_id)} says of its firmware: {it.status}"
    ),
    telemetry.SchemaViolationTolerated: lambda it, w: (
        f"{w.charger(it.charger_id)} breaks OCPP's schema of {it.action} at {it.field} ({it.rule}); "
        "what is meant is taken"
    ),
    telemetry.ClockDriftMeasured: lambda it, w: (
        f"{w.charger(it.charger_id)} has a clock that is {_off(it.drift_s)}"
    ),
    telemetry.FailSafeApplied: lambda it, w: (
        f"{w.charger(it.charger_id)} confirmed its fail-safe of {amperes(it.fail_safe_a)}"
    ),
    telemetry.CurrentLimitApplied: lambda it, w: (
        f"{w.charger(it.charger_id)} confirmed a limit of {amperes(it.limit_a)}"
    ),
    telemetry.CurrentLimitRejected: lambda it, w: (
        f"{w.charger(it.charger_id)} did not take a limit of {amperes(it.limit_a)}: {it.status}"
    ),
}


def _allocated(it: balancer.CurrentLimitAllocated, words: Words) -> str:
    reason = why(it.limited_by, words.after)
    return f"{words.charger(it.charger_id)} may draw {amperes(it.limit_a)}, because {reason}"


def _renewed(it: balancer.LeasesRenewed, _: Words) -> str:
    many = len(it.leases)
    return f"{many} {'limit goes' if many == 1 else 'limits go'} on unchanged"


def _queued(it: balancer.ChargerQueued, words: Words) -> str:
    return f"{words.charger(it.charger_id)} waits, because {why(it.limited_by, words.after)}"


_OF_BALANCE: Final[dict[type[Event], Callable[[Any, Words], str]]] = {
    balancer.CurrentLimitAllocated: _allocated,
    balancer.LeasesRenewed: _renewed,
    balancer.ChargerQueued: _queued,
    balancer.OverloadDetected: lambda it, w: (
        f"{w.circuit(it.circuit_id)} carried {it.measured_a:.1f} A on {it.phase}, "
        f"above its {amperes(it.set_a)}"
    ),
    balancer.UnmanagedLoadCounted: lambda it, w: (
        f"{each_phase(it.load_a)} of {w.circuit(it.circuit_id)} are set aside for other load, "
        f"{_BASES[it.basis]}"
    ),
    balancer.LimitIgnored: lambda it, w: (
        f"The car at {w.charger(it.charger_id)} drew {it.measured_a:.1f} A under a limit of "
        f"{amperes(it.limit_a)}"
    ),
    balancer.LimitObeyed: lambda it, w: (
        f"The car at {w.charger(it.charger_id)} draws no more than it was told again"
    ),
    balancer.LayoutRequired: lambda it, _: (
        "A charger has come to another installation from here; limits are decided on what event "
        f"{it.layout_position} of the layout has changed"
    ),
}

_SENTENCES: Final = {
    **_OF_LAYOUTS,
    **_OF_CHARGERS,
    **_OF_BALANCE,
    **OF_CREDENTIALS,
    **OF_HOLDING,
    **OF_NOTIFICATIONS,
    **OF_PEOPLE,
    **OF_UPKEEP,
}
