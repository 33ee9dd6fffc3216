"""What every event of others does to what is known."""

from datetime import datetime
from typing import Final

from services.notifications.known import (
    Alarm,
    Balance,
    Breaker,
    Charger,
    Condition,
    Fault,
    Ignored,
    Overload,
    Site,
    seconds_between,
)
from shared.ids import ChargerId
from shared.messages.balancer import (
    MAIN,
    CurrentLimitAllocated,
    LimitIgnored,
    LimitObeyed,
    LoadBasis,
    OverloadDetected,
    Rule,
    UnmanagedLoadCounted,
)
from shared.messages.installation import (
    ChargerAssigned,
    ChargerChanged,
    ChargerRemoved,
    CircuitAdded,
    CircuitChanged,
    CircuitDeactivated,
    CircuitReactivated,
    InstallationChanged,
    InstallationCreated,
    InstallationDeactivated,
    InstallationReactivated,
    SerialLocked,
    SerialUnlocked,
)
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    ChargerStatusChanged,
    FaultReported,
)
from shared.messages.upkeep import SecurityEventReported

NO_ERROR: Final = "NoError"
"""OCPP 1.6 ChargePointErrorCode of a charger that has nothing to complain about."""
MAIN_NAME: Final = "Main breaker"
ALARM_LASTS_S: Final = 86_400.0
"""How long after a charger has warned of its security last that stands. It says when it happens, and
never that it is over."""
ALARMS_MAX: Final = 20
"""So many kinds of alarms of a charger are kept; then the oldest goes."""
OVERLOAD_LASTS_S: Final = 600.0
"""How long after an overload was said last it is over. The balancer says it again while it lasts."""

SiteEvent = (
    InstallationCreated
    | InstallationChanged
    | InstallationDeactivated
    | InstallationReactivated
    | CircuitAdded
    | CircuitChanged
    | CircuitDeactivated
    | CircuitReactivated
    | ChargerAssigned
    | ChargerChanged
    | ChargerRemoved
    | SerialLocked
    | SerialUnlocked
)
ConditionEvent = (
    ChargerConnected
    | ChargerDisconnected
    | ChargerStatusChanged
    | FaultReported
    | SecurityEventReported
)
BalanceEvent = (
    OverloadDetected | LimitIgnored | LimitObeyed | CurrentLimitAllocated | UnmanagedLoadCounted
)


# --- Installations ---


def fold_site(site: Site | None, event: SiteEvent, recorded_at: datetime) -> Site:
    """
    Fold an event of the log of installation.

    Raises:
        ValueError: the installation was never created.
    """
    if isinstance(event, InstallationCreated):
        main = Breaker(name=MAIN_NAME, rated_a=event.breaker_a)
        return Site(name=event.name, time_zone=event.time_zone, breakers={MAIN: main})
    if site is None:
        raise ValueError(f"installation {event.installation_id} was never created")
    match event:
        case InstallationChanged():
            main = Breaker(name=MAIN_NAME, rated_a=event.breaker_a)
            about = {"name": event.name, "time_zone": event.time_zone}
            return site.model_copy(update=about | {"breakers": site.breakers | {MAIN: main}})
        case InstallationDeactivated():
            return site.model_copy(update={"active": False})
        case InstallationReactivated():
            return site.model_copy(update={"active": True})
        case CircuitAdded() | CircuitChanged() | CircuitDeactivated() | CircuitReactivated():
            return _with_circuit(site, event)
        case _:
            return _with_charger(site, event, recorded_at)


def _with_circuit(
    site: Site, event: CircuitAdded | CircuitChanged | CircuitDeactivated | CircuitReactivated
) -> Site:
    before = site.breakers.get(event.circuit_id)
    if isinstance(event, CircuitAdded | CircuitChanged):
        active = before is None or before.active
        after = Breaker(name=event.name, rated_a=event.breaker_a, active=active)
    elif before is None:
        return site
    else:
        in_use = isinstance(event, CircuitReactivated)
        after = before.model_copy(update={"active": in_use})
    return site.model_copy(update={"breakers": site.breakers | {event.circuit_id: after}})


def _with_charger(
    site: Site,
    event: ChargerAssigned | ChargerChanged | ChargerRemoved | SerialLocked | SerialUnlocked,
    recorded_at: datetime,
) -> Site:
    chargers = dict(site.chargers)
    before = chargers.get(event.charger_id)
    match event:
        case ChargerAssigned():
            chargers[event.charger_id] = Charger(name=event.name, serial=event.serial)
        case ChargerRemoved():
            chargers.pop(event.charger_id, None)
        case _ if before is None:
            return site
        case ChargerChanged():
            chargers[event.charger_id] = before.model_copy(update={"name": event.name})
        case SerialLocked():
            locked = {"locked_since": recorded_at}
            chargers[event.charger_id] = before.model_copy(update=locked)
        case SerialUnlocked():
            chargers[event.charger_id] = before.model_copy(update={"locked_since": None})
    return site.model_copy(update={"chargers": chargers})


# --- Chargers ---


def fold_condition(
    condition: Condition | None, event: ConditionEvent, recorded_at: datetime
) -> Condition:
    """Fold an event of the log of telemetry; another charger under the same id begins anew."""
    before = condition or Condition()
    match event:
        case ChargerConnected():
            same = before.serial in {None, event.serial}
            known = before if same else Condition()
            return Condition(serial=event.serial, fault=known.fault, alarms=known.alarms)
        case ChargerDisconnected():
            since = before.gone_since or recorded_at
            return before.model_copy(update={"gone_since": since})
        case FaultReported():
            return _faulty(before, event.error_code, event.info or "", recorded_at)
        case SecurityEventReported():
            return _alarmed(before, event, recorded_at)
        case ChargerStatusChanged() if event.error_code == NO_ERROR:
            return before.model_copy(update={"fault": None})
        case ChargerStatusChanged():
            return _faulty(before, event.error_code, "", recorded_at)


def _alarmed(
    before: Condition, event: SecurityEventReported, recorded_at: datetime
) -> Condition:
    """One that comes again within a while goes on; what happens every day is none."""
    if not event.alarming:
        return before
    known = before.alarms.get(event.kind)
    goes_on = known and seconds_between(known.latest, recorded_at) < ALARM_LASTS_S
    alarm = Alarm(
        info=event.info or "",
        since=known.since if known and goes_on else recorded_at,
        latest=recorded_at,
    )
    others = [(kind, it) for kind, it in before.alarms.items() if kind != event.kind]
    newest = sorted(others, key=lambda it: it[1].latest)[-(ALARMS_MAX - 1) :]
    return before.model_copy(update={"alarms": dict(newest) | {event.kind: alarm}})


def _faulty(before: Condition, code: str, info: str, recorded_at: datetime) -> Condition:
    if before.fault is not None and before.fault.code == code:
        return before
    return before.model_copy(update={"fault": Fault(code=code, info=info, since=recorded_at)})


# --- Balance ---


def fold_balance(
    balance: Balance | None, event: BalanceEvent, recorded_at: datetime
) -> Balance:
    """Fold an event of the balancer's log."""
    before = balance or Balance()
    match event:
        case OverloadDetected():
            return _overloaded(before, event, recorded_at)
        case LimitIgnored():
            known = before.ignored.get(event.charger_id)
            goes_on = known is not None and known.until is None
            told = Ignored(
                measured_a=event.measured_a,
                limit_a=event.limit_a,
                since=known.since if known is not None and goes_on else recorded_at,
            )
            return before.model_copy(
                update={"ignored": before.ignored | {event.charger_id: told}}
            )
        case LimitObeyed():
            return _obeys(before, event.charger_id, recorded_at, obeys=True)
        case CurrentLimitAllocated():
            disobeys = event.limited_by.rule is Rule.DISOBEYS
            return _obeys(before, event.charger_id, recorded_at, obeys=not disobeys)
        case UnmanagedLoadCounted():
            silent = dict(before.silent)
            if event.basis is LoadBasis.SILENT:
                silent.setdefault(event.circuit_id, recorded_at)
            else:
                silent.pop(event.circuit_id, None)
            return before.model_copy(update={"silent": silent})


def _overloaded(before: Balance, event: OverloadDetected, recorded_at: datetime) -> Balance:
    key = f"{event.circuit_id}:{event.phase}"
    known = before.overloads.get(key)
    overload = Overload(
        circuit_id=event.circuit_id,
        phase=event.phase,
        measured_a=event.measured_a,
        limit_a=event.set_a,
        since=recorded_at if known is None or _over(known, recorded_at) else known.since,
        latest=recorded_at,
    )
    return before.model_copy(update={"overloads": before.overloads | {key: overload}})


def _over(known: Overload, now: datetime) -> bool:
    return seconds_between(known.latest, now) >= OVERLOAD_LASTS_S


def _obeys(
    before: Balance, charger_id: ChargerId, recorded_at: datetime, *, obeys: bool
) -> Balance:
    """That a charger draws against its limit is said once, and once that it obeys again; logs of before
    that say it by the reason of its limits."""
    known = before.ignored.get(charger_id)
    if known is None or obeys is (known.until is not None):
        return before
    told = known.model_copy(update={"until": recorded_at if obeys else None})
    return before.model_copy(update={"ignored": before.ignored | {charger_id: told}})
