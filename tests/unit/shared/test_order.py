"""Which events of a batch may be taken: those that follow the cursor without a gap."""

import pytest

from shared.announced import Unreadable
from shared.follow import in_order


@pytest.mark.parametrize(
    ("positions", "after", "taken", "missed"),
    [
        ([], 4, [], None),
        ([5, 6, 7], 4, [5, 6, 7], None),
        ([3, 4, 5], 4, [5], None),
        ([3, 4], 4, [], None),
        ([6, 7], 4, [], 6),
        ([5, 7], 4, [5], 7),
        ([1, 3, 5, 7], 0, [1], 3),
        ([5, 6, 5, 6, 7], 4, [5, 6, 7], None),
        ([5, 4, 6, 9, 7], 4, [5, 6], 9),
    ],
)
def test_what_follows_without_a_gap_is_taken(
    positions: list[int], after: int, taken: list[int], missed: int | None
) -> None:
    batch = [Unreadable(it, "garage-1", "never mind") for it in positions]

    fresh, gap = in_order(batch, after)

    assert [it.position for it in fresh] == taken
    assert gap == missed
