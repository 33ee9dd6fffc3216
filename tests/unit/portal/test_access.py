"""Who may do what, as owners and installers see it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.portal.access.asking import place_named
from services.portal.access.cards import holders
from services.portal.access.roles import Given, Look, groups, open_requests, rows
from services.portal.access.words import options
from services.portal.documents import Layout
from shared.ids import ChargerId
from shared.messages.people import (
    AccessOfAnswer,
    CardLine,
    CardsAtAnswer,
    GroupLine,
    HeldCards,
    PersonLine,
    RequestLine,
    RoleLine,
)
from shared.messages.permissions import Role
from tests.unit.portal.facts import charger, known

NOW = datetime(2026, 11, 27, 21, 0, tzinfo=UTC)
OSLO = ZoneInfo("Europe/Oslo")
BOTH = frozenset({Role.USER, Role.OWNER})


def layout() -> Layout:
    return known().layout.model_copy(
        update={"chargers": (charger(1),), "time_zone": "Europe/Oslo"}
    )


def look(given: Mapping[int, Given] | None = None, actor: str = "person/ingrid") -> Look:
    """An owner of the whole garage looks, who knows Nina."""

    def grantable(_: ChargerId | None) -> frozenset[Role]:
        return BOTH

    return Look(actor, layout(), grantable, given or {}, {"nina": "Nina Berg"}, NOW)


def line(who: str, role: Role, **more: object) -> RoleLine:
    about = {"grantee": f"person/{who}", "name": who.title(), "role": role, "position": 1}
    return RoleLine.model_validate(about | more)


def test_roles_are_listed_from_the_whole_to_the_single_charger() -> None:
    bay = layout().chargers[0]
    access = AccessOfAnswer(
        roles=(
            line("otto", Role.USER, charger_id=bay.charger_id),
            line("grete", Role.USER),
            line("ingrid", Role.OWNER),
            line("sven", Role.SERVICE),
        )
    )

    listed = rows(access, look(), None)

    assert [(it.name, it.role_name) for it in listed] == [
        ("Ingrid", "Owner"),
        ("Sven", "Service"),
        ("Grete", "User"),
        ("Otto", "User"),
    ]
    assert [it.mine for it in listed] == [True, False, False, False]
    assert listed[-1].where == bay.name
    assert [it.name for it in rows(access, look(), bay.charger_id)] == ["Otto"]


def test_what_one_does_not_take_is_shown_with_the_reason() -> None:
    access = AccessOfAnswer(roles=(line("sven", Role.SERVICE), line("grete", Role.USER)))

    service, user = rows(access, look(), None)

    assert (user.may_take, user.why_not) == (True, "")
    assert not service.may_take
    assert service.why_not == "Only those who have the role Service here give and take it."


@pytest.mark.parametrize(
    ("actor", "by"),
    [
        ("person/nina", "Nina Berg"),
        ("person/ingrid", "you"),
        ("person/stranger", "somebody else"),
        ("permissions", "Ampledger, when it was set up"),
        ("operator", "the platform's operator"),
    ],
)
def test_who_gave_a_role_is_told_as_far_as_one_may_know_them(actor: str, by: str) -> None:
    access = AccessOfAnswer(roles=(line("grete", Role.USER, position=7),))

    [row] = rows(access, look({7: Given(NOW, actor)}), None)

    assert row.by == by
    assert row.since is not None
    assert row.since.iso == "2026-11-27T22:00:00+01:00"
    assert row.since.utc == "2026-11-27 21:00:00 UTC"


def test_a_role_that_has_ended_is_over() -> None:
    ended, lasting = (
        line("grete", Role.USER, until=NOW + timedelta(days=it)) for it in (-1, 1)
    )

    assert [it.over for it in rows(AccessOfAnswer(roles=(ended, lasting)), look(), None)] == [
        True,
        False,
    ]


def test_a_group_says_how_many_it_stands_for_and_who() -> None:
    group = GroupLine(
        group_id="board",
        name="The board",
        members=(
            PersonLine(person_id="ola", name="Ola"),
            PersonLine(person_id="kari", name="Kari"),
        ),
    )
    role = line("x", Role.OWNER, grantee="group/board", name="The board")
    access = AccessOfAnswer(roles=(role,), groups=(group,))

    assert [it.about for it in rows(access, look(), None)] == ["group of 2 people"]
    assert groups(access, None) == [group]
    assert groups(access, "another-charger") == []


def test_only_what_nobody_has_answered_waits() -> None:
    asked = [
        RequestLine(
            request_id=f"r-{it}", person_id="ola", name="Ola", role=role, granted=granted
        )
        for it, (role, granted) in enumerate(
            [(Role.USER, None), (Role.USER, False), (Role.SERVICE, None)]
        )
    ]

    waiting = open_requests(AccessOfAnswer(requests=tuple(asked)), look(), None)

    assert [(it.request_id, it.may_answer) for it in waiting] == [("r-0", True), ("r-2", False)]


def test_roles_are_offered_the_most_common_one_first() -> None:
    assert [it for it, _ in options(frozenset({Role.OWNER, Role.USER}))] == ["USER", "OWNER"]


def test_cards_show_the_end_of_their_number_and_when_somebody_charged_last() -> None:
    found = CardsAtAnswer(
        people=(
            HeldCards(
                person_id="ola",
                name="ola",
                kept=True,
                cards=(CardLine(card_id="c", number="04A1B2C3D4", label="fob", blocked=True),),
            ),
            HeldCards(person_id="kari", name="Kari", kept=False),
        )
    )
    last = {"ola": NOW - timedelta(days=1)}

    kari, ola = holders(found, last, OSLO)

    assert (kari.name, kari.cards, kari.last) == ("Kari", (), None)
    assert [(it.label, it.ends, it.blocked) for it in ola.cards] == [("fob", "C3D4", True)]
    assert ola.last is not None
    assert ola.last.iso.startswith("2026-11-26")


def test_a_serial_number_names_the_charger_it_stands_on() -> None:
    here = layout()
    bay = here.chargers[0]
    standing = {bay.serial: (here, bay)}

    assert place_named(f" {bay.serial.lower()} ", standing) == (
        here.installation_id,
        bay.charger_id,
    )
    assert place_named("ELSEWHERE1", standing) == ("ELSEWHERE1", None)
