"""What a register tells between two looks, whatever it has done."""

from hypothesis import assume, given
from hypothesis import strategies as st

from shared.registers import ROLLOVER_SPAN_WH, ROLLOVERS_WH, Movement, between

WH = st.integers(0, 2**33)


@given(WH, WH)
def test_a_register_gains_or_falls_and_never_both(before_wh: int, after_wh: int) -> None:
    moved = between(before_wh, after_wh)

    assert min(moved.gained_wh, moved.fell_wh) == 0
    assert max(moved.gained_wh, moved.fell_wh) >= 0
    if after_wh >= before_wh:
        assert moved == Movement(after_wh - before_wh, 0)


@given(st.sampled_from(ROLLOVERS_WH), st.integers(0, 10**6), st.integers(1, 10**6))
def test_over_a_roll_over_nothing_is_lost(end_wh: int, left_wh: int, past_wh: int) -> None:
    assume(left_wh + past_wh <= ROLLOVER_SPAN_WH)

    assert between(end_wh - left_wh, past_wh % end_wh) == Movement(left_wh + past_wh, 0)


def test_a_reset_far_from_where_registers_end_is_no_roll_over() -> None:
    assert between(5_000_000, 120) == Movement(0, 4_999_880)
