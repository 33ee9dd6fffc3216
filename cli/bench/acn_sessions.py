"""Weeks of real sessions at a garage of Caltech, in steps of five minutes (see data/README.md)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from simulator.sessions import load_sessions

DATA: Final = Path(__file__).parent / "data"
WEEKS: Final = ("caltech-2019-05-06-to-12", "caltech-2019-09-09-to-15")
STEP_MINUTES: Final = 5
GARAGE_V: Final = 208.0
CAR_A_MAX: Final = 32.0
KWH_PER_A_STEP: Final = GARAGE_V * STEP_MINUTES / 60 / 1000
"""What one ampere brings in one step."""


@dataclass(frozen=True, slots=True)
class Stay:
    """One car's stay, from one step to another, and what it needs: what it was really delivered, or what
    32 A bring within its stay, if that is less."""

    station_id: str
    session_id: str
    arrives: int
    leaves: int
    need_kwh: float


def week_of_stays(week: str, days: int = 7) -> tuple[Stay, ...]:
    """
    Read the stays that began in the first days of a week.

    Args:
        week: one of `WEEKS`.
        days: how many days of it.
    """
    sessions = load_sessions(DATA / f"{week}.csv.gz")
    begins_at = sessions[0].arrives_at.replace(hour=0, minute=0, second=0)

    def step(at: datetime) -> int:
        return int((at - begins_at) / timedelta(minutes=STEP_MINUTES))

    stays = []
    for it in sessions:
        arrives, leaves = step(it.arrives_at), step(it.leaves_at)
        if leaves > arrives and it.arrives_at < begins_at + timedelta(days=days):
            most_kwh = (leaves - arrives) * CAR_A_MAX * KWH_PER_A_STEP
            need_kwh = min(it.energy_kwh, most_kwh)
            stays.append(Stay(it.station_id, it.session_id, arrives, leaves, need_kwh))
    return tuple(stays)
