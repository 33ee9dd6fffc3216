"""What is told of a charger's hardware and its reservation, and what comes of what is filled in."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from services.portal.documents import Condition
from services.portal.one_charger.hardware import hardware_of, held
from services.portal.projections import fold_condition
from shared.messages import Command
from shared.messages.telemetry import ChargerConnected, ChargerStatusChanged
from shared.messages.upkeep import (
    CancelReservation,
    ChangeAvailability,
    ChargerReserved,
    ClearCache,
    DiagnosticsRequested,
    DiagnosticsStatusReported,
    FetchDiagnostics,
    LogKind,
    ReservationEnded,
    ReserveCharger,
    RestartCharger,
    UnlockConnector,
    WhyReservationEnded,
)
from tests.unit.portal.facts import GARAGE, at
from tests.unit.portal.test_charger_page import (
    BAY,
    FORM,
    INSTALLER,
    OLGA,
    USER,
    Doer,
    client,
)

BAY_1 = {"installation_id": GARAGE, "charger_id": "bay-1"}
OSLO = ZoneInfo("Europe/Oslo")
NAMES = {"dora": "Dora"}


def told(*events: object) -> Condition:
    condition: Condition | None = None
    for event in events:
        condition = fold_condition(condition, event, at(0))  # type: ignore[arg-type]
    assert condition is not None
    return condition


def reserved(person_id: str | None = "dora", reservation_id: int = 1) -> ChargerReserved:
    return ChargerReserved(
        **BAY_1,
        reservation_id=reservation_id,
        person_id=person_id,
        card_mark="a" * 64,
        until=at(3600),
    )


def ended(reservation_id: int = 1) -> ReservationEnded:
    return ReservationEnded(
        **BAY_1, reservation_id=reservation_id, why=WhyReservationEnded.USED
    )


# --- What is told ---


def test_a_reservation_holds_until_it_has_ended_or_its_time_is_over() -> None:
    assert held(told(reserved()), at(3599)) is not None
    assert held(told(reserved()), at(3600)) is None
    assert held(told(reserved(), ended()), at(0)) is None
    assert held(told(reserved(), ended(2)), at(0)) is not None
    assert held(None, at(0)) is None


@pytest.mark.parametrize(
    ("person_id", "asker", "names", "begins"),
    [
        ("dora", "dora", {}, "Kept for you until"),
        ("dora", "olga", NAMES, "Kept for Dora until"),
        ("dora", "olga", {}, "Kept for somebody until"),
        (None, None, NAMES, "Kept for somebody until"),
    ],
)
def test_for_whom_it_is_kept_is_told_to_whom_it_may_be(
    person_id: str | None, asker: str | None, names: dict[str, str], begins: str
) -> None:
    said = hardware_of(told(reserved(person_id)), asker, names, at(0), OSLO)

    assert said.kept.startswith(begins)


def test_how_far_it_is_with_its_records() -> None:
    asked = DiagnosticsRequested(**BAY_1, log=LogKind.SECURITY, location="sftp://logs/in")
    failed = DiagnosticsStatusReported(**BAY_1, status="PermissionDenied")
    by_itself = DiagnosticsStatusReported(**BAY_1, status="VendorsOwn")

    def sent(*events: object) -> str:
        return hardware_of(told(*events), None, {}, at(0), OSLO).sent

    assert sent(asked).startswith("Security log: was told to send them")
    assert sent(asked, failed).startswith("Security log: was not let in there")
    assert sent(by_itself).startswith("Diagnostics: VendorsOwn")


def test_other_hardware_has_sent_nothing_and_is_kept_for_nobody() -> None:
    def connected(serial: str) -> ChargerConnected:
        return ChargerConnected(
            **BAY_1, serial=serial, vendor="v", model="m", gateway_id="g", remote=""
        )

    said = told(connected("OLD00001"), reserved(), connected("NEW00001"))

    assert (said.kept, said.sent) == (None, None)


def test_what_is_unavailable_is_out_of_use() -> None:
    away = ChargerStatusChanged(
        **BAY_1, status="Unavailable", error_code="NoError", reported_at=at(0)
    )

    assert not hardware_of(told(away), None, {}, at(0), OSLO).in_use


# --- What is filled in ---


@pytest.mark.parametrize(
    ("path", "form", "kind", "fields"),
    [
        ("restart", {"end_session": "1"}, RestartCharger, {"end_session": True}),
        ("restart", {}, RestartCharger, {"end_session": False}),
        ("unlock", {}, UnlockConnector, {"end_session": False}),
        ("availability", {"in_use": "0"}, ChangeAvailability, {"in_use": False}),
        ("availability", {"in_use": "1"}, ChangeAvailability, {"in_use": True}),
        ("clear-cache", {}, ClearCache, {}),
        (
            "diagnostics",
            {"location": "sftp://logs/in", "log": "SECURITY"},
            FetchDiagnostics,
            {"location": "sftp://logs/in", "log": LogKind.SECURITY},
        ),
        ("reservation/cancel", {}, CancelReservation, {}),
    ],
)
async def test_a_form_asks_for_what_it_says(
    path: str, form: dict[str, str], kind: type[Command], fields: dict[str, object]
) -> None:
    doer = Doer()
    async with client(acting=doer) as http:
        done = await http.post(f"{BAY}/{path}", data=FORM | form)

    (command,) = doer.asked
    assert done.status_code == 303
    assert type(command) is kind
    assert {name: getattr(command, name) for name in fields} == fields


async def test_a_driver_keeps_it_for_as_long_as_is_offered() -> None:
    doer = Doer()
    async with client(acting=doer) as http:
        await http.post(f"{BAY}/reservation", data=FORM | {"minutes": "30"})
        wrong = await http.post(f"{BAY}/reservation", data=FORM | {"minutes": "x"})

    (command,) = doer.asked
    assert isinstance(command, ReserveCharger)
    assert command.until > at(0) - timedelta(days=9999)
    assert wrong.status_code == 422


async def test_a_session_that_would_end_is_said_on_the_page() -> None:
    doer = Doer("SessionWouldEnd", "a session runs at the charger, and would end with this")
    async with client(acting=doer) as http:
        page = await http.post(f"{BAY}/restart", data=FORM)

    assert page.status_code == 409
    assert "A session runs at the charger" in page.text
    assert 'name="end_session"' in page.text


async def test_each_role_finds_the_buttons_that_are_theirs() -> None:
    async with client(OLGA) as owner, client(INSTALLER) as installer:
        owners = (await owner.get(BAY)).text
        installers = (await installer.get(BAY)).text

    assert f"{BAY}/restart" in owners
    assert f"{BAY}/reservation" in owners
    assert f"{BAY}/diagnostics" not in owners
    assert f"{BAY}/restart" in installers
    assert f"{BAY}/diagnostics" in installers
    assert f'action="{BAY}/reservation"' not in installers


async def test_a_driver_reserves_where_they_may_charge() -> None:
    doer = Doer()
    at_bay = FORM | {"installation_id": GARAGE, "charger_id": "bay-1"}
    async with client(USER, acting=doer) as http:
        page = await http.get("/my")
        done = await http.post("/my/reserve", data=at_bay)
        given = await http.post("/my/reserve/cancel", data=at_bay)

    assert 'action="/my/reserve"' in page.text
    assert (done.status_code, given.status_code) == (303, 303)
    assert [type(it) for it in doer.asked] == [ReserveCharger, CancelReservation]
