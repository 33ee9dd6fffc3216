"""Whatever other load does, and whatever gets lost: nothing is planned above what it leaves."""

import pytest

from cli.audit import audit
from cli.bench.steps_site import HIGHEST_A, RATING_A, SteppedSite
from cli.proving.moments import Chances

CARS = 4


class Street:
    """A house and cars, meters that fall silent, and messages that are lost."""

    def __init__(self, seed: int) -> None:
        self.chances = Chances(seed)
        self.site = SteppedSite(CARS)
        self.house_a = 10.0
        self.drawn_a = [0.0] * CARS
        self.on_the_way: list[tuple[int, int]] = []
        self.silent_until_s = 0.0

    def pass_a_second(self, now_s: float) -> None:
        if self.chances.one_in(12):
            self.house_a = self.chances.pick([0.0, 5.0, 20.0, 35.0, HIGHEST_A])
        if self.chances.one_in(60):
            self.silent_until_s = now_s + self.chances.pick([2.0, 8.0, 40.0])
        for index in range(CARS):
            self.drawn_a[index] = self.site.offered_a(index, now_s)
        if now_s >= self.silent_until_s:
            total_a = self.house_a + sum(self.drawn_a)
            self.site.read_breaker(total_a, now_s - self.chances.pick([0.0, 0.3]), now_s)
        for index in range(CARS):
            if self.chances.one_in(6):
                self.site.read_charger(index, self.drawn_a[index], now_s)
        for index, sequence in list(self.on_the_way):
            self.on_the_way.remove((index, sequence))
            if self.chances.one_in(8):
                continue  # it never comes
            applied = self.site.apply(index, sequence, now_s)
            if not self.chances.one_in(8):
                self.site.hear(applied, now_s)
        self.on_the_way += self.site.decide(now_s)


@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_planned_above_what_other_load_leaves(seed: int) -> None:
    street = Street(seed)
    used_a = 0.0
    for second in range(1, 301):
        street.pass_a_second(float(second))
        used_a += sum(street.drawn_a)

    found = audit([street.site.recorded()])

    assert found.planned_overload_as == 0, found.worst_at
    assert used_a / 300 > 0.1 * RATING_A, "cars charge all the same"
