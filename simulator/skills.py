"""
What kinds of chargers can do with charging profiles.

Those that can do less are as they are met in the field: they know no levels, or pass over the end of a
profile, count in watts, round, or know no profiles at all. By default they say so in their configuration;
some say nothing, or claim more than they do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SESSIONS: Final = "TxDefaultProfile"
CHARGER: Final = "ChargePointMaxProfile"
TRANSACTION: Final = "TxProfile"
AMPERES: Final = "A"
WATTS: Final = "W"
STACK_LEVEL_MAX: Final = 42
PROFILES_MAX: Final = 42
PERIODS_MAX: Final = 48
FEATURES: Final = "Core,FirmwareManagement,LocalAuthListManagement,RemoteTrigger,Reservation"


@dataclass(frozen=True, slots=True)
class Skill:
    """What one charger can do with charging profiles."""

    profiles: bool = True
    """It knows them; otherwise it does not know the requests about them."""
    levels: bool = True
    """They lie on one another; otherwise the newest one replaces all before it."""
    ends: bool = True
    """It minds validTo; otherwise a profile goes on for ever."""
    periods_max: int = PERIODS_MAX
    purpose: str = SESSIONS
    unit: str = AMPERES
    whole: bool = False
    """It rejects amperes with a decimal."""
    rounds_up: bool = False
    """It makes whole amperes of what it is told, the next ones above."""
    shows: bool = True
    """It answers GetCompositeSchedule."""
    says: bool = True
    """Its configuration says what it can."""

    @property
    def configuration(self) -> dict[str, str]:
        """What its configuration says of it."""
        if not self.says:
            return {}
        if not self.profiles:
            return {"SupportedFeatureProfiles": FEATURES}
        return {
            "SupportedFeatureProfiles": f"{FEATURES},SmartCharging",
            "ChargeProfileMaxStackLevel": str(STACK_LEVEL_MAX if self.levels else 0),
            "ChargingScheduleAllowedChargingRateUnit": (
                "Current" if self.unit == AMPERES else "Power"
            ),
            "ChargingScheduleMaxPeriods": str(self.periods_max),
            "MaxChargingProfilesInstalled": str(PROFILES_MAX if self.levels else 1),
        }


FULL: Final = Skill()
SKILLS: Final[Mapping[str, Skill]] = {
    "full": FULL,
    "no-levels": Skill(levels=False),
    "newest-only": Skill(levels=False, says=False),
    "no-ends": Skill(ends=False),
    "one-period": Skill(levels=False, periods_max=1),
    "station-max": Skill(purpose=CHARGER),
    "transaction-only": Skill(purpose=TRANSACTION),
    "watts": Skill(unit=WATTS),
    "whole-amperes": Skill(whole=True),
    "rounds-up": Skill(rounds_up=True),
    "silent": Skill(shows=False, says=False),
    "none": Skill(profiles=False),
}
"""By the names that scenes call them by."""
