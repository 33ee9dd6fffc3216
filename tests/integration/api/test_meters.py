"""What is told of meters over the API: how they are set up, how they are heard, where they send to."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared.clock import utc_now
from shared.messages.telemetry import BreakerReading
from shared.meter_query import (
    LastRefused,
    LastTaken,
    MeterStanding,
    MeterWays,
    answer_standings,
)
from tests.integration.api.conftest import HARBOUR
from tests.support.api_place import ApiPlace

pytestmark = pytest.mark.integration

METERS = f"/installations/{HARBOUR}/meters"
WAYS = MeterWays(http="https://meters.example.org:9181", mqtt="mqtts://meters.example.org:8883")


async def heard(installation_id: str) -> Sequence[MeterStanding]:
    """Stand in for telemetry, which has heard of one meter."""
    now = utc_now()
    reading = BreakerReading(
        installation_id=installation_id,
        meter_id="house",
        measured_at=now,
        received_at=now,
        current_a=(31.2, None, -4.0),
    )
    refused = LastRefused(
        at=now - timedelta(minutes=1), refusal="ChecksumWrong", detail="lost", by="MQTT"
    )
    taken = LastTaken(reading=reading, shape="p1_telegram", by="MQTT")
    return [
        MeterStanding(
            meter_id="house", taken=7, refused=1, last_taken=taken, last_refused=refused
        )
    ]


async def test_meters_are_told_with_how_they_are_heard_and_where_they_send_to(
    place: ApiPlace,
) -> None:
    installer = place.person("installer")
    for meter_id, measures in (("house", "TOTAL"), ("roof", "LOAD_ONLY")):
        meter = {"meter_id": meter_id, "measures": measures, "highest_a": 40}
        added = await installer.post(METERS, json=meter)
        assert added.status_code == 201, added.text
    assert (await installer.get(METERS)).status_code == 503  # telemetry is not there

    await answer_standings(place.client, heard, WAYS)
    house, roof = (await installer.get(METERS)).json()["items"]

    assert (house["taken"], house["refused"]) == (7, 1)
    assert house["last_taken"]["shape"] == "p1_telegram"
    assert house["last_taken"]["reading"]["current_a"] == [31.2, None, -4.0]
    assert house["last_refused"]["refusal"] == "ChecksumWrong"
    assert house["url"] == f"https://meters.example.org:9181/meters/{HARBOUR}/house"
    assert (house["mqtt"], house["topic"]) == (WAYS.mqtt, f"meters/{HARBOUR}/house")
    assert (roof["meter_id"], roof["taken"], roof["last_taken"]) == ("roof", 0, None)


async def test_meters_are_told_only_where_one_has_a_role(place: ApiPlace) -> None:
    assert (await place.person("stranger").get(METERS)).status_code == 404
