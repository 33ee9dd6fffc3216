"""Readings wait for NATS without growing for ever."""

from nats.aio.client import Client

from services.telemetry.publisher import Publisher
from shared.messages.telemetry import MeterReading
from tests.unit.telemetry.facts import AT, BAY_12, later


def test_when_nats_is_away_for_long_the_oldest_readings_go_and_are_counted() -> None:
    publisher = Publisher(Client(), queue_max=3)

    for minute in range(10):
        publisher.offer(
            MeterReading(
                **BAY_12, measured_at=later(minute), received_at=AT, current_a=(1, 0, 0)
            )
        )

    assert publisher.dropped == 7
    assert [data.count(f"08:0{minute}:00".encode()) for minute, data in waiting(publisher)] == [
        1,
        1,
        1,
    ]


def test_a_publisher_is_idle_only_while_nothing_waits_and_nothing_is_on_its_way() -> None:
    publisher = Publisher(Client())
    assert publisher.idle()
    publisher.offer(
        MeterReading(**BAY_12, measured_at=later(1), received_at=AT, current_a=(1, 0, 0))
    )
    assert not publisher.idle()


def waiting(publisher: Publisher) -> list[tuple[int, bytes]]:
    """What has not been dropped, with the minutes it should be of."""
    return list(zip((7, 8, 9), publisher.waiting(), strict=True))
