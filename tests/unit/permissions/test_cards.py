"""Charge cards: one card, one person; refusals that are counted once; sealing."""

from datetime import timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from services.permissions.cards import CARDS_MAX
from services.permissions.recent import COUNTED_ONCE, REMEMBERED_MAX, Recent
from services.permissions.refusals import (
    CardExists,
    CardTaken,
    TooManyCards,
    UnknownCard,
    UnknownPerson,
)
from services.permissions.sealing import (
    Unsealable,
    command_mark,
    seal,
    unseal,
    unwrap,
    wrap,
)
from services.permissions.streams import claims_of
from shared.decider import Claim
from shared.messages.permissions import (
    BlockCard,
    CardBlocked,
    CardRegistered,
    CardRemoved,
    CardUnblocked,
    PersonForgotten,
    PersonInvited,
    RecordRefusal,
    RegisterCard,
    RemoveCard,
    UnblockCard,
)
from tests.unit.permissions.facts import (
    GARAGE,
    LAYOUT,
    MARK,
    NOW,
    OTHER_MARK,
    given,
    invited,
    wish,
)

PEOPLE = invited("ada", "bob")
ABOUT = {"person_id": "ada", "card_id": "k"}
KNOWN = CardRegistered(**ABOUT, mark=MARK, sealed="s")
REGISTER = wish(RegisterCard, **ABOUT, number="04A1")


def test_a_card_stands_for_one_person() -> None:
    given(*PEOPLE).knowing(mark=MARK).then(REGISTER, KNOWN)
    theirs = wish(RegisterCard, person_id="bob", card_id="b", number="04A1")
    given(*PEOPLE, KNOWN).knowing(mark=MARK).then_refused(theirs, CardTaken, "somebody else")
    freed = given(*PEOPLE, KNOWN, CardRemoved(**ABOUT, mark=MARK)).knowing(mark=MARK)
    freed.then(theirs, CardRegistered(person_id="bob", card_id="b", mark=MARK, sealed="s"))


def test_a_card_id_is_for_one_card_and_nobody_has_very_many() -> None:
    given(*PEOPLE, KNOWN).knowing(mark=OTHER_MARK).then_refused(REGISTER, CardExists)
    many = [
        CardRegistered(person_id="ada", card_id=f"k{it}", mark=f"{it:064x}", sealed="s")
        for it in range(CARDS_MAX)
    ]
    given(*PEOPLE, *many).knowing(mark=MARK).then_refused(REGISTER, TooManyCards)
    given().then_refused(REGISTER, UnknownPerson)


def test_a_card_is_blocked_unblocked_and_removed() -> None:
    blocked, removed = CardBlocked(**ABOUT, mark=MARK), CardRemoved(**ABOUT, mark=MARK)
    given(*PEOPLE, KNOWN).then(wish(BlockCard, **ABOUT), blocked)
    given(*PEOPLE, KNOWN, blocked).then(
        wish(UnblockCard, **ABOUT), CardUnblocked(**ABOUT, mark=MARK)
    )
    given(*PEOPLE, KNOWN).then(wish(UnblockCard, **ABOUT))
    assert given(*PEOPLE, KNOWN).decided(wish(RemoveCard, **ABOUT)) == (removed,)
    given(*PEOPLE, KNOWN, removed).then_refused(wish(BlockCard, **ABOUT), UnknownCard)


def test_keys_are_claimed_with_what_needs_them_and_given_back() -> None:
    def claims(event: object) -> tuple[Claim, ...]:
        return claims_of(event, OTHER_MARK)  # type: ignore[arg-type]  # each is one of its events

    card = ("card", MARK, "ada")
    address = ("address", OTHER_MARK, "ada")
    assert claims(KNOWN) == (Claim(*card),)
    assert claims(CardRemoved(**ABOUT, mark=MARK)) == (Claim(*card, release=True),)
    assert claims(PersonInvited(person_id="ada", sealed="s")) == (Claim(*address),)
    assert claims(PersonForgotten(person_id="ada")) == (Claim(*address, release=True),)
    assert claims(CardBlocked(**ABOUT, mark=MARK)) == ()


# --- Refusals on record ---


def refused(**further: object) -> RecordRefusal:
    fields = {"installation_id": GARAGE, "asked_for": "SetPriority", "refusal": "Forbidden"}
    return wish(RecordRefusal, **(fields | further))


def test_the_same_refusal_is_recorded_once_in_a_while() -> None:
    recent = Recent()
    first = recent.decide(refused(), "person/ada", LAYOUT, NOW)
    assert first is not None
    assert first.installation_id == GARAGE
    within = NOW + COUNTED_ONCE - timedelta(seconds=1)
    assert recent.decide(refused(), "person/ada", LAYOUT, within) is None
    assert recent.decide(refused(), "person/bob", LAYOUT, within) is not None
    assert recent.decide(refused(asked_for="Other"), "person/ada", LAYOUT, within) is not None
    assert recent.decide(refused(), "person/ada", LAYOUT, NOW + COUNTED_ONCE) is not None


def test_whoever_invents_places_does_not_fill_the_log() -> None:
    recent = Recent()
    found = [
        recent.decide(refused(installation_id=f"x{it}"), "person/eve", LAYOUT, NOW)
        for it in range(9)
    ]
    assert [it.installation_id for it in found if it is not None] == [None]


def test_refusals_are_remembered_up_to_a_bound() -> None:
    recent = Recent()
    for it in range(REMEMBERED_MAX + 5):
        recent.decide(refused(), f"person/{it}", LAYOUT, NOW)
    assert len(recent.seen) == REMEMBERED_MAX


# --- Sealing ---

KEY, OTHER, NONCE = b"k" * 32, b"o" * 32, b"n" * 12
CONTENT = st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=3)


@for_all(CONTENT)
def test_what_is_sealed_opens_with_its_key_in_its_place_only(content: dict[str, str]) -> None:
    sealed = seal(KEY, NONCE, "ada", "card", content)

    assert unseal(KEY, "ada", "card", sealed) == content
    for key, person, field in (
        (OTHER, "ada", "card"),
        (KEY, "bob", "card"),
        (KEY, "ada", "name"),
    ):
        with pytest.raises(Unsealable):
            unseal(key, person, field, sealed)


@for_all(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_no_changed_byte_goes_unnoticed(place: int, change: int) -> None:
    wrapped = bytearray(wrap(KEY, NONCE, "ada", OTHER))
    assert unwrap(KEY, "ada", bytes(wrapped)) == OTHER

    wrapped[place % len(wrapped)] ^= change

    with pytest.raises(Unsealable, match="ada"):
        unwrap(KEY, "ada", bytes(wrapped))


def test_a_command_is_marked_by_its_content_under_a_key() -> None:
    other = REGISTER.model_copy(update={"number": "04A2"})

    assert command_mark(REGISTER, KEY) == command_mark(REGISTER.model_copy(), KEY)
    assert command_mark(REGISTER, KEY) != command_mark(other, KEY)
    assert command_mark(REGISTER, KEY) != command_mark(REGISTER, OTHER)
