"""Quarters of an hour add up to what the register moved, whatever comes in between."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.telemetry.readings.quarters import (
    QUARTER,
    Look,
    Summary,
    merged,
    quarter_of,
    summary_of,
    told,
)
from shared.registers import between

AT = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
"""The night in which clocks in Europe are put forward."""

steps = st.one_of(
    st.floats(1, 60),
    st.floats(60, 3 * 3600),
    st.floats(86400, 40 * 86400),
)
registers = st.one_of(
    st.integers(0, 40),  # readings ten seconds apart
    st.integers(0, 30_000),
    st.sampled_from([-100_000, 2**31 - 500, 10**8 - 3]),
)
"""What a register moves between two looks; falls, and ends at which it rolls over, are among it."""


@st.composite
def histories(draw: st.DrawFn) -> list[Look]:
    """Draw what a charger says over months: gaps, resets, roll-overs, readings without a register."""
    at, register_wh, looks = AT, draw(st.integers(0, 10**6)), []
    for _ in range(draw(st.integers(1, 40))):
        at += timedelta(seconds=draw(steps))
        moved = draw(registers)
        register_wh = moved if moved > 10**7 else max(0, register_wh + moved)
        if register_wh > 10**7 and draw(st.booleans()):
            register_wh = draw(st.integers(0, 2000))
        told_wh = None if draw(st.integers(0, 5)) == 0 else register_wh
        looks.append(Look(at, (draw(st.floats(0, 32)), None, 0.0), told_wh, 230.0))
    return looks


def put_together(looks: Sequence[Look]) -> list[Summary]:
    parts = groupby(looks, key=lambda it: quarter_of(it.at))
    return [summary_of(begins, list(some)) for begins, some in parts]


@given(histories())
def test_quarters_add_up_to_what_the_register_moved(looks: list[Look]) -> None:
    shown = [it.register_wh for it in looks if it.register_wh is not None]
    moves = [between(*it) for it in pairwise(shown)]

    quarters = list(told(put_together(looks)))

    assert sum(it.energy_wh or 0 for it in quarters) == sum(it.gained_wh for it in moves)
    assert sum(it.fell_wh for it in quarters) == sum(it.fell_wh for it in moves)
    assert sum(it.readings for it in quarters) == len(looks)
    assert [it.begins for it in quarters] == sorted({it.begins for it in quarters})
    assert all(it.energy_wh is None or it.energy_wh >= 0 for it in quarters)


@given(histories())
def test_without_roll_over_energy_less_what_it_fell_is_the_difference_of_the_register(
    looks: list[Look],
) -> None:
    low = [Look(it.at, it.current_a, (it.register_wh or 0) % 1000) for it in looks]

    quarters = list(told(put_together(low)))

    moved = sum(it.energy_wh or 0 for it in quarters) - sum(it.fell_wh for it in quarters)
    assert moved == (low[-1].register_wh or 0) - (low[0].register_wh or 0)


@given(histories(), st.data())
def test_pages_tell_what_all_of_it_tells(looks: list[Look], data: st.DataObject) -> None:
    summaries = put_together(looks)
    whole = list(told(summaries))
    since = data.draw(st.sampled_from(whole)).begins + data.draw(
        st.sampled_from([timedelta(0), timedelta(seconds=1), QUARTER])
    )

    assert list(told(summaries, since)) == [it for it in whole if it.begins >= since]


@given(histories(), st.randoms(use_true_random=False))
def test_a_quarter_of_late_readings_alone_has_the_energy_of_one_put_together(
    looks: list[Look], chance: object
) -> None:
    """Registers of late readings count upwards here: whatever comes first, they say the same."""
    begins = quarter_of(AT)
    rising = [
        Look(begins + timedelta(seconds=20 * number), it.current_a, 10 * number, it.power_w)
        for number, it in enumerate(looks)
    ]
    shuffled = list(rising)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    summary = None
    for look in shuffled:
        summary = merged(summary, look)

    whole = summary_of(begins, rising)
    assert summary is not None
    assert summary.run == whole.run
    assert (summary.readings, summary.first_at, summary.last_at) == (
        whole.readings,
        whole.first_at,
        whole.last_at,
    )
    assert summary.highs_a == whole.highs_a


def every(seconds: float, since: datetime, number: int, per_reading_wh: int = 10) -> list[Look]:
    return [
        Look(
            since + timedelta(seconds=seconds * it),
            (16.0, 0.0, 0.0),
            1000 + per_reading_wh * it,
            3680.0,
        )
        for it in range(number)
    ]


def test_a_quarter_is_complete_with_readings_up_to_both_of_its_ends() -> None:
    begins = quarter_of(AT)
    looks = every(10, begins - timedelta(minutes=5), 150)

    first, middle, last = told(put_together(looks))

    assert [first.complete, middle.complete, last.complete] == [False, True, False]
    assert middle.energy_wh == 900
    assert middle.mean_a == (16.0, 0.0, 0.0)
    assert middle.high_a == (16.0, 0.0, 0.0)
    assert middle.mean_w == 3680.0
    assert middle.readings == 90


def test_a_quarter_with_a_hole_or_a_reset_is_not_complete() -> None:
    begins = quarter_of(AT)
    looks = every(10, begins - timedelta(minutes=5), 150)
    hole = [it for it in looks if not 300 < (it.at - begins).total_seconds() < 610]
    reset = [
        Look(it.at, it.current_a, (it.register_wh or 0) - 1500 * (number >= 75))
        for number, it in enumerate(looks)
    ]

    assert [it.complete for it in told(put_together(hole))] == [False] * 3
    assert [it.complete for it in told(put_together(reset))] == [False] * 3
    assert [it.fell_wh for it in told(put_together(reset))] == [0, 1490, 0]


def test_energy_over_a_gap_is_shared_evenly_at_whole_watt_hours() -> None:
    begins = quarter_of(AT)
    looks = [
        Look(begins + timedelta(minutes=5), (0.0, 0.0, 0.0), 1000),
        Look(begins + timedelta(minutes=50), (0.0, 0.0, 0.0), 1010),
    ]

    quarters = list(told(put_together(looks)))

    assert [it.energy_wh for it in quarters] == [2, 3, 3, 2]
    assert [it.readings for it in quarters] == [1, 0, 0, 1]


def test_quarters_without_any_energy_between_far_readings_are_passed_over() -> None:
    begins = quarter_of(AT)
    looks = [
        Look(begins, (0.0, 0.0, 0.0), 1000),
        Look(begins + timedelta(days=1000), (0.0, 0.0, 0.0), 1002),
    ]

    quarters = list(told(put_together(looks)))

    assert [it.energy_wh for it in quarters] == [0, 1, 1, 0]
    assert quarters[1].begins == begins + timedelta(days=500) - QUARTER
