"""A day of a garage on an IT grid and on a TN grid."""

from cli.bench.garage_day import BAYS, delivered_kwh
from shared.phases import GridType
from simulator.sessions import load_sessions, visits


def test_an_it_grid_counted_by_phasors_carries_more() -> None:
    played = visits(load_sessions(), BAYS)

    by_phasors = delivered_kwh(played, GridType.IT_3_PHASE, by_phasors=True)
    by_sums = delivered_kwh(played, GridType.IT_3_PHASE, by_phasors=False)

    assert 1.05 * by_sums < by_phasors < 1.155 * by_sums
