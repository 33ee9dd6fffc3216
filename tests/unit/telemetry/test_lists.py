"""What of a charger's local list is sent: whatever is sent, the charger holds what is wanted then."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.telemetry.lists import (
    DIFFERENTIAL,
    EMPTY,
    FULL,
    Capacity,
    ListSent,
    Update,
    updates,
)
from services.telemetry.ocpp16.hearing import id_tag_info
from services.telemetry.ocpp16.settings import LIST_MAX, SEND_MAX, capacity_in
from services.telemetry.said import Standing
from simulator.local_list import LocalList

YES, UNTIL = Standing("Accepted"), Standing("Accepted", parent="P")


def test_nothing_is_sent_to_a_charger_that_has_its_list() -> None:
    sent = ListSent(7, {"a": YES})

    assert updates({"a": YES}, sent, 7, 10) == ()
    assert updates({}, None, EMPTY, 10) == ()


def test_what_is_new_is_sent_alone_and_what_has_to_go_has_all_of_it_sent_anew() -> None:
    sent = ListSent(7, {"a": YES, "b": YES})

    assert updates({"a": YES, "b": UNTIL, "c": YES}, sent, 7, 10) == (
        Update(DIFFERENTIAL, 8, ("b", "c")),
    )
    assert updates({"a": YES}, sent, 7, 10) == (Update(FULL, 8, ("a",)),)
    assert updates({}, sent, 7, 10) == (Update(FULL, 8, ()),)


def test_a_list_of_an_unknown_past_is_sent_anew_in_messages_that_the_charger_can_take() -> None:
    wanted = {"a": YES, "b": YES, "c": YES}

    anew = (Update(FULL, 8, ("a", "b")), Update(DIFFERENTIAL, 9, ("c",)))
    assert updates(wanted, None, 7, 2) == anew
    assert updates(wanted, ListSent(6, wanted), 7, 2) == anew


ENTRIES = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([YES, UNTIL]))


@given(ENTRIES, ENTRIES, st.integers(1, 4), st.booleans())
def test_a_charger_holds_what_is_wanted_after_what_was_sent(
    before: dict[str, Standing], wanted: dict[str, Standing], message_max: int, remembered: bool
) -> None:
    charger, sent = LocalList(), None
    for entries in (before, wanted):
        for it in updates(entries, sent if remembered else None, charger.version, message_max):
            assert len(it.marks) <= message_max
            told = [
                {"idTag": mark, "idTagInfo": id_tag_info(entries[mark])} for mark in it.marks
            ]
            payload = {
                "listVersion": it.version,
                "updateType": it.kind,
                "localAuthorizationList": told,
            }
            assert charger.take(payload) == "Accepted"
        sent = ListSent(charger.version, entries)

    held = {tag.lower(): entry.parent for tag, entry in charger.entries.items()}
    assert held == {mark: it.parent for mark, it in wanted.items()}


def test_how_much_a_list_may_hold_is_read_however_little_a_charger_says() -> None:
    def says(**values: str) -> dict[str, Any]:
        keys = [{"key": key, "readonly": True, "value": value} for key, value in values.items()]
        return {"configurationKey": keys}

    assert capacity_in(says(**{LIST_MAX: "100", SEND_MAX: "20"})) == Capacity(100, 20)
    assert capacity_in(says(**{LIST_MAX: "10", SEND_MAX: "20"})) == Capacity(10, 10)
    assert capacity_in(says(**{LIST_MAX: "10", SEND_MAX: "many"})) == Capacity(10, 10)
    assert capacity_in(says(**{LIST_MAX: "0"})) is None
    assert capacity_in({"configurationKey": [{"key": LIST_MAX, "readonly": True}]}) is None
    assert capacity_in({"unknownKey": [LIST_MAX]}) is None
