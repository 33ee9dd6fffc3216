"""Installations are found by what people know of them."""

from dataclasses import replace
from typing import Any

import pytest

from services.portal.documents import Deactivation, Layout
from services.portal.setup.finding import (
    PER_PAGE,
    Search,
    found,
    like,
    on_page,
    paged,
    search_of,
    standing_of,
)
from services.portal.view import Freshness, view_of
from tests.unit.portal.facts import AT, LAYOUT, OSLO, known

OTHER = LAYOUT.model_copy(
    update={
        "installation_id": "depot",
        "name": "Bus depot",
        "address": "Harbour 3",
        "chargers": (),
        "deactivated": Deactivation(at=AT),
    }
)
BOTH = (LAYOUT, OTHER)


@pytest.mark.parametrize(
    "text", ["sea", "STREET garage", "garage-1", "zap000002", "bay 2 sea", ""]
)
def test_every_word_may_stand_anywhere_in_what_is_known(text: str) -> None:
    assert found(BOTH, Search(text)) == [LAYOUT]


def test_words_that_stand_nowhere_find_nothing() -> None:
    assert found(BOTH, Search("sea depot")) == []


def test_what_is_deactivated_is_found_if_it_is_asked_for() -> None:
    assert found(BOTH, Search(deactivated=True)) == [OTHER, LAYOUT]  # by name


def test_a_search_is_read_from_its_own_address() -> None:
    search = Search("sea & <b>", "problems", deactivated=True, page=3)
    query = search.query()

    assert query == "?q=sea+%26+%3Cb%3E&show=problems&deactivated=1&page=3"
    assert (
        search_of({"q": "sea & <b>", "show": "problems", "deactivated": "1", "page": "3"})
        == search
    )
    assert Search().query() == ""


@pytest.mark.parametrize("page", ["", "0", "-1", "x", "²", "999999999"])
def test_a_page_that_cannot_be_is_the_first_one(page: str) -> None:
    assert search_of({"page": page}).page == 1


def test_five_hundred_are_shown_a_page_at_a_time_and_none_twice() -> None:
    many = [_numbered(it) for it in range(500)]
    seen: list[Layout] = []
    pages = paged(len(many), 1)
    for number in range(1, pages.pages + 1):
        shown = on_page(many, paged(len(many), number))
        assert len(shown) <= PER_PAGE
        seen += shown

    assert seen == many


def _numbered(number: int) -> Layout:
    return LAYOUT.model_copy(update={"installation_id": f"i-{number}"})


def test_an_installation_is_said_to_be_as_it_is() -> None:
    view = view_of(known(), AT, OSLO)
    quiet = replace(view, scene=replace(view.scene, problems=0, waiting=0, charging=0))
    stale = replace(view, head=replace(view.head, freshness=Freshness.STALE))
    off = replace(view, head=replace(view.head, active=False))

    def scene(**figures: Any) -> str:
        return standing_of(replace(quiet, scene=replace(quiet.scene, **figures))).word

    assert standing_of(quiet).word == "no car charges"
    assert scene(charging=2) == "2 cars charge"
    assert scene(charging=2, waiting=1) == "1 car waits"
    assert scene(charging=2, waiting=1, problems=3) == "3 problems"
    assert scene(chargers=0) == "being set up"
    assert standing_of(stale).word == "picture is stale"
    assert standing_of(off).word == "deactivated"
    assert [like(stale, it) for it in ("problems", "all")] == [True, True]
    assert not like(quiet, "charging")
