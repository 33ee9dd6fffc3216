"""Who is invited, called otherwise, put in groups, and forgotten."""

import pytest

from services.permissions.refusals import (
    GroupElsewhere,
    GroupExists,
    PersonExists,
    UnknownGroup,
    UnknownPerson,
    UnknownPlace,
)
from services.permissions.rights import check
from shared.messages.permissions import (
    AccessRequested,
    AddMember,
    CardRegistered,
    CardRemoved,
    CreateGroup,
    DissolveGroup,
    ForgetPerson,
    GrantPlatformRole,
    GrantRole,
    GroupCreated,
    GroupDissolved,
    InvitePerson,
    MemberAdded,
    MemberRemoved,
    PersonForgotten,
    PersonInvited,
    PlatformRole,
    PlatformRoleRevoked,
    RemoveMember,
    RenamePerson,
    RequestAnswered,
    Role,
    RoleGranted,
    RoleRevoked,
)
from shared.rights.guard import Forbidden
from tests.unit.permissions.facts import (
    BAY,
    GARAGE,
    HARBOUR,
    MARK,
    NOW,
    firm,
    given,
    installer,
    invited,
    register_of,
    role,
    wish,
)

ADA = invited("ada")
INVITE = wish(InvitePerson, person_id="ada", email="ada@example.com")
FORGET = wish(ForgetPerson, person_id="ada")
GONE = PersonForgotten(person_id="ada")


def test_somebody_new_is_invited() -> None:
    assert given().decided(INVITE) == (PersonInvited(person_id="ada", sealed="s"),)


def test_an_address_that_is_known_makes_nobody_new() -> None:
    given(*ADA).knowing(known_as="ada").then(INVITE)


def test_an_id_is_for_one_person_also_when_they_are_forgotten() -> None:
    given(*ADA).then_refused(INVITE, PersonExists, "another id")
    given(*ADA, GONE).then_refused(INVITE, PersonExists)


def test_only_somebody_who_is_known_has_a_name() -> None:
    rename = wish(RenamePerson, person_id="ada", name="Ada Berg")

    given().then_refused(rename, UnknownPerson, "invite them first")
    given(*ADA, GONE).then_refused(rename, UnknownPerson)


def test_whoever_is_forgotten_leaves_roles_groups_requests_and_cards() -> None:
    asked = AccessRequested(
        installation_id="harbour", request_id="r", person_id="ada", role=Role.USER
    )
    card = CardRegistered(person_id="ada", card_id="k", mark=MARK, sealed="s")
    reason = {"reason": "the person was forgotten"}
    given(
        *invited("ada", "bob"),
        *firm("ada", "bob"),
        role("ada", Role.OWNER),
        role("ada", Role.USER, "bay-1"),
        role("bob", Role.OWNER),
        installer("person/ada"),
        asked,
        card,
    ).then(
        FORGET,
        RoleRevoked(installation_id=GARAGE, grantee="person/ada", role=Role.OWNER, **reason),
        RoleRevoked(
            installation_id=GARAGE,
            charger_id="bay-1",
            grantee="person/ada",
            role=Role.USER,
            **reason,
        ),
        PlatformRoleRevoked(grantee="person/ada", role=PlatformRole.INSTALLER, **reason),
        MemberRemoved(group_id="firm", person_id="ada"),
        RequestAnswered(
            installation_id="harbour", request_id="r", person_id="ada", granted=False
        ),
        CardRemoved(person_id="ada", card_id="k", mark=MARK),
        GONE,
    )


def test_nothing_that_was_sealed_is_remembered_of_whoever_is_forgotten() -> None:
    register = register_of(*ADA, GONE)

    assert register.people["ada"].sealed == ""
    assert register.person("ada") is None


def test_nobody_unknown_is_forgotten() -> None:
    given().then_refused(FORGET, UnknownPerson)


# --- Groups ---


def test_a_group_is_created_once() -> None:
    create = wish(CreateGroup, group_id="firm", name="Harbour Electric AS")
    given().then(create, GroupCreated(group_id="firm", name="Harbour Electric AS"))
    other = wish(CreateGroup, group_id="firm", name="Other")
    given(*firm()).then_refused(other, GroupExists, "another id")
    given(*firm(), GroupDissolved(group_id="firm")).then_refused(
        create, GroupExists, "dissolved"
    )


def test_a_group_that_owners_keep_has_roles_at_their_place_only() -> None:
    create = wish(CreateGroup, group_id="board", name="The board", kept_at=GARAGE)
    created = GroupCreated(group_id="board", name="The board", kept_at=GARAGE)
    given().then(create, created)
    given(created).then(create)
    nowhere = wish(CreateGroup, group_id="board", name="The board", kept_at="nowhere")
    given().then_refused(nowhere, UnknownPlace)
    given(created).then_refused(
        wish(CreateGroup, group_id="board", name="The board"), GroupExists
    )

    at = {"grantee": "group/board", "role": Role.USER}
    given(created).then(
        wish(GrantRole, installation_id=GARAGE, **at), RoleGranted(installation_id=GARAGE, **at)
    )
    elsewhere = wish(GrantRole, installation_id=HARBOUR, **at)
    given(created).then_refused(elsewhere, GroupElsewhere, "another group")
    everywhere = wish(GrantPlatformRole, grantee="group/board", role=PlatformRole.INSTALLER)
    given(created).then_refused(everywhere, GroupElsewhere)


@pytest.mark.parametrize(
    ("who", "group_id", "may"),
    [
        ("ada", "board", True),
        ("bay-owner", "board", False),
        ("stranger", "board", False),
        ("ada", "firm", False),
        ("ada", "unheard-of", False),
    ],
)
def test_owners_of_all_of_it_keep_the_groups_of_their_installation(
    who: str, group_id: str, may: bool
) -> None:
    register = register_of(
        *invited("ada", "bay-owner", "stranger"),
        *firm(),
        role("ada", Role.OWNER),
        role("bay-owner", Role.OWNER, BAY),
        GroupCreated(group_id="board", name="The board", kept_at=GARAGE),
    )
    for kind in (AddMember, RemoveMember, DissolveGroup):
        member = {} if kind is DissolveGroup else {"person_id": "stranger"}
        command = wish(kind, group_id=group_id, **member)
        if may:
            assert check(command, f"person/{who}", register, NOW).startswith("owner at")
        else:
            with pytest.raises(Forbidden):
                check(command, f"person/{who}", register, NOW)


def test_members_are_people_who_are_known() -> None:
    add = wish(AddMember, group_id="firm", person_id="ada")
    given(*firm()).then_refused(add, UnknownPerson)
    given(*ADA).then_refused(add, UnknownGroup)
    given(*ADA, *firm()).then(add, MemberAdded(group_id="firm", person_id="ada"))
    remove = wish(RemoveMember, group_id="firm", person_id="ada")
    given(*ADA, *firm("ada")).then(remove, MemberRemoved(group_id="firm", person_id="ada"))


def test_what_a_group_was_granted_ends_with_it() -> None:
    reason = "the group was dissolved"
    given(*ADA, *firm("ada"), role("group/firm", Role.OWNER), installer("group/firm")).then(
        wish(DissolveGroup, group_id="firm"),
        RoleRevoked(
            installation_id=GARAGE, grantee="group/firm", role=Role.OWNER, reason=reason
        ),
        PlatformRoleRevoked(grantee="group/firm", role=PlatformRole.INSTALLER, reason=reason),
        GroupDissolved(group_id="firm"),
    )


def test_who_is_in_which_group_is_noted_with_each_person() -> None:
    register = register_of(*invited("ada", "bob"), *firm("ada", "bob"))
    assert register.memberships["ada"].groups == {"firm"}

    left = register_of(*firm("ada", "bob"), MemberRemoved(group_id="firm", person_id="ada"))
    assert left.memberships["ada"].groups == frozenset()
    assert left.memberships["bob"].groups == {"firm"}

    dissolved = register_of(*firm("ada"), GroupDissolved(group_id="firm"))
    assert dissolved.memberships["ada"].groups == frozenset()
