"""My charging: what is a driver's own, and nothing of anybody else's."""

from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from services.portal.charging import ChargingSession
from services.portal.documents import Wish
from services.portal.driver.costs import cost_of, cost_so_far
from services.portal.driver.finishing import finish_text, power_w_of
from services.portal.driver.mine import SESSIONS_MAX, began_before, my_sessions, offers, running
from services.portal.facts import Facts
from shared.messages import Command
from shared.messages.installation_commands import SetChargingWish
from shared.messages.installation_terms import Tariff
from shared.messages.permissions import Role
from shared.messages.telemetry import StartCharging, StopCharging
from shared.phases import GridType
from shared.rights.grants import Grants
from shared.rights.table import Action
from tests.unit.portal.facts import AT, GARAGE, GUESTS_LOCKED, LAYOUT, at, known, reading
from tests.unit.portal.test_charger_page import FORM, Doer, grants, session
from tests.unit.portal.test_pages import asking, sights

USER = grants(("dora", Role.USER, None))
OF_BAY_2 = grants(("dora", Role.OWNER, "bay-2"))
AT_BAY_1 = {"installation_id": GARAGE, "charger_id": "bay-1"}


def client(seen: Grants = USER, facts: Facts | None = None, **more: Any) -> httpx.AsyncClient:
    return asking(sights(facts or known()), session="dora's", grants=seen, **more)


def past(number: int, **changes: object) -> ChargingSession:
    """A session of some days ago."""
    told: dict[str, object] = {
        "session_id": f"p-{number}",
        "installation_id": GARAGE,
        "charger_id": "bay-2",
        "person_id": "dora",
        "started_at": at(-90_000 - 3600 * number),
        "ended_at": at(-90_000 - 3600 * number + 2700),
        "energy_wh": 8400,
    }
    return ChargingSession.model_validate(told | changes)


async def test_my_car_is_shown_with_its_current_and_the_reason() -> None:
    async with client(sessions=session()) as http:
        page = (await http.get("/my")).text

    assert f'data-node="chargers:{GARAGE}/bay-1"' in page
    assert "11.4 A" in page
    assert "9 cars share it: 12.0 A is this car" in page
    assert 'action="/my/stop"' in page
    assert 'data-live="/my/live"' in page


async def test_a_car_of_somebody_else_is_not_shown() -> None:
    async with client(sessions=session(person_id="olga")) as http:
        page = (await http.get("/my")).text

    assert "No car of yours charges now" in page
    assert "11.4 A" not in page
    assert "You have not charged yet." in page


async def test_a_driver_sees_where_they_may_charge_and_not_how_it_is_there() -> None:
    async with client() as http:
        page = (await http.get("/my")).text

    assert "Bay 1" in page and "Bay 2" in page  # noqa: PT018  # one list
    assert "Start charging at Bay 2" in page
    assert f"/installations/{GARAGE}/chargers/" not in page


async def test_an_owner_of_a_charger_finds_its_page_here() -> None:
    async with client(OF_BAY_2) as http:
        page = (await http.get("/my")).text

    assert f'href="/installations/{GARAGE}/chargers/bay-2"' in page
    assert "Bay 1" not in page


async def test_whoever_may_charge_nowhere_is_told_whom_to_ask() -> None:
    async with client(grants()) as http:
        page = (await http.get("/my")).text
        live = await http.get("/my/live")

    assert "ask them for access" in page
    assert "data-live" not in page
    assert live.status_code == 404


@pytest.mark.parametrize(
    ("seen", "lands"),
    [
        (USER, True),
        (OF_BAY_2, True),
        (grants(("dora", Role.OWNER, None)), False),
        (grants(("dora", Role.USER, None), ("dora", Role.SERVICE, None)), False),
        (grants(), False),
    ],
)
async def test_whoever_only_charges_comes_here_after_signing_in(
    seen: Grants, lands: bool
) -> None:
    async with client(seen) as http:
        home = await http.get("/")

    assert (home.status_code == 303 and home.headers["location"] == "/my") is lands


@pytest.mark.parametrize(
    ("form", "fields", "kind"),
    [
        ("start", {}, StartCharging),
        ("stop", {}, StopCharging),
        ("wish", {"ready_by": "07:00", "kwh": "30"}, SetChargingWish),
    ],
)
async def test_what_a_driver_wants_is_asked_for_once(
    form: str, fields: dict[str, str], kind: type[Command]
) -> None:
    doer = Doer()
    async with client(acting=doer, sessions=session()) as http:
        done = await http.post(f"/my/{form}", data=FORM | AT_BAY_1 | fields)

    assert (done.status_code, done.headers["location"]) == (303, "/my")
    (command,) = doer.asked
    assert isinstance(command, kind)
    assert command.command_id == "person:dora.once"


async def test_a_refusal_and_a_wrong_wish_are_told_on_the_same_page() -> None:
    async with client(acting=Doer("SessionRuns", "a session runs there")) as http:
        refused = await http.post("/my/start", data=FORM | AT_BAY_1)
    async with client(acting=Doer(), sessions=session()) as http:
        wrong = await http.post(
            "/my/wish", data=FORM | AT_BAY_1 | {"kwh": "lots", "ready_by": "07:00"}
        )
        nowhere = await http.post("/my/wish", data=FORM | {"installation_id": "moon"})

    assert (refused.status_code, "A session runs there." in refused.text) == (409, True)
    assert (wrong.status_code, "This is no number." in wrong.text) == (422, True)
    assert 'value="lots"' in wrong.text
    assert nowhere.status_code == 404


# --- Pure ---


def test_a_session_whose_charger_has_another_one_now_does_not_run() -> None:
    told = [past(1, session_id="s-0", charger_id="bay-1", ended_at=None)]

    assert running(told, lambda _: known(), AT) == []
    assert running([past(1, ended_at=None)], lambda _: None, AT) == []


def test_chargers_are_found_by_name_serial_and_place() -> None:
    def may(action: Action, *_: str) -> bool:
        return action is Action.CHARGE

    def found(wanted: str) -> list[str]:
        return [it.charger_id for it in offers([LAYOUT], may, wanted)]

    assert found("") == ["bay-1", "bay-2"]
    assert found(" bay 2 ") == ["bay-2"]
    assert found("zap000001") == ["bay-1"]
    assert found("sea street") == ["bay-1", "bay-2"]
    assert found("nowhere") == []


def test_what_is_locked_or_taken_by_oneself_is_not_offered() -> None:
    locked = offers([GUESTS_LOCKED], lambda *_: True, "")
    other = offers([LAYOUT], lambda *_: True, "", frozenset({f"{GARAGE}/bay-1"}))

    assert [it.charger_id for it in locked] == ["bay-1"]
    assert [it.charger_id for it in other] == ["bay-2"]


def test_a_page_of_sessions_says_where_the_next_one_begins() -> None:
    mine = [past(it) for it in range(SESSIONS_MAX + 1)]
    first = my_sessions(mine, lambda _: LAYOUT)
    last = my_sessions(mine[SESSIONS_MAX:], lambda _: LAYOUT)

    assert (len(first.rows), len(last.rows), last.older) == (SESSIONS_MAX, 1, "")
    before = began_before(first.older)
    assert before == (mine[SESSIONS_MAX - 1].started_at, f"p-{SESSIONS_MAX - 1}")
    assert began_before("no page of ours") is None
    assert (first.rows[0].charger, first.rows[0].energy) == ("Bay 2", "8.4 kWh")
    assert first.rows[0].lasted == "45 min"


def test_a_session_at_a_place_that_is_gone_is_told_by_its_ids() -> None:
    (row,) = my_sessions([past(1, ended_at=None, energy_wh=None)], lambda _: None).rows

    assert (row.charger, row.place, row.lasted, row.energy) == ("bay-2", GARAGE, "goes on", "–")


# --- What it costs ---

PRICED = LAYOUT.model_copy(
    update={
        "tariffs": (
            Tariff(
                valid_from=date(2026, 1, 1),
                currency="EUR",
                price_per_kwh=Decimal("0.50"),
                vat_percent=Decimal(20),
            ),
        )
    }
)


def test_a_session_that_is_over_has_a_cost_with_vat_where_there_is_a_tariff() -> None:
    assert cost_of(past(1), PRICED) == "€5.04"  # 8.4 kWh at 0.60
    assert cost_of(past(1), LAYOUT) == ""
    assert cost_of(past(1, ended_at=None, energy_wh=None), PRICED) == ""


def test_a_session_that_goes_on_has_cost_so_much_until_now() -> None:
    going_on = past(1, ended_at=None, energy_wh=None)

    assert cost_so_far(going_on, 10_000, PRICED, AT) == "€6.00"
    assert cost_so_far(going_on, None, PRICED, AT) == ""


async def test_cost_and_wish_stand_beside_the_car() -> None:
    wished = LAYOUT.chargers[0].model_copy(
        update={"wish": Wish(departure_at=at(36_000), energy_wh=30_000)}
    )
    layout = PRICED.model_copy(update={"chargers": (wished, LAYOUT.chargers[1])})
    readings = {"bay-1": reading(register_wh=11_000)}
    async with client(
        facts=known(layout=layout, readings=readings), sessions=session()
    ) as http:
        page = (await http.get("/my")).text

    assert "€6.00" in page
    assert "Wished: 30 kWh until" in page


# --- When it is ready ---


def finish(current_a: float = 10.0, session_wh: int | None = 10_000, **changes: object) -> str:
    wished = LAYOUT.chargers[0].model_copy(
        update={"wish": Wish(departure_at=at(36_000), energy_wh=12_300)} | changes
    )
    facts = known(readings={"bay-1": reading(current_a=(current_a, 0.0, 0.0))})
    return finish_text(facts, wished, session_wh, AT)


def test_a_car_is_foretold_to_be_ready_as_it_charges_now() -> None:
    assert finish() == "At this current it has 12.3 kWh at about 09:00."  # 2.3 kWh at 2.3 kW
    assert finish(session_wh=12_300) == "It has what was wished."


def test_nothing_is_foretold_that_nobody_can_say() -> None:
    assert finish(current_a=0.0) == ""
    assert finish(session_wh=None) == ""
    assert finish(wish=None) == ""
    assert finish(wish=Wish(departure_at=at(-1), energy_wh=1)) == ""
    told = reading(current_a=(10.0, 10.0, 0.0))
    assert power_w_of(told, GridType.IT_3_PHASE) is None
    assert (
        power_w_of(told.model_copy(update={"power_w": 2300.0}), GridType.IT_3_PHASE) == 2300.0
    )
