"""What charging costs, and from which day on."""

from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from services.installation import tariffs
from services.installation.decider import decide, installation
from services.installation.refusals import PricesOverlap, TooManyTariffs
from services.installation.state import Installation
from shared.messages.installation import TariffSet
from shared.messages.installation_commands import SetTariff
from shared.messages.installation_terms import PriceWindow
from tests.unit.installation.facts import created, wish

DECEMBER = date(2026, 12, 1)


def tariff(**changes: object) -> SetTariff:
    given = {"valid_from": DECEMBER, "currency": "NOK", "price_per_kwh": Decimal("1.20")}
    return wish(SetTariff, **(given | changes))


def window(begins: str, ends: str, *days: str) -> PriceWindow:
    said = {"days": days} if days else {}
    return PriceWindow(begins=begins, ends=ends, price_per_kwh=Decimal("0.85"), **said)


def garage(*events: object) -> Installation:
    return installation.fold([created(), *events])  # type: ignore[list-item]


def test_a_tariff_is_set_once_and_another_one_of_the_same_day_takes_its_place() -> None:
    (event,) = decide(tariff(), garage())
    (other,) = decide(tariff(price_per_kwh=Decimal("1.30")), garage(event))

    assert isinstance(event, TariffSet)
    assert decide(tariff(), garage(event)) == ()
    assert [it.price_per_kwh for it in garage(event, other).tariffs.values()] == [
        Decimal("1.30")
    ]


@pytest.mark.parametrize(
    "windows",
    [
        (window("06:00", "22:00"), window("21:45", "23:00", "WED")),
        (window("22:00", "06:00", "SUN"), window("05:00", "07:00", "MON")),
        (window("22:00", "06:00"), window("00:00", "05:00")),
    ],
)
def test_no_moment_has_two_prices(windows: tuple[PriceWindow, ...]) -> None:
    with pytest.raises(PricesOverlap, match="has two prices; let one window end before"):
        decide(tariff(windows=windows), garage())


def test_one_window_may_begin_where_another_ends_all_week_round() -> None:
    windows = (window("06:00", "22:00"), window("22:00", "06:00"))

    (event,) = decide(tariff(windows=windows), garage())

    assert isinstance(event, TariffSet)
    assert event.windows == windows


@pytest.mark.parametrize(
    ("changes", "way_on"),
    [
        ({"currency": "XYZ"}, "code of ISO 4217, such as NOK"),
        ({"price_per_kwh": Decimal("-0.01")}, "greater than or equal to 0"),
        ({"price_per_kwh": Decimal("0.00001")}, "no more than 4 decimal places"),
        ({"vat_percent": Decimal(101)}, "less than or equal to 100"),
    ],
)
def test_what_is_no_price_is_no_tariff(changes: dict[str, object], way_on: str) -> None:
    with pytest.raises(ValidationError, match=way_on):
        tariff(**changes)


def test_a_price_changes_at_a_full_quarter_of_an_hour() -> None:
    with pytest.raises(ValidationError, match="full quarter of an hour, such as 17:00"):
        window("17:05", "18:00")


def test_there_are_not_any_number_of_tariffs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tariffs, "TARIFFS_MAX", 1)
    (event,) = decide(tariff(), garage())

    with pytest.raises(TooManyTariffs):
        decide(tariff(valid_from=date(2027, 1, 1)), garage(event))
    assert decide(tariff(vat_percent=Decimal(25)), garage(event)) != ()
