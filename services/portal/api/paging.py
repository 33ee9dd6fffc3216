"""Lists a page at a time: the cursor names the last entry, so nothing is lost when others come."""

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Final, Generic, TypeVar

import orjson
from fastapi import Query
from pydantic import BaseModel

from services.portal.api.problems import Bad

PAGE_MAX: Final = 200
PAGE: Final = 50

T = TypeVar("T")
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="How many at most.")]
Cursor = Annotated[
    str | None,
    Query(max_length=512, description="`next` of the page before; none: from the beginning."),
]


class Page(BaseModel, Generic[T]):
    """Some of the entries, in order."""

    items: list[T]
    next: str | None = None
    """Where the next page begins; none: there is none."""


def page_of(
    entries: Iterable[T],
    order: Callable[[T], tuple[str, ...]],
    cursor: str | None,
    limit: int,
    *,
    newest_first: bool = False,
) -> Page[T]:
    """
    Cut a page out of entries.

    Args:
        entries: all of them, in any order.
        order: what they are put in order by; no two entries have the same.
        cursor: `next` of the page before.
        limit: how many at most.
        newest_first: from the highest to the lowest.

    Raises:
        Bad: the cursor is none of ours.

    >>> first = page_of(["b", "c", "a"], lambda it: (it,), None, 2)
    >>> first.items, page_of(["b", "c", "a"], lambda it: (it,), first.next, 2).items
    (['a', 'b'], ['c'])
    """
    ordered = sorted(entries, key=order, reverse=newest_first)
    if cursor is not None:
        last = read_cursor(cursor)
        ordered = [
            it for it in ordered if (order(it) < last if newest_first else order(it) > last)
        ]
    return page_from(ordered, order, limit)


def page_from(
    ordered: Sequence[T], order: Callable[[T], tuple[str, ...]], limit: int
) -> Page[T]:
    """
    Make a page of the entries that come next, in their order.

    Args:
        ordered: at least one more than `limit`, if there is one.
        order: what they are put in order by.
        limit: how many at most.
    """
    shown = list(ordered[:limit])
    more = len(ordered) > limit
    return Page(items=shown, next=written(order(shown[-1])) if more else None)


def written(key: tuple[str, ...]) -> str:
    """Write what the last entry of a page was put in order by, as a cursor."""
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[str, ...]:
    """
    Read what the last entry of a page was put in order by.

    Raises:
        Bad: the cursor is none of ours.
    """
    try:
        key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        key = None
    if not isinstance(key, list) or not all(isinstance(it, str) for it in key):
        raise bad_cursor()
    return tuple(key)


def bad_cursor() -> Bad:
    """Say that a cursor is none of ours."""
    return Bad(422, "UnknownCursor", "the cursor is `next` of the page before, as it was given")
