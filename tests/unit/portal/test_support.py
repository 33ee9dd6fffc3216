"""What support looks up, and what unlocking would change."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from services.portal.documents import Refusal, Removed
from services.portal.support.lookup import found, home_of, roles_found, serial_found
from services.portal.support.serials import told, trial
from shared.messages.installation import ChargerRemoved, SerialUnlocked
from shared.messages.people import FindPersonAnswer, HeldRole
from shared.messages.permissions import Role
from tests.unit.history.facts import BAY, BEGIN, GARAGE, SERIAL, garage_with_a_locked_charger
from tests.unit.portal.facts import charger, known

OSLO = ZoneInfo("Europe/Oslo")
HERE = known().layout.model_copy(
    update={"installation_id": "pier", "name": "New pier", "chargers": (charger(1), charger(2))}
)
STANDING = {it.serial: (HERE, it) for it in HERE.chargers}
KNOCK = Refusal(reason="its serial is locked", remote="10.0.0.9", refused_at=BEGIN)


def test_a_word_finds_places_by_name_and_serials_by_a_part_of_them() -> None:
    serial = HERE.chargers[0].serial
    by_name = found("NEW", [HERE], STANDING, {}, OSLO)
    by_serial = found(serial.lower()[2:], [HERE], STANDING, {"KNOCKER1": KNOCK}, OSLO)
    knocker = found("knock", [HERE], STANDING, {"KNOCKER1": KNOCK}, OSLO)

    assert [it.name for it in by_name.installations] == ["New pier"]
    assert by_name.serials == []
    assert [it.serial for it in by_serial.serials] == [serial]
    assert [(it.where, it.knocked is not None) for it in knocker.serials] == [
        ("in no installation", True)
    ]


def test_no_word_finds_nothing() -> None:
    nothing = found("  ", [HERE], STANDING, {}, OSLO)

    assert (nothing.installations, nothing.serials) == ((), ())


def test_a_serial_says_where_it_is() -> None:
    bay = HERE.chargers[0]

    assert serial_found(bay.serial, STANDING, {}, OSLO).where == f"{bay.name}, New pier"


def test_a_serial_that_has_gone_is_looked_for_where_it_was_last() -> None:
    gone = charger(7)
    earlier, later = (
        HERE.model_copy(
            update={
                "installation_id": name,
                "removed": (Removed(charger=gone, at=BEGIN + timedelta(days=days)),),
            }
        )
        for name, days in (("earlier", 1), ("later", 2))
    )

    assert home_of(gone.serial, {}, [later, earlier]) == "later"
    assert home_of(HERE.chargers[0].serial, STANDING, [later]) == "pier"
    assert home_of("NOWHERE1", STANDING, [later]) is None


def test_roles_that_have_ended_are_not_told() -> None:
    roles = tuple(
        HeldRole(
            installation_id="pier",
            grantee=grantee,
            role=Role.OWNER,
            until=BEGIN + timedelta(days=days),
        )
        for grantee, days in (("person/ada", -1), ("group/board", 1))
    )

    [role] = roles_found(FindPersonAnswer(roles=roles), {"pier": HERE}, BEGIN)

    assert (role.name, role.role, role.through) == ("New pier", "Owner", "group/board")


def test_a_locked_serial_tells_why_and_what_would_unlock_it() -> None:
    log = garage_with_a_locked_charger()

    story = told(SERIAL, GARAGE, OSLO, {"installation": log.events}, {})

    assert "is locked" in story.where[0]
    assert "was deactivated" in story.why[0]
    assert len(story.ways) == 2
    assert not any("ampledger" in it for it in story.ways)
    assert story.page.rows


def test_a_trial_shows_what_would_be_appended_and_what_that_would_change() -> None:
    log = garage_with_a_locked_charger()
    events = (
        SerialUnlocked(installation_id=GARAGE, charger_id=BAY, serial=SERIAL, reason="sold"),
        ChargerRemoved(installation_id=GARAGE, charger_id=BAY, serial=SERIAL),
    )

    tried = trial(GARAGE, events, OSLO, {"installation": log.events}, {})

    assert [it for it, _ in tried.events] == ["SerialUnlocked", "ChargerRemoved"]
    assert [it.rpartition(": ")[2] for it in tried.changes] == ["gone"]
