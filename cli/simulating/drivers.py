"""Drivers: when they come, how long they stay, and what their cars need; and crowds of them."""

from functools import cache
from typing import Final

from cli.bench.acn_sessions import STEP_MINUTES, WEEKS, Stay, week_of_stays
from cli.proving.happenings import plug_in, pull_out
from cli.simulating.agenda import Agenda
from cli.simulating.garage import Garage, Stall

DAY_S: Final = 86_400
KWH_TO_AS: Final = 3_600_000 / 230
CROWD_S: Final = 10
"""How long a car of a crowd stays on average, and its place is free."""


@cache
def stays() -> tuple[Stay, ...]:
    """Real stays at a garage, of a week."""
    return week_of_stays(WEEKS[0])


class Drivers:
    """Those of two garages."""

    def __init__(self, garage: Garage, agenda: Agenda) -> None:
        self._garage, self._agenda = garage, agenda
        self._chances = garage.chances

    def until_next_car_s(self, stall: Stall) -> float:
        """Pick a stay, and come at its time of the day."""
        stay, now_s = self._chances.pick(stays()), self._garage.now_s
        comes_s = stay.arrives * STEP_MINUTES * 60 % DAY_S
        wait_s = (comes_s - now_s) % DAY_S % (DAY_S / 3) + 1
        stall.leaves_s = now_s + wait_s + (stay.leaves - stay.arrives) * STEP_MINUTES * 60
        stall.need_as = stay.need_kwh * KWH_TO_AS / self._chances.pick((1, 3))
        stall.car_most_a = self._chances.pick((10.0, 16.0, 20.0, 32.0, 32.0))
        return wait_s

    def come_later(self, stall: Stall) -> None:
        """Have the next car come to a charger at its time."""
        wait_s = self.until_next_car_s(stall)
        self._agenda.plan(self._garage.now_s + wait_s, f"comes {stall.serial}")

    def drive(self, word: str, stall: Stall) -> None:
        """A car comes, its driver drives off, or the charger is taken down."""
        garage, now_s = self._garage, self._garage.now_s
        hangs = garage.hangs(stall)
        if word == "comes" and not hangs:
            self.come_later(stall)
            return
        if word == "taken" and hangs:
            return  # it was put up again meanwhile
        self._agenda.say(f"{word} {stall.serial}")
        if word == "comes":
            if not stall.plugged:  # or one of a crowd has stayed
                self._plug_in(stall)
            self._agenda.plan(max(stall.leaves_s, now_s + 1), f"leaves {stall.serial}")
            return
        if stall.plugged:
            pull_out(garage, stall, now_s)
        if word == "leaves":
            self.come_later(stall)

    # --- Crowds ---

    def gather(self) -> None:
        """Cars come and go at all chargers, each in seconds."""
        for stall in filter(self._garage.hangs, self._garage.stalls):
            self._agenda.plan_after(CROWD_S, f"swaps {stall.serial}")

    def swap(self, stall: Stall) -> None:
        """One of a crowd drives off, or another one comes."""
        if not self._garage.hangs(stall):
            return
        self._agenda.say(f"{'leaves' if stall.plugged else 'comes'} {stall.serial}, of a crowd")
        if stall.plugged:
            pull_out(self._garage, stall, self._garage.now_s)
        else:
            self.until_next_car_s(stall)
            self._plug_in(stall)
        self._agenda.plan_after(CROWD_S, f"swaps {stall.serial}")

    def _plug_in(self, stall: Stall) -> None:
        plug_in(self._garage, stall, self._garage.now_s)
        stall.since_s = self._garage.now_s
