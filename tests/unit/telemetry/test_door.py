"""Who may knock, and how often that is put on record."""

import pytest

from services.telemetry.door import Unaddressed, serial_of
from services.telemetry.knocks import KNOCKS_MAX, QUIET_S, Knocks


@pytest.mark.parametrize(
    "target",
    ["/ocpp/ZAP000123", "/ocpp/zap000123", "/ocpp/ZAP%30%30%30123", "/ocpp/ZAP000123?v=1"],
)
def test_the_serial_number_is_the_end_of_the_path(target: str) -> None:
    assert serial_of(target) == "ZAP000123"


@pytest.mark.parametrize("target", ["/ocpp/", "/ocpp/a b", "/ocpp/ZAP/1", "/ocpp/%00%01%02%03"])
def test_what_cannot_be_a_serial_number_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="serial number"):
        serial_of(target)


@pytest.mark.parametrize("target", ["/", "/ZAP000123", "/ocpp", "//ocpp/ZAP000123", "*"])
def test_chargers_are_beneath_ocpp(target: str) -> None:
    with pytest.raises(Unaddressed):
        serial_of(target)


def test_a_charger_that_keeps_knocking_is_put_on_record_every_ten_minutes() -> None:
    knocks = Knocks()

    admitted = [at_s for at_s in range(0, 3600, 5) if knocks.admit("ZAP000123", float(at_s))]

    assert admitted == [0, 600, 1200, 1800, 2400, 3000]


def test_strangers_of_ever_new_names_cannot_fill_the_log() -> None:
    knocks = Knocks()

    admitted = sum(knocks.admit(f"ZAP{number:06}", number / 100) for number in range(10_000))

    assert admitted == KNOCKS_MAX
    assert knocks.admit("ZAP999999", QUIET_S + 1)
