"""
The charging profiles of OCPP 2.x.

Two profiles lie on one another, as in OCPP 1.6: beneath, without an end, the fail-safe; on top of it, for
the time of its lease, the limit. When the lease ends the charger falls back to its fail-safe by itself,
connected or not. For chargers on which nothing can lie on one another, one profile holds both (`in_one`).
"""

from collections.abc import Mapping, Sequence
from typing import Final

from services.telemetry.frames import Payload
from services.telemetry.payloads import CONNECTOR, written
from services.telemetry.ways import Limit, Span, Wording
from shared.messages.holding import Scope

STATION: Final = 0
"""The EVSE id that means all of the charger."""
EVSE: Final = CONNECTOR
PURPOSES: Final[Mapping[Scope, str]] = {
    Scope.CHARGER: "ChargingStationMaxProfile",
    Scope.SESSIONS: "TxDefaultProfile",
}
FAIL_SAFE_PROFILE: Final = 1
LIMIT_PROFILE: Final = 2
FAIL_SAFE_LEVEL: Final = 0
LIMIT_LEVEL: Final = 1
PHASES_MAX: Final = 3
PLAIN: Final = Wording()
"""Amperes with a decimal, as most chargers count."""

BEGINNING: Final = "1970-01-01T00:00:00Z"
"""When every schedule starts: before any charger's clock, so that none comes into force late. An Absolute
profile has to have a start (K01.FR.40)."""


def fail_safe(fail_safe_a: float, wording: Wording = PLAIN) -> Payload:
    """Make the SetChargingProfile request for what a charger falls back to, in amperes per phase."""
    periods = [_period(0, wording.fail_safe(fail_safe_a))]
    return _set(_profile(FAIL_SAFE_PROFILE, FAIL_SAFE_LEVEL, periods, wording))


def limit(
    limit: Limit, wording: Wording = PLAIN, *, dynamic: bool = False, chooses: bool = False
) -> Payload:
    """
    Make the SetChargingProfile request for a limit, until its lease ends.

    Args:
        limit: amperes per phase, until when, and from which terminals, for a charger that can switch.
        wording: in what the charger counts, and for what its profiles hold.
        dynamic: its amperes can be told anew by `update` (2.1).
        chooses: the charger takes whichever terminal it likes for one phase, unless it is named.
    """
    periods = [_period(0, wording.limit(limit.limit_a), limit.terminals, chooses=chooses)]
    profile = _profile(LIMIT_PROFILE, LIMIT_LEVEL, periods, wording, dynamic=dynamic)
    return _set(profile | {"validTo": written(limit.valid_until)})


def in_one(fail_safe_a: float, limit: Limit | None, wording: Wording = PLAIN) -> Payload:
    """
    Make the SetChargingProfile request for both at once: a schedule with the limit first, and what the
    charger falls back to from the end of its lease on.
    """
    after = wording.fail_safe(fail_safe_a)
    periods = [_period(0, after)]
    if limit is not None:
        ends_s = int(limit.valid_until.timestamp())
        periods = [_period(0, wording.limit(limit.limit_a)), _period(ends_s, after)]
    return _set(_profile(FAIL_SAFE_PROFILE, FAIL_SAFE_LEVEL, periods, wording))


def update(limit_a: float, wording: Wording = PLAIN) -> Payload:
    """Make the UpdateDynamicSchedule request for another limit within the same lease (2.1, K28)."""
    return {
        "chargingProfileId": LIMIT_PROFILE,
        "scheduleUpdate": {"limit": wording.limit(limit_a)},
    }


def no_limit() -> Payload:
    """Make the ClearChargingProfile request that ends a limit before its lease does."""
    return {"chargingProfileId": LIMIT_PROFILE}


def composite(duration_s: int, wording: Wording = PLAIN) -> Payload:
    """Make the GetCompositeSchedule request for the coming while."""
    unit = str(wording.way.unit)
    return {"evseId": EVSE, "duration": duration_s, "chargingRateUnit": unit}


def spans_in(
    answer: Payload, duration_s: int, wording: Wording = PLAIN
) -> tuple[Span, ...] | None:
    """
    Read the answer to GetCompositeSchedule; none if it says nothing that can be compared.

    >>> periods = [{"startPeriod": 0, "limit": 16.0}, {"startPeriod": 60, "limit": 6.0}]
    >>> schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": periods}
    >>> spans_in({"status": "Accepted", "schedule": schedule}, 90)
    (Span(from_s=0, said=16.0), Span(from_s=60, said=6.0))
    """
    schedule = answer.get("schedule")
    if answer["status"] != "Accepted" or schedule is None:
        return None
    periods = schedule["chargingSchedulePeriod"]
    # In 2.1 a period may have setpoints in place of a limit; that is none of ours.
    if schedule["chargingRateUnit"] != wording.way.unit or any(
        "limit" not in it for it in periods
    ):
        return None
    spans = tuple(
        Span(it["startPeriod"], it["limit"]) for it in periods if it["startPeriod"] < duration_s
    )
    return spans if spans and spans[0].from_s <= 0 else None


def _period(
    start_s: int,
    number: float,
    terminals: Sequence[int] | None = None,
    *,
    chooses: bool = False,
) -> Payload:
    phases = PHASES_MAX if terminals is None else len(terminals)
    period: Payload = {"startPeriod": start_s, "limit": number, "numberPhases": phases}
    # To name a phase is not allowed where a charger cannot choose one (K01.FR.20): it takes the first.
    if terminals is not None and phases == 1 and chooses:
        period["phaseToUse"] = terminals[0]
    return period


def _profile(
    profile_id: int,
    stack_level: int,
    periods: Sequence[Payload],
    wording: Wording,
    *,
    dynamic: bool = False,
) -> Payload:
    schedule: Payload = {
        "id": profile_id,
        "startSchedule": BEGINNING,
        "chargingRateUnit": str(wording.way.unit),
        "chargingSchedulePeriod": list(periods),
    }
    return {
        "id": profile_id,
        "stackLevel": stack_level,
        "chargingProfilePurpose": PURPOSES[wording.way.scope],
        "chargingProfileKind": "Dynamic" if dynamic else "Absolute",
        "chargingSchedule": [schedule],
    }


def _set(profile: Payload) -> Payload:
    return {"evseId": STATION, "chargingProfile": profile}
