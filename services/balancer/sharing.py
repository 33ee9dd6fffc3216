"""How many partitions each balancer holds: arithmetic, from who is there."""

from collections.abc import Collection, Iterable

from shared.subjects import PARTITIONS


def share_of(slot: int, members: Collection[int]) -> int:
    """
    Tell how many partitions a balancer shall hold: as many as any other, or one more.

    Who comes or goes changes the numbers of the others and nothing else, so only as many partitions
    change hands as must; which ones is nobody's plan.

    Args:
        slot: the number the balancer goes by.
        members: the numbers of all that take part.

    >>> [share_of(slot, [1, 2, 5]) for slot in (1, 2, 5)], share_of(1, [1]), share_of(3, [1, 2])
    ([22, 21, 21], 64, 0)
    """
    if slot not in members:
        return 0
    each, left_over = divmod(PARTITIONS, len(members))
    return each + (sorted(members).index(slot) < left_over)


def to_release(held: Collection[int], share: int) -> list[int]:
    """Choose what is handed over when more is held than is due."""
    return sorted(held)[share:]


def to_take(
    slot: int, held: Collection[int], locked: Collection[int], members: Collection[int]
) -> list[int]:
    """
    Choose what is taken of what nobody holds, up to the own share.

    Those who take at the same moment begin at different places, so that they do not all reach for the same.
    """
    missing = share_of(slot, members) - len(held)
    free = sorted(set(range(PARTITIONS)) - set(locked) - set(held))
    if missing <= 0 or not free:
        return []
    first = sorted(members).index(slot) * len(free) // len(members)
    return [*free[first:], *free[:first]][:missing]


def first_free(taken: Iterable[int]) -> int:
    """
    Choose a number for who comes: the lowest that nobody goes by.

    >>> first_free([]), first_free([1, 2, 4])
    (1, 3)
    """
    used = set(taken)
    return next(it for it in range(1, len(used) + 2) if it not in used)
