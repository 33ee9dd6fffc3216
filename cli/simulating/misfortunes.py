"""What goes wrong in a garage, how often, and for how long."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cli.proving.happenings import FORMER_S_MAX, Takeover
from cli.proving.sites import CLOCKS_OFF_S
from cli.simulating.garage import Garage, Stall

Misfortune = Callable[["Weather", Garage], None]
SOON_S: Final = (1, 2, 3, 5)
WHILE_S: Final = (1, 5, 20, 60, 180, 600)
LONG_S: Final = (1200, 3600, 5400)
"""Longer than any lease."""
LATE_S: Final = (0.0, 0.0, 0.0, 2.0, 7.0, 25.0, 70.0, None)
"""How late a limit comes to the gateway while lines are bad; none: never."""
AGAIN_S: Final = (9.0, 45.0)
"""How late one comes once more."""
ZOMBIES_S: Final = (FORMER_S_MAX, 60)
"""How long a balancer that was replaced goes on before it ends."""


@dataclass
class Weather:
    """What is wrong for a while, beside what the garage knows itself."""

    rough_until_s: float = 0.0
    """Until when messages come late, twice, in another order or not at all."""
    unbalanced_until_s: float = 0.0
    """Until when there is no balancer."""
    crowd_until_s: float = 0.0
    """Until when cars come and go all the time."""
    takeover: Takeover | None = None

    def rough(self, now_s: float) -> bool:
        return now_s < self.rough_until_s

    def clear(self) -> None:
        """All is well again."""
        self.rough_until_s = self.unbalanced_until_s = self.crowd_until_s = 0.0


def lose(garage: Garage, stall: Stall, back_in_s: float) -> None:
    """The connection to a charger is gone for a while."""
    garage.gateway.lose(stall, garage.now_s)
    stall.back_s = garage.now_s + back_in_s


def _connection(_: Weather, garage: Garage) -> None:
    online = [it for it in garage.stalls if it.online]
    if online:
        lose(garage, garage.chances.pick(online), garage.chances.pick(WHILE_S))


def _long_away(_: Weather, garage: Garage) -> None:
    """A charger has no power, or its modem has died, until somebody comes."""
    online = [it for it in garage.stalls if it.online]
    if online:
        lose(garage, garage.chances.pick(online), garage.chances.pick(LONG_S))


def _cut_off(_: Weather, garage: Garage) -> None:
    """A building is cut off: all of its chargers fall back."""
    name, long_s = garage.chances.pick(sorted(garage.buildings)), garage.chances.pick(LONG_S)
    for stall in garage.stalls:
        if stall.online and stall.assigned is not None and stall.assigned[0] == name:
            lose(garage, stall, long_s)


def _gateway(_: Weather, garage: Garage) -> None:
    garage.gateway.restart(garage.now_s)
    for stall in garage.stalls:
        stall.back_s = garage.now_s + garage.chances.pick(SOON_S)


def _balancer(weather: Weather, garage: Garage) -> None:
    garage.mind.forget()
    weather.unbalanced_until_s = garage.now_s + garage.chances.pick(SOON_S)


def _no_balancer(weather: Weather, garage: Garage) -> None:
    weather.unbalanced_until_s = garage.now_s + garage.chances.pick((60, 300, 1200, 3600))


def _replaced(weather: Weather, garage: Garage) -> None:
    if garage.former is None:
        now_s, chances = garage.now_s, garage.chances
        goes_on_s = now_s + chances.pick(range(20))
        weather.takeover = Takeover(now_s, goes_on_s, chances.pick(ZOMBIES_S), LATE_S)
        _perhaps_a_crowd(weather, garage)


def _messages(weather: Weather, garage: Garage) -> None:
    weather.rough_until_s = garage.now_s + garage.chances.pick((20, 60, 120))
    _perhaps_a_crowd(weather, garage)


def _crowd(weather: Weather, garage: Garage) -> None:
    weather.crowd_until_s = garage.now_s + garage.chances.pick((20, 60))


def _perhaps_a_crowd(weather: Weather, garage: Garage) -> None:
    """Which limits are in which order matters where they go up and down."""
    if garage.chances.one_in(3):
        _crowd(weather, garage)


def _database(_: Weather, garage: Garage) -> None:
    garage.away_until_s = garage.now_s + garage.chances.pick(WHILE_S)


def _late_logs(_: Weather, garage: Garage) -> None:
    garage.late_s = garage.chances.pick((1.0, 3.0))


def _prompt_logs(_: Weather, garage: Garage) -> None:
    garage.late_s = 0.0


def _clock(_: Weather, garage: Garage) -> None:
    garage.chances.pick(garage.stalls).clock_off_s = garage.chances.pick(CLOCKS_OFF_S)


def _answer(_: Weather, garage: Garage) -> None:
    online = [it for it in garage.stalls if it.online]
    if online:
        garage.gateway.push_fail_safe(garage.chances.pick(online), garage.now_s, lost=True)


MISFORTUNES: Final[tuple[tuple[str, int, Misfortune], ...]] = (
    ("connection_lost", 600, _connection),
    ("charger_away_for_long", 10800, _long_away),
    ("building_cut_off", 28800, _cut_off),
    ("gateway_restarted", 3600, _gateway),
    ("balancer_restarted", 3600, _balancer),
    ("balancer_away", 14400, _no_balancer),
    ("balancer_replaced", 5400, _replaced),
    ("crowd", 10800, _crowd),
    ("messages_lost", 1800, _messages),
    ("database_away", 7200, _database),
    ("logs_late", 5400, _late_logs),
    ("logs_prompt", 5400, _prompt_logs),
    ("clock_stepped", 3600, _clock),
    ("answer_lost", 3600, _answer),
)
"""What it is called, how many seconds pass between two of its kind on average, and what it does."""
