"""
Charging profiles of OCPP 2.x: layers of one purpose each, of which the lowest limit counts (K01).

Within a purpose the highest stack level that is valid rules, as in 1.6. This charger knows the purposes
ChargingStationMaxProfile and TxDefaultProfile, in amperes, and in 2.1 the kind Dynamic.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from simulator.payloads import CallRefused, Payload, needed, number, optional
from simulator.profiles import InForce, Profile, Profiles, Rejected, parse_profile

STATION_MAX: Final = "ChargingStationMaxProfile"
TX_DEFAULT: Final = "TxDefaultProfile"
PURPOSES: Final = (STATION_MAX, TX_DEFAULT)


@dataclass(slots=True)
class Layers(Profiles):
    """All profiles of a charger, by their purposes."""

    by_purpose: dict[str, Profiles] = field(
        default_factory=lambda: {purpose: Profiles() for purpose in PURPOSES}
    )
    dynamic: dict[int, tuple[str, Payload]] = field(default_factory=dict)
    """Those whose limit may be told anew: purpose and content, by id."""

    def set(self, payload: Payload, own_s: float, *, switching: bool, dynamic: bool) -> None:
        """
        Install a profile (K01).

        Args:
            payload: of SetChargingProfile.
            own_s: the charger's time.
            switching: on one phase it can use any of its terminals.
            dynamic: it knows dynamic profiles.

        Raises:
            CallRefused: a field is missing or malformed.
            Rejected: the profile is of a kind that this charger does not know.
        """
        evse, said = needed(payload, "evseId", int), needed(payload, "chargingProfile", dict)
        purpose = needed(said, "chargingProfilePurpose", str)
        if evse not in {0, 1} or (purpose == STATION_MAX and evse != 0):
            raise Rejected(f"purpose {purpose} at EVSE {evse}")
        if purpose not in PURPOSES:
            raise Rejected(f"purpose {purpose}: this charger does not know it")
        kind = needed(said, "chargingProfileKind", str)
        if kind == "Dynamic" and not dynamic:
            raise Rejected("dynamic profiles are not known here")
        profile = _parsed(said, kind, own_s, switching=switching)
        for layer in self.by_purpose.values():
            layer.clear(profile.profile_id, None)
        self.dynamic.pop(profile.profile_id, None)
        self.by_purpose[purpose].put(profile, own_s)
        if kind == "Dynamic":
            self.dynamic[profile.profile_id] = (purpose, payload)

    def update(self, payload: Payload, own_s: float, *, switching: bool) -> None:
        """
        Take another limit for a dynamic profile (2.1, K28).

        Raises:
            CallRefused: a field is missing or malformed.
            Rejected: there is no such profile.
        """
        profile_id = needed(payload, "chargingProfileId", int)
        limit_a = number(needed(payload, "scheduleUpdate", dict), "limit")
        if profile_id not in self.dynamic:
            raise Rejected(f"there is no dynamic profile {profile_id}")
        _, before = self.dynamic[profile_id]
        profile = before["chargingProfile"]
        (schedule,) = profile["chargingSchedule"]
        (period,) = schedule["chargingSchedulePeriod"]
        anew = schedule | {"chargingSchedulePeriod": [period | {"limit": limit_a}]}
        changed = profile | {"chargingSchedule": [anew]}
        self.set(
            before | {"chargingProfile": changed}, own_s, switching=switching, dynamic=True
        )

    def remove(self, payload: Payload) -> bool:
        """Remove the profiles that match (K10); tell whether there were any."""
        profile_id = optional(payload, "chargingProfileId", int)
        criteria: dict[str, Any] = optional(payload, "chargingProfileCriteria", dict) or {}
        purpose = optional(criteria, "chargingProfilePurpose", str)
        level = optional(criteria, "stackLevel", int)
        layers = [it for name, it in self.by_purpose.items() if purpose in {None, name}]
        gone = [it.clear(profile_id, level) for it in layers]
        return any(gone)

    def in_force(self, at_s: float) -> InForce:
        """Tell the lowest limit of all layers, and until when it stays so."""
        told = [it.in_force(at_s) for it in self.by_purpose.values()]
        until_s = min(it.until_s for it in told)
        limits = [it for it in told if it.limit_a is not None]
        if not limits:
            return InForce(None, until_s)
        lowest = min(limits, key=lambda it: it.limit_a or 0.0)
        fewest = min(limits, key=lambda it: it.phases)
        return InForce(lowest.limit_a, until_s, fewest.phases, fewest.terminal)


def _parsed(said: Payload, kind: str, own_s: float, *, switching: bool) -> Profile:
    """Read a ChargingProfileType, whose schedules have the fields of 1.6 and a few more."""
    schedules = needed(said, "chargingSchedule", list)
    if len(schedules) != 1 or not isinstance(schedules[0], dict):
        raise Rejected("this charger takes one schedule per profile")
    (schedule,) = schedules
    needed(schedule, "id", int)
    if kind in {"Absolute", "Recurring"} and "startSchedule" not in schedule:
        raise Rejected(f"a schedule of kind {kind} has a start (K01.FR.40)")
    for period in needed(schedule, "chargingSchedulePeriod", list):
        _check_phase(period, switching=switching)
    like_16 = {
        key: it for key, it in said.items() if key in {"stackLevel", "validFrom", "validTo"}
    }
    like_16 |= {
        "chargingProfileId": needed(said, "id", int),
        "chargingProfilePurpose": TX_DEFAULT,
        "chargingProfileKind": "Absolute" if kind == "Dynamic" else kind,
        "chargingSchedule": schedule,
    }
    return parse_profile(like_16, own_s)


def _check_phase(period: object, *, switching: bool) -> None:
    """
    Check which phase a period asks for (K01.FR.19, K01.FR.20).

    Raises:
        CallRefused: the period is none.
        Rejected: it may not name a phase.
    """
    if not isinstance(period, dict):
        raise CallRefused("TypeConstraintViolation", "a period must be an object")
    phase = optional(period, "phaseToUse", int)
    if phase is None:
        return
    if not switching or period.get("numberPhases") != 1 or not 1 <= phase <= 3:
        raise Rejected("a phase can be named for one phase, where the charger can choose it")
