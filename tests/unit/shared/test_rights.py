"""Who may do what: the table of the design, cell by cell, over grants of every kind."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.messages import installation_commands as layout
from shared.messages.permissions import PlatformRole, Role
from shared.rights.grants import Grant, Grants, Memberships, Place, PlaceGrants, PlatformGrants
from shared.rights.guard import Forbidden, check
from shared.rights.rules import RULES
from shared.rights.table import Action

NOW = datetime(2026, 11, 1, tzinfo=UTC)
HERE, ELSEWHERE = "garage", "harbour"
BAY, OTHER = "bay-1", "bay-2"

USER, CHARGER_OWNER, OWNER, SERVICE, SUPPORT = (
    "user",
    "charger-owner",
    "owner",
    "service",
    "support",
)

WHOLE, ONE, NO = "installation", "that charger", "no"
"""How far a cell reaches: at the installation with all in it, at one charger of it, or not at all."""

# user, owner of charger, owner of installation, service, support: as §8 of the design has them.
CELLS = {
    Action.CHARGE: (WHOLE, ONE, WHOLE, NO, NO),
    Action.LIVE: (NO, ONE, WHOLE, WHOLE, WHOLE),
    Action.ALL_SESSIONS: (NO, ONE, WHOLE, NO, NO),
    Action.REPORTS: (NO, NO, WHOLE, NO, NO),
    Action.PERMISSIONS: (NO, ONE, WHOLE, WHOLE, NO),
    Action.AUTHENTICATION: (NO, ONE, WHOLE, WHOLE, NO),
    Action.FIRMWARE: (NO, NO, WHOLE, WHOLE, NO),
    Action.OPERATE: (NO, ONE, WHOLE, WHOLE, NO),
    Action.DIAGNOSE: (NO, NO, NO, WHOLE, WHOLE),
    Action.WARNINGS: (NO, NO, WHOLE, WHOLE, NO),
    Action.POWER: (NO, NO, NO, WHOLE, NO),
    Action.TECHNICAL: (NO, NO, NO, WHOLE, NO),
    Action.ADD_CHARGERS: (NO, NO, NO, WHOLE, NO),
    Action.HISTORY: (NO, NO, NO, WHOLE, WHOLE),
    Action.UNLOCK: (NO, NO, NO, NO, WHOLE),
}


def grants(*given: Grant, memberships: dict[str, Memberships] | None = None) -> Grants:
    return Grants(
        {HERE: PlaceGrants(grants=given)},
        PlatformGrants(
            roles={
                "person/support": frozenset({PlatformRole.SUPPORT}),
                "person/service": frozenset({PlatformRole.INSTALLER}),
            }
        ),
        memberships or {},
    )


EVERYBODY = grants(
    Grant(grantee="person/user", role=Role.USER),
    Grant(grantee="person/charger-owner", role=Role.OWNER, charger_id=BAY),
    Grant(grantee="person/owner", role=Role.OWNER),
    Grant(grantee="person/service", role=Role.SERVICE),
)


@pytest.mark.parametrize("action", CELLS, ids=lambda it: it.name)
def test_every_cell_is_as_designed(action: Action) -> None:
    for who, reach in zip(
        (USER, CHARGER_OWNER, OWNER, SERVICE, SUPPORT), CELLS[action], strict=True
    ):

        def may(place: Place, who: str = who) -> bool:
            return EVERYBODY.may(f"person/{who}", action, place, NOW).allowed

        assert may(Place(HERE)) is (reach == WHOLE), (who, action)
        assert may(Place(HERE, BAY)) is (reach != NO), (who, action)
        assert may(Place(HERE, OTHER)) is (reach == WHOLE), (who, action)
        assert may(Place(ELSEWHERE)) is (who == SUPPORT and reach == WHOLE), (who, action)


@pytest.mark.parametrize("action", [Action.SEE, Action.OWN_SESSIONS])
def test_people_see_their_own(action: Action) -> None:
    for who in (USER, CHARGER_OWNER, OWNER, SERVICE):
        assert EVERYBODY.may(f"person/{who}", action, Place(), NOW).allowed
        assert EVERYBODY.may(f"person/{who}", action, Place(HERE), NOW).allowed
        assert not EVERYBODY.may(f"person/{who}", action, Place(ELSEWHERE), NOW).allowed
    allowed = EVERYBODY.may("person/support", action, Place(HERE), NOW).allowed
    assert allowed is (action is Action.SEE)


def test_only_authorised_installers_create_installations_and_add_chargers() -> None:
    assert EVERYBODY.may(
        "person/service", Action.CREATE_INSTALLATION, Place("new"), NOW
    ).allowed
    assert not EVERYBODY.may(
        "person/owner", Action.CREATE_INSTALLATION, Place("new"), NOW
    ).allowed

    unnamed = grants(Grant(grantee="person/x", role=Role.SERVICE))
    ruling = unnamed.may("person/x", Action.ADD_CHARGERS, Place(HERE), NOW)
    assert not ruling.allowed
    assert "authorised installers" in ruling.because


def test_a_role_of_a_group_is_every_members() -> None:
    firm = grants(
        Grant(grantee="group/firm", role=Role.SERVICE, position=7),
        memberships={"ada": Memberships(groups=frozenset({"firm"}))},
    )

    ruling = firm.may("person/ada", Action.TECHNICAL, Place(HERE), NOW)
    assert ruling.allowed
    assert "through group/firm, since position 7" in ruling.because
    assert not firm.may("person/bob", Action.TECHNICAL, Place(HERE), NOW).allowed
    assert not firm.may("client/ada", Action.TECHNICAL, Place(HERE), NOW).allowed


def test_a_role_that_has_ended_is_none() -> None:
    guest = grants(Grant(grantee="person/g", role=Role.USER, until=NOW))

    before = NOW - timedelta(seconds=1)
    assert guest.may("person/g", Action.CHARGE, Place(HERE, BAY), before).allowed
    assert not guest.may("person/g", Action.CHARGE, Place(HERE, BAY), NOW).allowed


def test_what_may_be_granted_depends_on_who_grants() -> None:
    def of(who: str, place: Place) -> frozenset[Role]:
        return EVERYBODY.grantable(f"person/{who}", place, NOW)

    assert of(OWNER, Place(HERE)) == {Role.USER, Role.OWNER}
    assert of(CHARGER_OWNER, Place(HERE)) == frozenset()
    assert of(CHARGER_OWNER, Place(HERE, BAY)) == {Role.USER, Role.OWNER}
    assert of(SERVICE, Place(HERE)) == {Role.SERVICE}
    assert of(USER, Place(HERE)) == of(SUPPORT, Place(HERE)) == frozenset()


def test_a_command_is_checked_at_every_place_it_changes() -> None:
    move = layout.MoveCharger(
        command_id="c",
        installation_id=HERE,
        charger_id=BAY,
        circuit_id="x",
        to_installation_id=ELSEWHERE,
    )
    with pytest.raises(Forbidden, match="installation harbour"):
        check(move, "person/service", EVERYBODY, NOW)


def test_a_command_without_a_rule_is_nobodys() -> None:
    class Unheard(layout.InstallationCommand):
        pass

    with pytest.raises(Forbidden, match="operator"):
        check(Unheard(command_id="c", installation_id=HERE), "person/service", EVERYBODY, NOW)
    assert layout.CreateInstallation in RULES
