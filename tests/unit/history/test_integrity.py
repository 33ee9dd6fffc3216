"""Every change to a log is found, and the first bad event is named."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from shared.history.chain import Stored, hash_after
from shared.history.integrity import (
    Anchor,
    Verifier,
    copy_faults,
    cursor_faults,
    head_faults,
    stream_faults,
)
from tests.unit.history.facts import chained, garage_with_a_locked_charger

LOG = garage_with_a_locked_charger().stored()


def verified(events: Sequence[Stored], *anchors: Anchor) -> Verifier:
    verifier = Verifier(anchors=anchors)
    for event in events:
        verifier.show(event)
    verifier.finish()
    return verifier


def changed(position: int, **changes: object) -> list[Stored]:
    log = list(LOG)
    log[position - 1] = replace(log[position - 1], **changes)  # type: ignore[arg-type]
    return log


def test_an_untouched_log_is_good() -> None:
    found = verified(LOG)

    assert (found.chain, found.order, found.first_bad) == ([], [], None)
    assert found.count == len(LOG) == 7


def test_the_bytes_under_a_hash_never_change() -> None:
    """Logs that exist would be called bad if this laid out an event in another way than they did."""
    event = Stored(
        position=2,
        stream="installation-blåbær",
        version=1,
        type="CircuitAdded",
        schema=1,
        event_id=UUID("0193a5b0-0000-7000-8000-000000000001"),
        data=b'{"name":"Level 1"}',
        meta=b'{"actor":"nina"}',
        recorded_at=datetime(2026, 11, 22, 13, 0, 0, 123456, tzinfo=UTC),
        hash=b"",
    )

    assert hash_after(bytes(range(32)), event).hex() == (
        "0880d432db0f63d5be582dfe5c8a3ad219ce4c111f28b182c7adf95efe29e925"
    )


@pytest.mark.parametrize("position", [1, 4, 7])
@pytest.mark.parametrize(
    "change",
    [
        {"data": b"{}"},
        {"meta": b"{}"},
        {"type": "CircuitPainted"},
        {"schema": 9},
        {"stream": "installation-other"},
        {"recorded_at": LOG[0].recorded_at.replace(year=2020)},
        {"event_id": LOG[0].event_id.__class__(int=404)},
        {"version": 99},
    ],
    ids=lambda it: next(iter(it)) if isinstance(it, dict) else str(it),
)
def test_whatever_of_an_event_is_changed_it_is_named(
    position: int, change: dict[str, object]
) -> None:
    bad = verified(changed(position, **change)).first_bad

    assert bad is not None
    assert bad.position == position


def test_a_changed_content_is_told_from_a_changed_hash() -> None:
    [content] = verified(changed(4, data=b"{}")).chain
    [digest] = verified(changed(4, hash=bytes(32))).chain

    assert (content.position, content.what) == (
        4,
        "its content was changed after it was recorded",
    )
    assert (content.type, content.stream) == ("ChargerAssigned", "installation-harbour-garage")
    assert digest.position == 4
    assert "its stored hash was changed" in digest.what


def test_two_changed_events_are_both_named() -> None:
    log = changed(2, data=b"{}")
    log[4] = replace(log[4], data=b"{}")

    assert [it.position for it in verified(log).chain] == [2, 5]


def test_neighbours_that_were_both_changed_are_both_named() -> None:
    log = changed(2, data=b"{}")
    log[2] = replace(log[2], data=b"{}")

    assert [it.position for it in verified(log).chain] == [2, 3]


def test_the_last_event_is_not_left_out() -> None:
    assert [it.position for it in verified(changed(7, data=b"{}")).chain] == [7]


def test_an_event_that_is_gone_is_named_by_its_position() -> None:
    found = verified([it for it in LOG if it.position not in {3, 4}])

    assert found.first_bad is not None
    assert str(found.first_bad) == "position 3: it is missing, and all up to 4"


def test_a_version_that_does_not_follow_is_named() -> None:
    log = chained([replace(it, version=it.version + (it.position == 4)) for it in LOG])

    assert [it.position for it in verified(log).order] == [4, 5]


def test_a_log_rewritten_with_new_hashes_is_found_by_an_anchor_alone() -> None:
    kept = Anchor(5, LOG[4].hash)
    rewritten = chained(changed(3, data=b"{}"))

    assert verified(rewritten).chain == []
    assert [it.position for it in verified(rewritten, kept).chain] == [5]
    assert verified(LOG, kept).chain == []


def test_a_log_that_ends_before_its_anchor_is_found() -> None:
    kept = Anchor(7, LOG[6].hash)

    [fault] = verified(LOG[:5], kept).chain

    assert "the log ends at 5" in fault.what


def test_a_part_of_a_log_can_be_verified_with_the_hash_before_it() -> None:
    verifier = Verifier(previous=LOG[3].hash, begins_at=5)
    for event in LOG[4:]:
        verifier.show(event)
    verifier.finish()

    assert (verifier.chain, verifier.order) == ([], [])


def test_an_anchor_is_one_word() -> None:
    text = str(Anchor(5, LOG[4].hash))

    assert Anchor.read(text) == Anchor(5, LOG[4].hash)
    for wrong in ("", "abc@5", text.replace("@", ""), text + "x"):
        with pytest.raises(ValueError, match="HASH@POSITION"):
            Anchor.read(wrong)


# --- What is kept beside a log ---


def test_a_head_that_is_not_where_the_log_ends_is_found() -> None:
    last = LOG[-1]

    assert head_faults(last, 7, last.hash) == []
    assert head_faults(last, 8, last.hash) != []
    assert head_faults(last, 7, bytes(32)) != []
    assert head_faults(None, 0, bytes(32)) == []


def test_a_stream_kept_at_another_version_is_found() -> None:
    assert stream_faults({"a": 2}, {"a": 2}) == []
    assert [str(it) for it in stream_faults({"a": 2}, {"a": 3, "b": 1})] == [
        "position 0: stream a is kept at version 3, the log says 2",
        "position 0: stream b is kept at version 1, the log says 0",
    ]


def test_a_copy_that_differs_is_found_event_by_event() -> None:
    log = ["e1", "e2", "e3"]

    assert copy_faults(log, [(1, "e1"), (2, "e2")]) == []
    assert [it.position for it in copy_faults(log, [(1, "e1"), (3, "e3")])] == [2]
    assert [it.position for it in copy_faults(log, [(1, "e1"), (2, "x")])] == [2]
    assert [it.position for it in copy_faults(log, [*enumerate(log, 1), (4, "e4")])] == [4]


def test_a_cursor_beyond_the_head_is_found() -> None:
    assert [it.position for it in cursor_faults(5, {"portal": 5, "balancer": 6})] == [6]
