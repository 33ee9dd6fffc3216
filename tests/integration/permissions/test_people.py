"""People over real NATS and PostgreSQL: who is invited, who may what, and what is forgotten."""

import base64

from services.permissions.sealing import NONCE_BYTES
from shared.ids import new_id
from shared.messages.installation import ChargerAssigned, ChargerRemoved
from shared.messages.people import (
    FORGOTTEN,
    AccessOf,
    AccessOfAnswer,
    CardsAt,
    CardsAtAnswer,
    CardsOf,
    CardsOfAnswer,
    CardsOfPerson,
    CardsOfPersonAnswer,
    FindPerson,
    FindPersonAnswer,
    People,
    PeopleAnswer,
    PersonByEmail,
    PersonByEmailAnswer,
    Standing,
    StandingAnswer,
)
from shared.messages.permissions import (
    AccessRefused,
    AddMember,
    AnswerRequest,
    BlockCard,
    CreateGroup,
    ForgetPerson,
    GrantPlatformRole,
    GrantRole,
    InvitePerson,
    PersonForgotten,
    PlatformRole,
    RecordRefusal,
    RegisterCard,
    RenamePerson,
    RequestAccess,
    RevokeRole,
    Role,
    UnblockCard,
)
from tests.integration.permissions.desk import Desk
from tests.support.waiting import until


def assigned(
    installation_id: str, charger_id: str, moved_from: str | None = None
) -> ChargerAssigned:
    return ChargerAssigned(
        installation_id=installation_id,
        circuit_id="c",
        charger_id=charger_id,
        serial=f"ZAP{charger_id[-6:].upper()}",
        name="Bay",
        wiring=("L1", "L2", "L3"),
        min_a=6.0,
        max_a=32.0,
        breaker_a=None,
        fail_safe_a=6.0,
        moved_from=moved_from,
    )


async def owner_of(desk: Desk, installation_id: str, charger_id: str | None = None) -> str:
    person_id = await desk.invite(f"{new_id()}@example.com")
    granted = await desk.order(
        GrantRole,
        installation_id=installation_id,
        charger_id=charger_id,
        grantee=f"person/{person_id}",
        role=Role.OWNER,
    )
    assert granted.accepted, granted
    return person_id


async def test_the_same_address_is_the_same_person(desk: Desk) -> None:
    address = f"{new_id()}@example.com"

    first = await desk.invite(address, name="Ada Lien")
    again = await desk.invite(address.upper())

    assert again == first
    said = await desk.query(PersonByEmail(email=address), PersonByEmailAnswer, door=True)
    assert said.person_id == first


async def test_a_command_is_decided_once_and_its_id_is_for_one_wish(desk: Desk) -> None:
    wish = InvitePerson(
        command_id=new_id(), person_id=new_id(), email=f"{new_id()}@example.com"
    )
    other = wish.model_copy(update={"email": f"{new_id()}@example.com"})

    first = await desk.send(wish, "operator")
    again = await desk.send(wish, "operator")
    reused = await desk.send(other, "operator")

    assert first.accepted
    assert again.notes == first.notes
    assert reused.refusal == "CommandIdReused"


async def test_a_role_is_given_only_where_there_is_a_place_and_somebody_to_have_it(
    desk: Desk,
) -> None:
    here = await desk.garage()
    person_id = await desk.invite(f"{new_id()}@example.com")
    role = {"role": Role.USER}

    nobody = await desk.order(GrantRole, installation_id=here, grantee="person/x", **role)
    nowhere = await desk.order(
        GrantRole, installation_id="nowhere", grantee=f"person/{person_id}", **role
    )
    good = await desk.order(
        GrantRole, installation_id=here, grantee=f"person/{person_id}", **role
    )

    assert nobody.refusal == "UnknownPerson"
    assert nowhere.refusal == "UnknownPlace"
    assert good.accepted
    assert await desk.roles(here) == {(f"person/{person_id}", "USER", None)}


async def test_people_give_the_roles_that_the_table_gives_them_to_give(desk: Desk) -> None:
    here = await desk.garage()
    owner = await owner_of(desk, here)
    guest = await desk.invite(f"{new_id()}@example.com")
    about = {"installation_id": here, "grantee": f"person/{guest}"}

    service = await desk.ask(owner, GrantRole, **about, role=Role.SERVICE)
    user = await desk.ask(owner, GrantRole, **about, role=Role.USER)
    stranger = await desk.ask(guest, GrantRole, **about, role=Role.OWNER)
    invited = await desk.ask(guest, InvitePerson, person_id=new_id(), email="x@example.com")
    everywhere = await desk.ask(
        owner, GrantPlatformRole, grantee=f"person/{owner}", role=PlatformRole.SUPPORT
    )

    assert (service.refusal, user.accepted) == ("Forbidden", True)
    assert {it.refusal for it in (stranger, invited, everywhere)} == {"Forbidden"}
    recorded = [it for it in await desk.log.load(f"access-{here}") if it.type == "RoleGranted"]
    assert "owner at installation" in str(recorded[-1].meta.allowed_by)


async def test_the_last_owner_stays_unless_the_operator_says_otherwise(desk: Desk) -> None:
    here = await desk.garage()
    owner = await owner_of(desk, here)
    wish = {"installation_id": here, "grantee": f"person/{owner}", "role": Role.OWNER}

    kept = await desk.ask(owner, RevokeRole, **wish)
    gone = await desk.order(RevokeRole, **wish)

    assert kept.refusal == "LastOwner"
    assert gone.accepted
    assert await desk.roles(here) == set()


async def test_whoever_creates_an_installation_serves_it(desk: Desk) -> None:
    installer = await desk.installer()

    here = await desk.garage(actor=f"person/{installer}")

    served = {(f"person/{installer}", "SERVICE", None)}
    await until(lambda: desk.roles(here), lambda it: it == served)


async def test_roles_follow_a_charger_that_moves_and_end_with_one_that_is_removed(
    desk: Desk,
) -> None:
    here, there = await desk.garage(), await desk.garage()
    bay = f"bay-{new_id()[-8:]}"
    await desk.tell(assigned(here, bay))
    owner = await owner_of(desk, here, bay)
    serial = assigned(here, bay).serial
    leaving = ChargerRemoved(
        installation_id=here, charger_id=bay, circuit_id="c", serial=serial, moved_to=there
    )

    await desk.tell(leaving, assigned(there, bay, moved_from=here))
    moved = {(f"person/{owner}", "OWNER", bay)}
    await until(lambda: desk.roles(there), lambda it: it == moved)
    assert await desk.roles(here) == set()

    away = ChargerRemoved(installation_id=there, charger_id=bay, circuit_id="c", serial=serial)
    await desk.tell(away)
    await until(lambda: desk.roles(there), lambda it: it == set())


async def test_a_group_shares_what_it_is_granted(desk: Desk) -> None:
    group = f"firm-{new_id()[-8:]}"
    member = await desk.invite(f"{new_id()}@example.com")
    await desk.order(CreateGroup, group_id=group, name="Harbour Electric AS")
    await desk.order(AddMember, group_id=group, person_id=member)
    await desk.order(GrantPlatformRole, grantee=f"group/{group}", role=PlatformRole.INSTALLER)
    here = await desk.garage()

    granted = await desk.order(
        GrantRole, installation_id=here, grantee=f"person/{member}", role=Role.SERVICE
    )

    assert granted.accepted, granted


async def test_what_is_asked_for_is_granted_by_an_owner(desk: Desk) -> None:
    here = await desk.garage()
    owner = await owner_of(desk, here)
    guest = await desk.invite(f"{new_id()}@example.com", name="Grete")
    request_id = new_id()

    asked = await desk.ask(
        guest,
        RequestAccess,
        request_id=request_id,
        person_id=guest,
        installation_id=here,
        words="I live in flat 12.",
    )
    shown = await desk.query(
        AccessOf(installation_id=here), AccessOfAnswer, actor=f"person/{owner}"
    )
    hidden = await desk.query(
        AccessOf(installation_id=here), AccessOfAnswer, actor=f"person/{guest}"
    )
    by_guest = await desk.ask(
        guest, AnswerRequest, installation_id=here, request_id=request_id, granted=True
    )
    by_owner = await desk.ask(
        owner, AnswerRequest, installation_id=here, request_id=request_id, granted=True
    )

    assert asked.accepted
    assert [(it.name, it.words) for it in shown.requests] == [("Grete", "I live in flat 12.")]
    assert hidden == AccessOfAnswer()
    assert (by_guest.refusal, by_owner.accepted) == ("Forbidden", True)
    assert (f"person/{guest}", "USER", None) in await desk.roles(here)


async def test_a_card_stands_for_one_person_and_is_listed_where_they_may_charge(
    desk: Desk,
) -> None:
    here = await desk.garage()
    bay = f"bay-{new_id()[-8:]}"
    await desk.tell(assigned(here, bay))
    owner = await owner_of(desk, here, bay)
    other = await desk.invite(f"{new_id()}@example.com")
    number = new_id()[-12:].upper()
    card = {"card_id": new_id(), "person_id": owner, "number": number}

    first = await desk.ask(owner, RegisterCard, **card)
    twice = await desk.ask(
        other, RegisterCard, card_id=new_id(), person_id=other, number=number.lower()
    )
    question = CardsOf(installation_id=here, charger_id=bay)
    listed = await desk.query(question, CardsOfAnswer)
    seen = await desk.query(
        CardsOfPerson(person_id=owner), CardsOfPersonAnswer, actor=f"person/{other}"
    )
    await desk.ask(owner, BlockCard, person_id=owner, card_id=card["card_id"])
    blocked = await desk.query(question, CardsOfAnswer)

    assert (first.accepted, twice.refusal) == (True, "CardTaken")
    assert number not in str(twice.detail)
    assert [it.number for it in listed.cards] == [number]
    assert seen.cards == ()
    assert blocked.cards == ()


async def test_an_owner_keeps_cards_of_who_charges_at_their_places_only(desk: Desk) -> None:
    here, elsewhere = await desk.garage(), await desk.garage()
    owner = await owner_of(desk, here)
    await owner_of(desk, elsewhere)
    driver = await desk.invite(f"{new_id()}@example.com", name="Grete", language="nb")
    await desk.order(
        GrantRole, installation_id=here, grantee=f"person/{driver}", role=Role.USER
    )
    card = {"card_id": new_id(), "person_id": driver, "number": new_id()[-12:].upper()}
    await desk.ask(owner, RegisterCard, **card, label="white fob")
    about = {"card_id": card["card_id"], "person_id": driver}

    async def seen(who: str) -> dict[str, tuple[bool, list[str]]]:
        found = await desk.query(CardsAt(installation_id=here), CardsAtAnswer, f"person/{who}")
        return {it.person_id: (it.kept, [c.label for c in it.cards]) for it in found.people}

    kept, by_driver = await seen(owner), await seen(driver)
    blocked = await desk.ask(owner, BlockCard, **about)
    await desk.order(
        GrantRole, installation_id=elsewhere, grantee=f"person/{driver}", role=Role.USER
    )
    afterwards = await seen(owner)
    refused = await desk.ask(owner, UnblockCard, **about)

    assert kept[driver] == (True, ["white fob"])
    assert by_driver == {}
    assert blocked.accepted
    assert afterwards[driver] == (False, [])
    assert refused.refusal == "Forbidden"


async def test_support_finds_people_by_address_and_nobody_else_does(desk: Desk) -> None:
    here = await desk.garage()
    owner = await owner_of(desk, here)
    support = await desk.invite(f"{new_id()}@example.com")
    await desk.order(GrantPlatformRole, grantee=f"person/{support}", role=PlatformRole.SUPPORT)
    address = f"{new_id()}@example.com"
    driver = await desk.invite(address, name="Grete")
    await desk.order(
        GrantRole, installation_id=here, grantee=f"person/{driver}", role=Role.USER
    )
    question = FindPerson(email=address)

    seen = await desk.query(question, FindPersonAnswer, actor=f"person/{support}")
    hidden = await desk.query(question, FindPersonAnswer, actor=f"person/{owner}")

    assert seen.person is not None
    assert (seen.person.person_id, seen.person.name) == (driver, "Grete")
    assert [(it.installation_id, it.role) for it in seen.roles] == [(here, Role.USER)]
    assert hidden == FindPersonAnswer()


async def test_the_same_refusal_is_on_record_once_in_a_while(desk: Desk) -> None:
    here = await desk.garage()
    await owner_of(desk, here)  # permissions has heard of the place by then
    refusal = {"installation_id": here, "asked_for": "SetPriority", "refusal": "Forbidden"}
    before = (await desk.query(Standing(), StandingAnswer)).position

    for _ in range(3):
        assert (await desk.order(RecordRefusal, **refusal)).accepted
    await desk.order(RecordRefusal, **(refusal | {"installation_id": "invented"}))

    recorded = [it for it in await desk.log.read(after=before) if it.type == "AccessRefused"]
    places = [
        it.event.installation_id for it in recorded if isinstance(it.event, AccessRefused)
    ]
    assert places == [here, None]


async def test_whoever_is_forgotten_is_nobody_any_more_and_the_log_stays_whole(
    desk: Desk,
) -> None:
    here = await desk.garage()
    address, number = f"{new_id()}@example.com", new_id()[-14:].upper()
    person_id = await desk.invite(address, name="Forgetful Fred")
    await desk.ask(person_id, RenamePerson, person_id=person_id, name="Fred Forgetful")
    await desk.order(
        GrantRole, installation_id=here, grantee=f"person/{person_id}", role=Role.USER
    )
    card = {"card_id": new_id(), "person_id": person_id, "number": number}
    assert (await desk.ask(person_id, RegisterCard, **card)).accepted

    forgotten = await desk.ask(person_id, ForgetPerson, person_id=person_id)
    said = await desk.query(People(person_ids=(person_id,)), PeopleAnswer)
    anew = await desk.invite(address)

    assert forgotten.accepted, forgotten
    assert [(it.name, it.forgotten) for it in said.people] == [(FORGOTTEN, True)]
    assert anew != person_id
    assert await desk.roles(here) == set()
    keys = await desk.log.pool.fetch("select 1 from person_key where person_id = $1", person_id)
    assert keys == []
    types = [it.type for it in await desk.log.load(f"person-{person_id}")]
    assert types[-1] == PersonForgotten.__name__
    kept = await desk.log.pool.fetchval(
        "select holder from reservation where kind = 'card' and holder = $1", person_id
    )
    assert kept is None


async def test_nothing_readable_about_people_is_in_the_database(desk: Desk) -> None:
    address, number = f"{new_id()}@example.com", "C" + new_id()[-12:].upper()
    person_id = await desk.invite(address, name="Unreadable Una")
    await desk.order(RegisterCard, card_id=new_id(), person_id=person_id, number=number)

    tables = await desk.log.pool.fetch(
        "select tablename from pg_tables where schemaname = 'public'"
    )
    content = ""
    for it in tables:
        query = f'select row_to_json(t)::text as row from "{it["tablename"]}" t'  # noqa: S608
        for row in await desk.log.pool.fetch(query):
            content += row["row"]
    for event in await desk.whole_log():
        content += bytes(event.data).decode() + bytes(event.meta_json).decode()

    for told in (address, number, "Unreadable"):
        assert told not in content
        assert told.encode().hex() not in content
        assert base64.b64encode(told.encode())[:NONCE_BYTES].decode() not in content
