"""What chargers run, how far they are with other firmware, and what of settings was changed."""

from functools import partial

from services.portal.documents import Condition, FirmwareUpdate, Lock, Session
from services.portal.doing import Filled
from services.portal.firmware.versions import Running, groups, running
from services.portal.projections import fold_condition
from services.portal.settings_pages.pages import changed, present_of
from services.portal.when import when
from shared.messages.signing_in import Asker
from shared.messages.telemetry import FirmwareStatusReported, FirmwareUpdateRequested
from tests.unit.portal.facts import GARAGE, LAYOUT, OSLO, at

ONLINE = Condition(online=True, vendor="Acme", model="One", firmware="1.2")
BAY_1 = {"installation_id": GARAGE, "charger_id": "bay-1"}


def first(condition: Condition | None) -> Running:
    return running(LAYOUT, lambda _id: condition, partial(when, zone=OSLO))[0]


def test_a_charger_that_is_connected_can_be_told() -> None:
    found = first(ONLINE)

    assert (found.hardware, found.version, found.ready) == ("Acme One", "1.2", True)
    assert (found.progress, found.charging) == ("", False)


def test_a_charger_that_is_away_or_locked_cannot_be_told_and_why() -> None:
    locked = LAYOUT.chargers[0].model_copy(update={"lock": Lock(circuit_id=None, at=at(0))})
    layout = LAYOUT.model_copy(update={"chargers": (locked,)})
    (of_locked,) = running(layout, lambda _id: ONLINE, partial(when, zone=OSLO))

    assert (first(None).ready, first(None).why_not) == (False, "It is not connected.")
    assert (of_locked.ready, of_locked.why_not) == (False, "Its serial number is locked.")


def test_what_another_charger_told_that_had_the_id_is_not_told_of_this_one() -> None:
    found = first(ONLINE.model_copy(update={"serial": "ZAP999999"}))

    assert (found.version, found.ready) == ("not told", False)


def test_an_update_is_followed_from_the_wish_to_its_end() -> None:
    asked = FirmwareUpdateRequested(
        **BAY_1, location="https://acme.example/2.0", retrieve_at=at(0)
    )
    told = fold_condition(ONLINE, asked, at(0))
    fetching = fold_condition(
        told, FirmwareStatusReported(**BAY_1, status="Downloading"), at(5)
    )
    failed = fold_condition(
        fetching, FirmwareStatusReported(**BAY_1, status="DownloadFailed"), at(9)
    )
    again = fold_condition(failed, asked, at(20))

    assert [(first(it).progress, first(it).mark) for it in (told, fetching, failed, again)] == [
        ("was told to fetch it", "busy"),
        ("fetches it", "busy"),
        ("could not fetch it: check the address", "failed"),
        ("was told to fetch it", "busy"),
    ]
    assert fetching.firmware_update == FirmwareUpdate(
        location="https://acme.example/2.0",
        requested_at=at(0),
        status="Downloading",
        reported_at=at(5),
    )


def test_a_status_that_no_norm_names_is_shown_as_it_is() -> None:
    said = fold_condition(ONLINE, FirmwareStatusReported(**BAY_1, status="Thinking"), at(5))

    assert first(said).progress == "Thinking"


def test_versions_are_counted() -> None:
    session = Session(session_id="s", heard_at=at(0), register_wh=0)
    conditions = {"bay-1": ONLINE, "bay-2": ONLINE.model_copy(update={"session": session})}

    found = running(LAYOUT, conditions.get, partial(when, zone=OSLO))

    assert [(it.version, it.count) for it in groups(found)] == [("1.2", 2)]
    assert [it.charging for it in found] == [False, True]


# --- Settings ---


def test_only_what_is_different_is_changed() -> None:
    asker = Asker(actor="person/ina", name="Ina")
    present = {name: [it] for name, it in present_of(LAYOUT).items() if it}

    same = Filled(asker, present)
    other = Filled(asker, {**present, "name": ["Hill garage"], "breaker_a": ["125,5"]})

    assert changed(same, LAYOUT) == {}
    assert changed(other, LAYOUT) == {"name": "Hill garage", "breaker_a": "125.5"}
