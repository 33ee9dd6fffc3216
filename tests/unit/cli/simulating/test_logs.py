"""A log is written, killed, cut off, restored and announced, and is what was acknowledged."""

import pytest

from cli.proving.trials import PromiseBroken
from cli.simulating.logs import live_logs
from cli.simulating.mutations import without

SEEDS = range(1, 9)


def test_what_is_acknowledged_is_in_the_log_once_and_announced_as_it_is() -> None:
    logged = [live_logs(seed, wishes=150) for seed in SEEDS]

    assert sum(it.events for it in logged) > len(SEEDS)
    happened = set().union(*(it.faults for it in logged))
    assert {"killed", "database_crashed", "restored", "jetstream_lost"} <= happened
    assert {"poisoned", "documents_old"} <= happened


def test_the_same_seed_is_the_same_log() -> None:
    assert live_logs(3, wishes=150).ids == live_logs(3, wishes=150).ids


@pytest.mark.parametrize("rule", ["sequence", "one-place", "gap", "behind"])
def test_a_rule_of_logs_that_is_switched_off_is_missed(rule: str) -> None:
    def live_through() -> None:
        for seed in SEEDS:
            live_logs(seed)

    with without(rule), pytest.raises(PromiseBroken):
        live_through()
