"""Weeks of real sessions, and the garage they are played in."""

import numpy as np
import pytest

from cli.bench.acn_garage import Garage, garage, played
from cli.bench.acn_optimum import optimum_kwh
from cli.bench.acn_ours import Ours, fair, fast
from cli.bench.acn_sessions import (
    CAR_A_MAX,
    KWH_PER_A_STEP,
    WEEKS,
    Stay,
    week_of_stays,
)
from shared.units import STEP_A

pytestmark = pytest.mark.integration

FULL_STEP_KWH = CAR_A_MAX * KWH_PER_A_STEP


def line(capacity_a: float) -> Garage:
    """Two stations on one line."""
    return Garage(("a", "b"), np.ones((1, 2), dtype=complex), np.array([capacity_a]))


@pytest.mark.parametrize("week", WEEKS)
def test_every_stay_is_at_a_station_of_the_garage(week: str) -> None:
    stations = set(garage(transformer_kw=50).station_ids)

    stays = week_of_stays(week)

    assert len(stays) > 200
    assert {it.station_id for it in stays} <= stations
    assert all(it.need_kwh <= (it.leaves - it.arrives) * FULL_STEP_KWH + 1e-9 for it in stays)


def test_the_optimum_lets_the_hurried_go_first() -> None:
    stays = [
        Stay("a", "hurried", arrives=0, leaves=1, need_kwh=FULL_STEP_KWH),
        Stay("b", "patient", arrives=0, leaves=2, need_kwh=FULL_STEP_KWH),
    ]

    assert optimum_kwh(stays, line(CAR_A_MAX)) == pytest.approx(2 * FULL_STEP_KWH, rel=1e-4)


def test_the_optimum_is_no_more_than_fits() -> None:
    stays = [Stay(it, it, arrives=0, leaves=1, need_kwh=FULL_STEP_KWH) for it in "ab"]

    assert optimum_kwh(stays, line(CAR_A_MAX)) == pytest.approx(FULL_STEP_KWH, rel=1e-4)


@pytest.mark.parametrize("decide", [fast(STEP_A), fair(STEP_A)])
def test_ours_keeps_the_garages_limits_and_serves_who_can_be_served(decide: object) -> None:
    place = garage(transformer_kw=150)
    stays = week_of_stays(WEEKS[0], days=1)[:6]

    outcome = played(stays, 150, Ours(place, decide))  # type: ignore[arg-type]

    assert outcome.excess_as == 0
    assert outcome.delivered_kwh == pytest.approx(outcome.needed_kwh, rel=0.02)
