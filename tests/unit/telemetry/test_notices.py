"""What chargers say of their hardware, and what is not changed one by one."""

from datetime import timedelta

import pytest

from services.telemetry.dialect import Rhythm
from services.telemetry.notices import (
    data_received,
    records_reported,
    security_mark,
    security_reported,
)
from services.telemetry.ocpp16.kept import KEPT, kept
from services.telemetry.ocpp16.settings import configuration, offline_manners
from services.telemetry.said import DataSent, DiagnosticsSaid, SecuritySaid
from tests.unit.telemetry.facts import ASSIGNED, AT, heard


@pytest.mark.parametrize(
    ("kind", "alarming"),
    [
        ("TamperDetectionActivated", True),
        ("InvalidFirmwareSignature", True),
        ("StartupOfTheDevice", False),
        ("VendorsOwn", False),
    ],
)
def test_a_security_event_is_kept_and_some_alarm(kind: str, alarming: bool) -> None:
    said = heard(
        "SecurityEventNotification",
        {"type": kind, "timestamp": "2026-11-22T08:00:00Z", "techInfo": "cover"},
    )

    event = security_reported(ASSIGNED, said)

    assert (event.kind, event.alarming, event.info) == (kind, alarming, "cover")
    assert event.reported_at == AT


def test_what_is_said_again_has_the_same_mark() -> None:
    said = SecuritySaid("MemoryExhaustion", AT)

    assert security_mark(ASSIGNED, said) == security_mark(ASSIGNED, said)
    assert security_mark(ASSIGNED, said) != security_mark(
        ASSIGNED, SecuritySaid("MemoryExhaustion", AT + timedelta(seconds=1))
    )


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("DiagnosticsStatusNotification", {"status": "Uploading"}),
        ("LogStatusNotification", {"status": "Uploading", "requestId": 7}),
    ],
)
def test_both_ways_of_sending_records_say_how_far_it_is(
    action: str, payload: dict[str, object]
) -> None:
    said = heard(action, payload)

    assert said == DiagnosticsSaid("Uploading")
    assert records_reported(ASSIGNED, said).status == "Uploading"


def test_signed_firmware_says_how_far_it_is_as_any_other() -> None:
    said = heard("SignedFirmwareStatusNotification", {"status": "InvalidSignature"})

    assert said.status == "InvalidSignature"


def test_of_a_vendors_words_only_the_length_is_kept() -> None:
    event = data_received(ASSIGNED, DataSent("v", "m", "04A1B2C3"), "UnknownVendorId")

    assert event.characters == 8
    assert "04A1B2C3" not in event.model_dump_json()


def test_whatever_we_set_ourselves_nobody_else_sets() -> None:
    ours = {
        **configuration(Rhythm(300, 10, 10.0)),
        **offline_manners(authentication_required=True),
    }

    assert set(ours) <= set(KEPT)
    assert kept("metervaluesampleinterval") == KEPT["MeterValueSampleInterval"]
    assert kept("LightIntensity") is None
