"""Balancers share out partitions, lose them and take over; nobody decides for what another one holds."""

import pytest

from cli.proving.trials import PromiseBroken
from cli.simulating.mutations import without
from cli.simulating.shares import FAULTS, live_shares

SEEDS = range(1, 4)


def test_whatever_goes_wrong_one_decides_for_each_in_the_end() -> None:
    shared = [live_shares(seed, seconds=120) for seed in SEEDS]

    assert all(it.events for it in shared)
    assert set().union(*(it.faults for it in shared)) == set(FAULTS)


def test_the_same_seed_is_the_same_history() -> None:
    assert live_shares(3, seconds=30).ids == live_shares(3, seconds=30).ids


def test_it_is_missed_if_partitions_count_as_held_for_too_long() -> None:
    def live_through() -> None:
        for seed in range(1, 20):
            live_shares(seed)

    with without("held"), pytest.raises(PromiseBroken, match="and held by"):
        live_through()
