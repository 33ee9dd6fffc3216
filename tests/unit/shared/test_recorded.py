"""The time of an entry stays as PostgreSQL sends it until somebody asks."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from shared.acts_query import PastEvent
from shared.recorded import Meta, Recorded

OSLO = timezone(timedelta(hours=1))


def recorded(at: datetime) -> Recorded:
    return Recorded(
        position=1,
        stream="pier",
        version=1,
        event_id=UUID(int=1),
        recorded_at=at,
        type="InstallationCreated",
        schema_version=1,
        data=b"{}",
        meta=Meta(actor="me", command_id="c", correlation_id="c"),
    )


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 11, 27, 19, 6, 38, 123_457, tzinfo=UTC),
        datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 3, 29, 2, 30, tzinfo=OSLO),
    ],
)
def test_a_time_is_read_as_it_was_written_to_the_microsecond(at: datetime) -> None:
    assert recorded(at).recorded_at == at


def test_an_entry_is_the_same_after_it_was_told_to_somebody() -> None:
    entry = recorded(datetime(2026, 11, 27, 19, 6, 38, 123_457, tzinfo=UTC))

    told = PastEvent.of(entry).model_dump_json()

    assert PastEvent.model_validate_json(told).recorded() == entry


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        recorded(datetime(2026, 11, 27))  # noqa: DTZ001  # that is what is refused
