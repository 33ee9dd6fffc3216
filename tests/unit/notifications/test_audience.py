"""Who is told: by their role, as a member of a group, and as they have chosen."""

from datetime import timedelta

from services.notifications.audience import people_at, wanted_by
from services.notifications.settings_state import Choices
from shared.messages.notifications import NotificationsChosen, Pace, WarningKind
from shared.messages.permissions import Role
from shared.rights.grants import Grant, Grants, Memberships, PlaceGrants, PlatformGrants
from tests.unit.notifications.facts import BAY, GARAGE, T0

GRANTS = Grants(
    places={
        GARAGE: PlaceGrants(
            grants=(
                Grant(grantee="person/ada", role=Role.OWNER),
                Grant(grantee="group/fitters", role=Role.SERVICE),
                Grant(grantee="person/dan", role=Role.USER),
                Grant(grantee="person/cho", role=Role.OWNER, charger_id=BAY),
                Grant(grantee="client/erp", role=Role.OWNER),
                Grant(grantee="person/old", role=Role.OWNER, until=T0 - timedelta(days=1)),
            )
        )
    },
    platform=PlatformGrants(),
    memberships={"fin": Memberships(groups=frozenset({"fitters"}))},
)


def test_people_are_found_by_themselves_and_behind_their_group() -> None:
    assert set(people_at(GRANTS, GARAGE, T0)) == {"ada", "fin", "dan", "cho"}


def test_only_owners_of_the_place_and_who_serves_it_are_warned() -> None:
    wanted = {it.person_id: it.chosen.pace for it in wanted_by(GRANTS, Choices(), GARAGE, T0)}

    assert wanted == {"ada": Pace.DAILY, "fin": Pace.HOURLY}


def test_what_somebody_has_chosen_counts() -> None:
    chosen = NotificationsChosen(
        installation_id=GARAGE, person_id="ada", kinds=(WarningKind.FAULT,), pace=Pace.AT_ONCE
    )

    wanted = wanted_by(GRANTS, Choices(people={"ada": chosen}), GARAGE, T0)

    assert {it.person_id: it.chosen for it in wanted}["ada"] == chosen
