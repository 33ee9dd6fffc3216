"""A session's energy by price, and what it costs: to the watt-hour, to the coin."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.portal.billing.curves import Curve
from services.portal.billing.lines import line_of, rounded
from services.portal.billing.prices import Prices
from tests.unit.portal.billing.facts import BEGAN, OSLO, measured, session, tariff

DAY, NIGHT = Decimal("1.20"), Decimal("0.80")
HOUR = timedelta(hours=1)
MOMENTS = st.integers(0, 300 * 86_400).map(
    lambda it: datetime(2026, 2, 1, tzinfo=UTC) + timedelta(seconds=it)
)
MARKS = st.lists(
    st.tuples(st.integers(-3_600, 200_000), st.integers(-5_000, 90_000)), max_size=20
)


def prices(*changes: dict[str, object]) -> Prices:
    return Prices([tariff(**it) for it in changes or ({},)], OSLO)


def test_energy_is_priced_by_the_time_at_which_it_was_drawn() -> None:
    it = session(BEGAN, BEGAN + 4 * HOUR, 10_000)
    looks = [
        (BEGAN + timedelta(minutes=15 * n), 750 * n) for n in range(1, 9)
    ]  # 6 kWh by 22:00

    line = line_of(measured(it, *looks), prices())

    assert line.by_price_wh == {DAY: 6_000, NIGHT: 4_000}
    assert not line.estimated
    assert line.cost is not None
    assert (line.cost.net, line.cost.vat, line.cost.gross) == (
        Decimal("15.40"),  # 6 × 1.20 + 4 × 0.80 + 5
        Decimal("3.85"),
        Decimal("19.25"),
    )


def test_what_readings_do_not_tell_is_shared_evenly_and_marked() -> None:
    it = session(BEGAN, BEGAN + 4 * HOUR, 10_001)

    line = line_of(measured(it), prices())

    assert line.by_price_wh == {DAY: 5_000, NIGHT: 5_001}
    assert line.estimated


def test_with_one_price_nothing_needs_an_estimate() -> None:
    it = session(BEGAN, BEGAN + 4 * HOUR, 10_000)

    assert not line_of(measured(it), prices({"windows": ()})).estimated
    assert not line_of(measured(session(BEGAN, BEGAN + HOUR)), prices()).estimated


def test_the_tariff_of_the_beginning_holds_to_the_end() -> None:
    began = datetime(2026, 11, 30, 23, 0, tzinfo=OSLO)
    december = {"valid_from": date(2026, 12, 1), "price_per_kwh": Decimal(9), "windows": ()}

    line = line_of(measured(session(began, began + 2 * HOUR)), prices({}, december))
    later = line_of(measured(session(began + HOUR, began + 2 * HOUR)), prices({}, december))

    assert line.by_price_wh == {NIGHT: 10_000}
    assert later.by_price_wh == {Decimal(9): 10_000}


def test_before_there_is_a_tariff_nothing_has_a_price() -> None:
    line = line_of(
        measured(session(datetime(2026, 10, 1, tzinfo=OSLO))), prices({"windows": ()})
    )

    assert (line.cost, line.energy_wh) == (None, 10_000)


def test_a_session_that_took_nothing_costs_nothing() -> None:
    line = line_of(measured(session(BEGAN, BEGAN + HOUR, 0)), prices())

    assert line.cost is not None
    assert line.cost.gross == 0


@pytest.mark.parametrize(
    ("began", "night_wh"),
    [
        (
            datetime(2026, 3, 28, 21, 0, tzinfo=OSLO),
            7_000,
        ),  # to 06:00 it is 8 hours; 7 by night
        (datetime(2026, 10, 24, 21, 0, tzinfo=OSLO), 9_000),
    ],
)
def test_a_night_has_an_hour_less_or_more_when_the_clock_is_changed(
    began: datetime, night_wh: int
) -> None:
    ends = began.replace(hour=7) + timedelta(days=1)
    hours = (ends.astimezone(UTC) - began.astimezone(UTC)) // HOUR
    tariffs = prices({"valid_from": date(2026, 1, 1)})

    line = line_of(measured(session(began, ends, hours * 1_000)), tariffs)

    assert line.by_price_wh == {DAY: 2_000, NIGHT: night_wh}


def test_looks_that_cannot_be_are_passed_over() -> None:
    it = session(BEGAN, BEGAN + 4 * HOUR, 10_000)
    good = (BEGAN + HOUR, 4_000)
    late = (BEGAN + timedelta(minutes=59), 3_000)
    fallen, beyond = (BEGAN + 2 * HOUR, 3_900), (BEGAN + 3 * HOUR, 10_001)

    curve = Curve(measured(it, good, late, fallen, beyond))

    assert curve.at((BEGAN + HOUR).timestamp()) == 4_000
    assert curve.at((BEGAN + 2.5 * HOUR).timestamp()) == 7_000


@given(MOMENTS, st.integers(0, 200_000), st.integers(0, 90_000), MARKS)
def test_the_parts_of_any_session_are_its_energy_to_the_watt_hour(
    began: datetime, length_s: int, energy_wh: int, looks: list[tuple[int, int]]
) -> None:
    it = session(began, began + timedelta(seconds=length_s), energy_wh)
    marks = [(began + timedelta(seconds=at_s), wh) for at_s, wh in looks]

    line = line_of(measured(it, *marks), prices({"valid_from": date(2026, 1, 1)}))

    assert sum(line.by_price_wh.values()) == energy_wh
    assert all(wh >= 0 for wh in line.by_price_wh.values())


@given(
    st.integers(0, 90_000),
    MARKS,
    st.lists(st.integers(-100, 100_000), max_size=30),
)
def test_any_split_of_time_adds_up_and_nothing_flows_back(
    energy_wh: int, looks: list[tuple[int, int]], cuts_s: list[int]
) -> None:
    it = session(BEGAN, BEGAN + timedelta(seconds=90_000), energy_wh)
    curve = Curve(measured(it, *((BEGAN + timedelta(seconds=s), wh) for s, wh in looks)))
    at = [-1, *sorted(cuts_s), 100_001]

    reached = [curve.at(BEGAN.timestamp() + it) for it in at]

    assert reached == sorted(reached)
    assert reached[-1] - reached[0] == energy_wh


@given(st.integers(0, 90_000), st.decimals(0, 20, places=4), st.decimals(0, 30, places=2))
def test_amounts_are_rounded_once_and_add_up(
    energy_wh: int, price: Decimal, vat_percent: Decimal
) -> None:
    changes = {"windows": (), "price_per_kwh": price, "vat_percent": vat_percent}
    cost = line_of(measured(session(energy_wh=energy_wh)), prices(changes)).cost

    assert cost is not None
    exact = price * energy_wh / 1000 + (5 if energy_wh else 0)
    assert abs(cost.net - exact) <= Decimal("0.005")
    assert abs(cost.vat - cost.net * vat_percent / 100) <= Decimal("0.005")
    assert cost.gross == cost.net + cost.vat == rounded(cost.gross, "NOK")
