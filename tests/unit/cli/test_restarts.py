import pytest

from cli.restarts import Restarts, in_words


def after(*ends: tuple[float, float]) -> Restarts:
    restarts = Restarts()
    for lived_s, healthy_s in ends:
        restarts = restarts.after_end(lived_s, healthy_s)
    return restarts


def test_pauses_double_from_a_fifth_of_a_second_to_five_seconds() -> None:
    pauses_s = [after(*[(1.0, 0.5)] * ends).delay_s for ends in range(1, 8)]

    assert pauses_s == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_pauses_stay_finite_after_very_many_ends() -> None:
    assert after(*[(0.1, 0.0)] * 5000).delay_s == 5.0


def test_ten_healthy_seconds_make_the_next_pause_short_again() -> None:
    assert after(*[(1.0, 1.0)] * 6, (11.0, 10.0)).delay_s == 0.2
    assert after(*[(1.0, 1.0)] * 6, (11.0, 9.9)).delay_s == 5.0


def test_a_process_that_lives_long_but_is_never_ready_is_not_healthy() -> None:
    assert after((1000.0, 0.0), (1000.0, 0.0)).delay_s == 0.4


def test_five_quick_ends_in_a_row_are_a_loop_and_four_are_not() -> None:
    assert not after(*[(4.9, 4.0)] * 4).looping
    assert after(*[(4.9, 4.0)] * 5).looping
    assert not after(*[(4.9, 4.0)] * 4, (5.0, 4.0)).looping


def test_a_loop_ends_with_the_first_longer_life() -> None:
    assert not after(*[(0.1, 0.0)] * 9, (60.0, 0.0)).looping


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [
        (0, "ended with exit code 0"),
        (137, "ended with exit code 137"),
        (-15, "killed by SIGTERM"),
        (-9, "killed by SIGKILL: by hand, or by the system for want of memory"),
        (-200, "killed by signal 200"),
    ],
)
def test_an_end_is_told_in_words(exit_code: int, words: str) -> None:
    assert in_words(exit_code) == words
