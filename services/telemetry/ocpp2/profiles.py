"""
The charging profiles of OCPP 2.x.

Two profiles lie on one another, as in OCPP 1.6: beneath, without an end, the fail-safe; on top of it, for
the time of its lease, the limit. When the lease ends the charger falls back to its fail-safe by itself,
connected or not. Both are of the purpose ChargingStationMaxProfile: what all of the charger may draw,
whatever other profiles it has, in or out of a transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.telemetry.frames import Payload
from services.telemetry.payloads import written
from shared.units import offerable

STATION: Final = 0
"""The EVSE id that means all of the charger."""
STATION_MAX: Final = "ChargingStationMaxProfile"
TX_DEFAULT: Final = "TxDefaultProfile"
PURPOSES: Final = (STATION_MAX, TX_DEFAULT)
"""Those that can be used, the one that is liked best first."""
FAIL_SAFE_PROFILE: Final = 1
LIMIT_PROFILE: Final = 2
FAIL_SAFE_LEVEL: Final = 0
LIMIT_LEVEL: Final = 1
PHASES_MAX: Final = 3

BEGINNING: Final = "1970-01-01T00:00:00Z"
"""When every schedule starts: before any charger's clock, so that none comes into force late. An Absolute
profile has to have a start (K01.FR.40)."""


def fail_safe(fail_safe_a: float, purpose: str = STATION_MAX) -> Payload:
    """Make the SetChargingProfile request for what a charger falls back to, in amperes per phase."""
    profile = _profile(FAIL_SAFE_PROFILE, FAIL_SAFE_LEVEL, purpose, _period(fail_safe_a))
    return {"evseId": STATION, "chargingProfile": profile}


def limit(
    limit_a: float,
    valid_until: datetime,
    terminals: Sequence[int] | None = None,
    purpose: str = STATION_MAX,
    *,
    dynamic: bool = False,
    chooses: bool = False,
) -> Payload:
    """
    Make the SetChargingProfile request for a limit, until its lease ends.

    Args:
        limit_a: in amperes per phase.
        valid_until: when the lease ends.
        terminals: from which to charge, for a charger that can switch.
        purpose: one of `PURPOSES`.
        dynamic: its amperes can be told anew by `update` (2.1).
        chooses: the charger takes whichever terminal it likes for one phase, unless it is named.
    """
    period = _period(limit_a, terminals, chooses=chooses)
    profile = _profile(LIMIT_PROFILE, LIMIT_LEVEL, purpose, period, dynamic=dynamic)
    return {
        "evseId": STATION,
        "chargingProfile": profile | {"validTo": written(valid_until)},
    }


def update(limit_a: float) -> Payload:
    """Make the UpdateDynamicSchedule request for another limit within the same lease (2.1, K28)."""
    return {
        "chargingProfileId": LIMIT_PROFILE,
        "scheduleUpdate": {"limit": offerable(limit_a)},
    }


def no_limit() -> Payload:
    """Make the ClearChargingProfile request that ends a limit before its lease does."""
    return {"chargingProfileId": LIMIT_PROFILE}


def _period(
    limit_a: float, terminals: Sequence[int] | None = None, *, chooses: bool = False
) -> Payload:
    phases = PHASES_MAX if terminals is None else len(terminals)
    period: Payload = {"startPeriod": 0, "limit": offerable(limit_a), "numberPhases": phases}
    # To name a phase is not allowed where a charger cannot choose one (K01.FR.20): it takes the first.
    if terminals is not None and phases == 1 and chooses:
        period["phaseToUse"] = terminals[0]
    return period


def _profile(
    profile_id: int, stack_level: int, purpose: str, period: Payload, *, dynamic: bool = False
) -> Payload:
    schedule: Payload = {
        "id": profile_id,
        "startSchedule": BEGINNING,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [period],
    }
    return {
        "id": profile_id,
        "stackLevel": stack_level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Dynamic" if dynamic else "Absolute",
        "chargingSchedule": [schedule],
    }
