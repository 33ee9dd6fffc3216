"""How partitions are shared out."""

from hypothesis import given
from hypothesis import strategies as st

from services.balancer.sharing import first_free, share_of, to_release, to_take
from shared.subjects import PARTITIONS

SLOTS = st.sets(st.integers(1, 20), min_size=1, max_size=9)


@given(SLOTS)
def test_everything_is_shared_out_and_evenly(members: set[int]) -> None:
    shares = [share_of(it, members) for it in members]

    assert sum(shares) == PARTITIONS
    assert max(shares) - min(shares) <= 1


def test_who_does_not_take_part_has_no_share() -> None:
    assert share_of(3, {1, 2}) == 0
    assert to_take(3, [], [], {1, 2}) == []


@given(st.lists(SLOTS, min_size=1, max_size=6))
def test_whoever_comes_and_goes_in_whatever_order_each_comes_to_hold_its_share(
    crowds: list[set[int]],
) -> None:
    held: dict[int, set[int]] = {}
    for members in crowds:
        held = {it: held.get(it, set()) for it in members}
        before = {it: set(mine) for it, mine in held.items()}
        for _ in range(3):
            for slot in sorted(members):
                mine = held[slot]
                mine -= set(to_release(mine, share_of(slot, members)))
                locked = set().union(*held.values())
                mine |= set(to_take(slot, mine, locked, members))
        everything = [it for mine in held.values() for it in mine]
        assert sorted(everything) == list(range(PARTITIONS)), "each is held, and once"
        for slot, mine in held.items():
            share = share_of(slot, members)
            assert len(mine) == share
            assert len(before[slot] & mine) == min(len(before[slot]), share), "moved needlessly"


def test_who_take_at_the_same_moment_reach_for_different_ones() -> None:
    first, second = (to_take(it, [], [], {1, 2}) for it in (1, 2))

    assert not set(first) & set(second)


def test_a_number_that_is_free_again_is_used_again() -> None:
    assert first_free([1, 3]) == 2
