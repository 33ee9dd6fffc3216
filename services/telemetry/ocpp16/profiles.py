"""
The charging profiles of OCPP 1.6.

Two profiles lie on one another (OCPP 1.6, section 3.13). Beneath, without an end, the
fail-safe; on top of it, for the time of its lease, the limit. When the lease ends the charger
falls back to its fail-safe by itself, connected or not. For chargers on which nothing can lie on one
another, one profile holds both (`in_one`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.telemetry.frames import Payload
from services.telemetry.payloads import CONNECTOR, written
from services.telemetry.ways import Limit, Span, Wording

CHARGER: Final = 0
"""The connector id that means all of the charger."""
FAIL_SAFE_PROFILE: Final = 1
LIMIT_PROFILE: Final = 2
FAIL_SAFE_LEVEL: Final = 0
LIMIT_LEVEL: Final = 1
PHASES_MAX: Final = 3
PLAIN: Final = Wording()
"""Amperes with a decimal, as most chargers count."""

BEGINNING: Final = "1970-01-01T00:00:00Z"
"""When every schedule starts: before any charger's clock, so that none comes into force late.

Some chargers refuse an Absolute profile without a start; with a recent one, a charger whose
clock is behind, or not yet set, would have no limit at all.
"""


def fail_safe(fail_safe_a: float, wording: Wording = PLAIN) -> Payload:
    """Make the SetChargingProfile request for what a charger falls back to, in amperes per
    phase.
    """
    periods = [_period(0, wording.fail_safe(fail_safe_a))]
    return _profile(FAIL_SAFE_PROFILE, FAIL_SAFE_LEVEL, periods, wording)


def limit(
    limit_a: float,
    valid_until: datetime,
    terminals: Sequence[int] | None = None,
    wording: Wording = PLAIN,
) -> Payload:
    """
    Make the SetChargingProfile request for a limit, until its lease ends.

    Args:
        limit_a: in amperes per phase.
        valid_until: when the lease ends.
        terminals: from which to charge, for a charger that can switch; see `tellable`.
        wording: in what the charger counts, and for what its profiles hold.
    """
    phases = PHASES_MAX if terminals is None else len(terminals)
    periods = [_period(0, wording.limit(limit_a), phases)]
    return _profile(LIMIT_PROFILE, LIMIT_LEVEL, periods, wording, valid_until)


def in_one(fail_safe_a: float, limit: Limit | None, wording: Wording = PLAIN) -> Payload:
    """
    Make the SetChargingProfile request for both at once: a schedule with the limit first, and what the
    charger falls back to from the end of its lease on.

    It needs no end by `validTo`, and no second level.
    """
    after = wording.fail_safe(fail_safe_a)
    periods = [_period(0, after)]
    if limit is not None:
        ends_s = int(limit.valid_until.timestamp())
        periods = [_period(0, wording.limit(limit.limit_a)), _period(ends_s, after)]
    return _profile(FAIL_SAFE_PROFILE, FAIL_SAFE_LEVEL, periods, wording)


def composite(duration_s: int, wording: Wording = PLAIN) -> Payload:
    """Make the GetCompositeSchedule request for the coming while."""
    return {
        "connectorId": CONNECTOR,
        "duration": duration_s,
        "chargingRateUnit": str(wording.way.unit),
    }


def spans_in(
    answer: Payload, duration_s: int, wording: Wording = PLAIN
) -> tuple[Span, ...] | None:
    """
    Read the answer to GetCompositeSchedule; none if it says nothing that can be compared.

    >>> periods = [{"startPeriod": 0, "limit": 16.0}, {"startPeriod": 60, "limit": 6.0}]
    >>> schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": periods}
    >>> spans_in({"status": "Accepted", "chargingSchedule": schedule}, 90)
    (Span(from_s=0, said=16.0), Span(from_s=60, said=6.0))
    """
    schedule = answer.get("chargingSchedule")
    if answer["status"] != "Accepted" or schedule is None:
        return None
    if schedule["chargingRateUnit"] != wording.way.unit:
        return None
    spans = tuple(
        Span(it["startPeriod"], it["limit"])
        for it in schedule["chargingSchedulePeriod"]
        if it["startPeriod"] < duration_s
    )
    return spans if spans and spans[0].from_s <= 0 else None


def tellable(terminals: Sequence[int] | None) -> bool:
    """
    Tell whether OCPP 1.6 can say which terminals to use. It has a number of phases, and one phase is
    that of the first terminal; another one takes the phaseToUse of OCPP 2.0.1.

    >>> tellable((1, 2, 3)), tellable((1,)), tellable((2,))
    (True, True, False)
    """
    return terminals is None or terminals[0] == 1


def no_limit() -> Payload:
    """Make the ClearChargingProfile request that ends a limit before its lease does."""
    return {"id": LIMIT_PROFILE}


def _period(start_s: int, number: float, phases: int = PHASES_MAX) -> Payload:
    return {"startPeriod": start_s, "limit": number, "numberPhases": phases}


def _profile(
    profile_id: int,
    stack_level: int,
    periods: Sequence[Payload],
    wording: Wording,
    valid_until: datetime | None = None,
) -> Payload:
    profile: Payload = {
        "chargingProfileId": profile_id,
        "stackLevel": stack_level,
        "chargingProfilePurpose": str(wording.way.scope),
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "startSchedule": BEGINNING,
            "chargingRateUnit": str(wording.way.unit),
            "chargingSchedulePeriod": list(periods),
        },
    }
    if valid_until is not None:
        profile["validTo"] = written(valid_until)
    return {"connectorId": CHARGER, "csChargingProfiles": profile}
