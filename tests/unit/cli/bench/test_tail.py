"""The tail test must be able to fail: what a reader misses, gets twice or gets out of order is counted."""

from datetime import UTC, datetime
from uuid import UUID

from cli.bench.tail import Seen, tail_figures
from shared.recorded import Meta, Recorded

META = Meta(actor="test", command_id="c", correlation_id="c")


def recorded(position: int, stream: str, version: int) -> Recorded:
    return Recorded(
        position=position,
        stream=stream,
        version=version,
        event_id=UUID(int=position),
        recorded_at=datetime(2026, 11, 1, tzinfo=UTC),
        type="SessionEnded",
        schema_version=1,
        data=b"{}",
        meta=META,
    )


ONE, TWO, THREE = recorded(1, "a", 1), recorded(2, "a", 2), recorded(3, "b", 1)


def counted(*pages: list[Recorded]) -> tuple[float, ...]:
    """Count what was missed, doubled and reordered of the three events."""
    seen = Seen()
    for page in pages:
        seen.take(page)
    figures = tail_figures(seen, {it.event_id for it in (ONE, TWO, THREE)})
    return tuple(
        figures[name]["value"] for name in ("tail_missed", "tail_doubled", "tail_reordered")
    )


def test_a_reader_that_gets_everything_once_and_in_order_has_no_faults() -> None:
    assert counted([ONE, TWO], [THREE]) == (0, 0, 0)


def test_an_event_that_never_comes_is_missed() -> None:
    assert counted([ONE, TWO]) == (1, 0, 0)


def test_a_version_that_was_passed_by_shows_as_disorder_too() -> None:
    assert counted([TWO, THREE]) == (1, 0, 1)


def test_an_event_that_comes_twice_is_doubled() -> None:
    assert counted([ONE], [ONE, TWO, THREE])[:2] == (0, 1)


def test_an_event_that_comes_late_is_reordered() -> None:
    assert counted([ONE, THREE], [TWO]) == (0, 0, 1)
