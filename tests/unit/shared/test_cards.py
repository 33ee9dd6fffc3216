"""Cards by mark: the key they are made with, and the projection that services keep."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cli.keys import kept_key, key_files
from shared.ids import new_id
from shared.key_files import KeyUnreadable, read_key
from shared.messages import Event
from shared.messages.permissions import (
    CardBlocked,
    CardRegistered,
    CardRemoved,
    CardUnblocked,
    PersonForgotten,
)
from shared.recorded import Meta, Recorded
from shared.rights.card_book import CardBook
from shared.rights.cards import CARD_KEY_FILE, card_mark

KEPT = "cards.key"
MARK, SECOND = "a" * 64, "b" * 64


class Database:
    """Takes what is written and keeps none of it."""

    async def execute(self, *_: Any) -> None:
        """Everything that is read comes from memory."""


def of(mark: str = MARK, person_id: str = "ada") -> dict[str, str]:
    return {"person_id": person_id, "card_id": f"card-{mark[0]}", "mark": mark}


async def after(*events: Event) -> CardBook:
    book = CardBook()
    for position, event in enumerate(events, start=1):
        recorded = Recorded(
            position=position,
            stream="s",
            version=position,
            event_id=UUID(new_id()),
            recorded_at=datetime(2026, 11, 1, tzinfo=UTC),
            type=type(event).__name__,
            schema_version=event.schema_version,
            data=event.model_dump_json().encode(),
            meta=Meta(actor="a", command_id="c", correlation_id="c"),
        )
        await book.apply(Database(), recorded)
    return book


async def test_a_card_is_its_person_s_and_may_be_blocked_and_unblocked() -> None:
    registered = CardRegistered(**of(), sealed="x")
    blocked = await after(registered, CardBlocked(**of()))
    again = await after(registered, CardBlocked(**of()), CardUnblocked(**of()))

    assert (found := blocked.get(MARK)) is not None
    assert (found.person_id, found.blocked) == ("ada", True)
    assert (found := again.get(MARK)) is not None
    assert not found.blocked
    assert again.of(["ada", "bob"]) == [MARK]
    assert again.get(SECOND) is None


async def test_a_card_that_is_removed_or_whose_person_is_forgotten_is_nobody_s() -> None:
    both = (CardRegistered(**of(), sealed="x"), CardRegistered(**of(SECOND), sealed="x"))
    removed = await after(*both, CardRemoved(**of()))
    forgotten = await after(*both, PersonForgotten(person_id="ada"))

    assert (removed.get(MARK), removed.of(["ada"])) == (None, [SECOND])
    assert forgotten.of(["ada"]) == []
    assert forgotten.get(SECOND) is None


async def test_a_card_that_was_given_on_is_the_next_one_s_alone() -> None:
    book = await after(
        CardRegistered(**of(), sealed="x"),
        CardRemoved(**of()),
        CardRegistered(**of(person_id="bob"), sealed="x"),
        CardBlocked(**of(SECOND)),
    )

    assert (book.of(["ada"]), book.of(["bob"])) == ([], [MARK])


def test_a_key_is_made_once_and_only_we_may_read_it(tmp_path: Path) -> None:
    file = kept_key(tmp_path / KEPT)
    key = read_key(file, CARD_KEY_FILE)

    assert read_key(kept_key(file), CARD_KEY_FILE) == key
    assert file.stat().st_mode & 0o777 == 0o600
    assert [it.name for it in tmp_path.iterdir()] == [KEPT]
    assert card_mark("04a1", key) != card_mark(
        "04A1", read_key(kept_key(tmp_path / "other"), CARD_KEY_FILE)
    )


def test_only_those_who_know_cards_are_told_of_the_key(tmp_path: Path) -> None:
    told = {
        it: key_files(tmp_path, it, {}).get(CARD_KEY_FILE)
        for it in ("telemetry", "permissions")
    }

    assert set(told.values()) == {str(tmp_path / KEPT)}
    assert key_files(tmp_path, "balancer", {}) == {}
    assert CARD_KEY_FILE not in key_files(tmp_path, "telemetry", {CARD_KEY_FILE: "/elsewhere"})


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), ("no key", "cannot be read"), ("abcd", "openssl rand -hex 32")],
)
def test_a_file_that_holds_no_key_is_refused_in_words(
    tmp_path: Path, content: str | None, said: str
) -> None:
    file = tmp_path / "cards.key"
    if content is not None:
        file.write_text(content)

    with pytest.raises(KeyUnreadable, match=said):
        read_key(file, CARD_KEY_FILE)
