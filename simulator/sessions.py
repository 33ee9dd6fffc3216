"""
Who comes when, and for how much energy: real sessions of a workplace garage (see
data/README.md).

A scene begins at a busy moment of the drivers' day. Whoever is there at that moment stands
plugged in from the start, and still needs the share of their energy that corresponds to the
share of their stay still ahead, as if it had been delivered evenly; but never less than 30 %,
so that a scene begins with cars that want something. Everybody who comes later needs all of it.
What a session needs is what it was really delivered.

Bay i takes the sessions of the i-th charger in the data. If the building has more bays than the
data, the further ones take the same chargers' sessions of the next busiest day, moved to the
scene's day, and so on; if it has fewer, the rest of the data stays away.
"""

import csv
import gzip
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

SLICE: Final = Path(__file__).parent / "data" / "jpl-2019-05-01-to-21.csv.gz"

SCENE_START: Final = datetime.fromisoformat("2019-05-03T08:00:00-07:00")
"""A Friday in May; at eight, all 52 bays have filled within the hour before."""

OPEN_SHARE_MIN: Final = 0.3


@dataclass(frozen=True, slots=True)
class Session:
    """One driver's stay."""

    session_id: str
    station_id: str
    arrives_at: datetime
    leaves_at: datetime
    energy_kwh: float


@dataclass(frozen=True, slots=True)
class Visit:
    """A session as a scene plays it, in seconds of the drivers' day since the scene began."""

    visit_id: str
    bay: int
    arrives_s: float
    leaves_s: float
    need_kwh: float


def load_sessions(path: Path = SLICE) -> tuple[Session, ...]:
    """Read sessions, in order of arrival."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = [
            Session(
                session_id=row["session_id"],
                station_id=row["station_id"],
                arrives_at=datetime.fromisoformat(row["arrival"]),
                leaves_at=datetime.fromisoformat(row["departure"]),
                energy_kwh=float(row["delivered_energy (kWh)"]),
            )
            for row in csv.DictReader(file)
        ]
    return tuple(sorted(rows, key=lambda it: (it.arrives_at, it.session_id)))


def visits(
    sessions: Sequence[Session], bays: int, start_at: datetime = SCENE_START
) -> tuple[Visit, ...]:
    """
    Play sessions in a building.

    Args:
        sessions: all there are.
        bays: how many chargers the building has.
        start_at: the moment of the drivers' day at which the scene begins.

    Returns:
        Everybody there at the start, with `arrives_s` 0, then everybody who comes later, in
        order.
    """
    stations = sorted({it.station_id for it in sessions})
    days = _days_to_play(sessions, start_at.date())
    played: list[Visit] = []
    for play in range(math.ceil(bays / len(stations))):
        day = days[play % len(days)]
        begin_at = start_at + timedelta(days=(day - start_at.date()).days)
        bay_of = {
            station: play * len(stations) + i
            for i, station in enumerate(stations)
            if play * len(stations) + i < bays
        }
        played += [
            _visit(it, bay_of[it.station_id], begin_at, play)
            for it in sessions
            if it.station_id in bay_of and it.leaves_at > begin_at
        ]
    return tuple(sorted(played, key=lambda it: (it.arrives_s, it.bay)))


def _days_to_play(sessions: Sequence[Session], first: date) -> list[date]:
    """The scene's own day, then all others from the busiest on."""
    counted = Counter(it.arrives_at.date() for it in sessions)
    others = sorted((day for day in counted if day != first), key=lambda d: (-counted[d], d))
    return [first, *others]


def _visit(it: Session, bay: int, begin_at: datetime, play: int) -> Visit:
    arrives_s = (it.arrives_at - begin_at).total_seconds()
    leaves_s = (it.leaves_at - begin_at).total_seconds()
    ahead = leaves_s / (leaves_s - arrives_s) if arrives_s < 0 else 1.0
    return Visit(
        visit_id=it.session_id if play == 0 else f"{it.session_id}#{play}",
        bay=bay,
        arrives_s=max(0.0, arrives_s),
        leaves_s=leaves_s,
        need_kwh=it.energy_kwh * max(OPEN_SHARE_MIN, ahead),
    )
