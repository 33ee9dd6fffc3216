"""
The charging profiles of OCPP 1.6.

Two profiles lie on one another (OCPP 1.6, section 3.13). Beneath, without an end, the
fail-safe; on top of it, for the time of its lease, the limit. When the lease ends the charger
falls back to its fail-safe by itself, connected or not.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.telemetry.frames import Payload
from services.telemetry.payloads import written
from shared.units import offerable

CHARGER: Final = 0
"""The connector id that means all of the charger."""
FAIL_SAFE_PROFILE: Final = 1
LIMIT_PROFILE: Final = 2
FAIL_SAFE_LEVEL: Final = 0
LIMIT_LEVEL: Final = 1
PHASES_MAX: Final = 3

BEGINNING: Final = "1970-01-01T00:00:00Z"
"""When every schedule starts: before any charger's clock, so that none comes into force late.

Some chargers refuse an Absolute profile without a start; with a recent one, a charger whose
clock is behind, or not yet set, would have no limit at all.
"""


def fail_safe(fail_safe_a: float) -> Payload:
    """Make the SetChargingProfile request for what a charger falls back to, in amperes per
    phase.
    """
    return _profile(FAIL_SAFE_PROFILE, FAIL_SAFE_LEVEL, fail_safe_a, None)


def limit(
    limit_a: float, valid_until: datetime, terminals: Sequence[int] | None = None
) -> Payload:
    """
    Make the SetChargingProfile request for a limit, until its lease ends.

    Args:
        limit_a: in amperes per phase.
        valid_until: when the lease ends.
        terminals: from which to charge, for a charger that can switch; see `tellable`.
    """
    phases = PHASES_MAX if terminals is None else len(terminals)
    return _profile(LIMIT_PROFILE, LIMIT_LEVEL, limit_a, valid_until, phases)


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


def sent_a(limit_a: float) -> float:
    """
    Name the amperes that are sent for a limit: one decimal, rounded down; 0 below 6 A.

    >>> sent_a(16.07), sent_a(5.0)
    (16.0, 0.0)
    """
    return offerable(limit_a)


def _profile(
    profile_id: int,
    stack_level: int,
    limit_a: float,
    valid_until: datetime | None,
    phases: int = PHASES_MAX,
) -> Payload:
    period = {"startPeriod": 0, "limit": sent_a(limit_a), "numberPhases": phases}
    profile: Payload = {
        "chargingProfileId": profile_id,
        "stackLevel": stack_level,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "startSchedule": BEGINNING,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [period],
        },
    }
    if valid_until is not None:
        profile["validTo"] = written(valid_until)
    return {"connectorId": CHARGER, "csChargingProfiles": profile}
