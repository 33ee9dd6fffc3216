"""
OCPP 1.6 charging profiles: which limit is in force now.

This charger knows one purpose, usually TxDefaultProfile, in one unit, usually amperes, on its one
connector (named 1, or 0 for "all of them"); `skills.py` says what else kinds of chargers can and cannot
do. Of the profiles valid at a moment, by the charger's own clock, the one with the highest stack level
rules; when it expires, the next one below takes over at once. With no valid profile nothing holds the
charger down.

Profiles of other purposes or in other units, recurring ones, or such that begin anew with every
transaction, are rejected rather than half understood.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from simulator.payloads import CallRefused, Payload, moment, needed, number, optional
from simulator.skills import (
    FULL,
    PERIODS_MAX,
    PROFILES_MAX,
    STACK_LEVEL_MAX,
    TRANSACTION,
    Skill,
)

PHASES_MAX: Final = 3
"""OCPP 1.6 assumes 3 where numberPhases is left out."""
NEVER: Final = math.inf


class Rejected(Exception):
    """A well-formed profile that this charger does not take; answered with status Rejected."""


class InForce(NamedTuple):
    """A limit, in the charger's unit, or None if there is none; until when that is so; on how
    many phases; and of which terminal one of them is."""

    limit_a: float | None
    until_s: float
    phases: int = PHASES_MAX
    terminal: int = 1


class Period(NamedTuple):
    """Seconds after a schedule's start, amperes (or watts) from then on, on how many phases, and of
    which terminal one of them is."""

    after_s: float
    limit_a: float
    phases: int = PHASES_MAX
    terminal: int = 1


@dataclass(frozen=True, slots=True)
class Profile:
    """A charging profile; all moments in seconds since 1970."""

    profile_id: int
    stack_level: int
    valid_from_s: float
    valid_to_s: float
    starts_s: float
    ends_s: float
    periods: tuple[Period, ...]

    def in_force(self, at_s: float) -> InForce:
        """Tell this profile's limit at a moment, and until when it stays so."""
        from_s, to_s = max(self.valid_from_s, self.starts_s), min(self.valid_to_s, self.ends_s)
        if at_s >= to_s:
            return InForce(None, NEVER)
        if at_s < from_s:
            return InForce(None, from_s)
        present, until_s = self.periods[0], to_s
        for period in self.periods:
            if self.starts_s + period.after_s > at_s:
                until_s = min(to_s, self.starts_s + period.after_s)
                break
            present = period
        return InForce(present.limit_a, until_s, present.phases, present.terminal)


@dataclass(slots=True)
class Profiles:
    """All profiles of a charger. They survive a lost connection and a lost supply."""

    installed: dict[int, Profile] = field(default_factory=dict)
    """By stack level: a second profile on a level replaces the first (OCPP 1.6, 5.16)."""
    skill: Skill = FULL

    def put(self, profile: Profile, now_s: float) -> None:
        """
        Install a profile, in place of the one of the same id or on the same level.

        Raises:
            Rejected: if the charger has no room for another one.
        """
        if not self.skill.levels:
            self.installed = {profile.stack_level: profile}
            return
        kept = {
            level: it
            for level, it in self.installed.items()
            if it.profile_id != profile.profile_id and min(it.valid_to_s, it.ends_s) > now_s
        }
        if len(kept) >= PROFILES_MAX and profile.stack_level not in kept:
            raise Rejected(f"no room for more than {PROFILES_MAX} profiles")
        self.installed = kept | {profile.stack_level: profile}

    def clear(self, profile_id: int | None, stack_level: int | None) -> bool:
        """Remove the profiles that match; with an id, nothing else counts (OCPP 1.6, 5.4)."""
        going = [
            level
            for level, it in self.installed.items()
            if (it.profile_id == profile_id if profile_id is not None else True)
            and (profile_id is not None or stack_level is None or level == stack_level)
        ]
        for level in going:
            del self.installed[level]
        return bool(going)

    def in_force(self, at_s: float) -> InForce:
        """Tell the limit at a moment, and until when it stays so if nothing is installed."""
        until_s = NEVER
        for level in sorted(self.installed, reverse=True):
            told = self.installed[level].in_force(at_s)
            until_s = min(until_s, told.until_s)
            if told.limit_a is not None:
                return told._replace(until_s=until_s)
        return InForce(None, until_s)

    def composite(
        self, at_s: float, duration_s: float, highest: float
    ) -> Iterable[tuple[int, float]]:
        """Yield the limits of the coming while: seconds from now, and what holds from then on, in the
        charger's unit; where nothing does, the highest it has."""
        ahead_s = 0.0
        while ahead_s < duration_s:
            limit_a, until_s, *_ = self.in_force(at_s + ahead_s)
            yield math.ceil(ahead_s), highest if limit_a is None else min(limit_a, highest)
            ahead_s = until_s - at_s


def parse_profile(payload: Payload, now_s: float, skill: Skill = FULL) -> Profile:
    """
    Read `csChargingProfiles`.

    Args:
        payload: the profile as it came.
        now_s: the charger's time, at which a schedule without a start begins.
        skill: what the charger can do.

    Raises:
        CallRefused: if a field is missing or malformed.
        Rejected: if the profile is of a kind that this charger does not know.
    """
    profile_id = needed(payload, "chargingProfileId", int)
    stack_level = needed(payload, "stackLevel", int)
    purpose = needed(payload, "chargingProfilePurpose", str)
    kind = needed(payload, "chargingProfileKind", str)
    schedule: dict[str, Any] = needed(payload, "chargingSchedule", dict)
    unit = needed(schedule, "chargingRateUnit", str)
    periods = _periods(schedule, skill)
    duration_s = optional(schedule, "duration", int)
    _reject_unknown(purpose, kind, unit, stack_level, skill)
    if kind == "Relative" and (duration_s is not None or len(periods) > 1):
        raise Rejected("a relative schedule that changes begins with every transaction")
    valid_from_s, valid_to_s = moment(payload, "validFrom"), moment(payload, "validTo")
    given_s = moment(schedule, "startSchedule")
    begins_s = now_s if given_s is None else given_s
    # One limit without a start holds from ever; a clock set back must not suspend it.
    timeless = given_s is None and len(periods) == 1
    return Profile(
        profile_id=profile_id,
        stack_level=stack_level,
        valid_from_s=-NEVER if valid_from_s is None else valid_from_s,
        valid_to_s=NEVER if valid_to_s is None or not skill.ends else valid_to_s,
        starts_s=-NEVER if timeless else begins_s,
        ends_s=NEVER if duration_s is None else begins_s + duration_s,
        periods=periods,
    )


def _periods(schedule: dict[str, Any], skill: Skill) -> tuple[Period, ...]:
    listed: list[Any] = needed(schedule, "chargingSchedulePeriod", list)
    if not 1 <= len(listed) <= PERIODS_MAX:
        raise CallRefused(
            "OccurenceConstraintViolation", f"a schedule has 1 to {PERIODS_MAX} periods"
        )
    periods: list[Period] = []
    for it in listed:
        if not isinstance(it, dict):
            raise CallRefused("TypeConstraintViolation", "a period must be an object")
        phases = optional(it, "numberPhases", int)
        periods.append(
            Period(
                needed(it, "startPeriod", int),
                number(it, "limit"),
                PHASES_MAX if phases is None else phases,
                optional(it, "phaseToUse", int) or 1,  # of OCPP 2.x
            )
        )
    starts = [it.after_s for it in periods]
    if starts[0] != 0 or starts != sorted(set(starts)):
        raise CallRefused("PropertyConstraintViolation", "periods begin at 0 and ascend")
    if any(it.limit_a < 0 for it in periods):
        raise CallRefused("PropertyConstraintViolation", "a limit is not negative")
    if any(not 1 <= it.phases <= PHASES_MAX for it in periods):
        raise CallRefused("PropertyConstraintViolation", "there are 1 to 3 phases")
    if len(periods) > skill.periods_max:
        raise Rejected(f"no more than {skill.periods_max} periods")
    if skill.whole and any(it.limit_a != int(it.limit_a) for it in periods):
        raise Rejected("whole amperes only")
    if skill.rounds_up:
        periods = [it._replace(limit_a=math.ceil(it.limit_a)) for it in periods]
    return tuple(periods)


def _reject_unknown(purpose: str, kind: str, unit: str, stack_level: int, skill: Skill) -> None:
    if purpose != skill.purpose:
        raise Rejected(f"purpose {purpose}: this charger knows {skill.purpose} only")
    if purpose == TRANSACTION:
        raise Rejected("a profile of a transaction that does not run")
    if kind not in {"Absolute", "Relative"}:
        raise Rejected(f"kind {kind}: this charger knows Absolute only")
    if unit != skill.unit:
        raise Rejected(f"unit {unit}: this charger counts in {skill.unit}")
    if not 0 <= stack_level <= STACK_LEVEL_MAX:
        raise Rejected(f"stack level {stack_level}: levels go from 0 to {STACK_LEVEL_MAX}")
