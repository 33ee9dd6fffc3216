"""Every event has a sentence of its own, with names instead of ids."""

import re
from pathlib import Path

import pytest

from shared.history.folding import fold
from shared.history.sentences import has_sentence, sentence
from shared.history.wording import Words, why
from shared.messages import Event
from shared.messages.balancer import LimitedBy, Rule
from shared.messages.registry import EVENTS, decode
from shared.messages.telemetry import Place
from tests.unit.history.facts import (
    GARAGE,
    added,
    assigned,
    created,
    refused,
    removed,
    unlocked,
)

SAMPLES = Path(__file__).parents[2] / "contracts" / "samples"
OURS = [
    kind
    for kind in EVENTS.values()
    if kind.service in {"installation", "permissions", "telemetry", "balancer", "notifications"}
]
STATE = fold(GARAGE, [created(), added("level-2"), assigned()])
WORDS = Words(STATE, STATE)


@pytest.mark.parametrize("kind", OURS, ids=lambda it: it.__name__)
def test_every_event_has_a_sentence(kind: type[Event]) -> None:
    assert has_sentence(kind)


@pytest.mark.parametrize("file", sorted(SAMPLES.glob("*.json")), ids=lambda it: it.stem)
def test_every_sample_can_be_told(file: Path) -> None:
    name, version = file.stem.split(".v")
    event = decode(name, int(version), file.read_bytes())

    told = sentence(event, WORDS)

    assert told
    assert not re.search(r"None|Place\.|Rule\.|<", told), told


@pytest.mark.parametrize("rule", Rule)
def test_every_reason_for_a_limit_is_told_in_words(rule: Rule) -> None:
    told = why(LimitedBy(rule=rule, circuit_id="level-2"), STATE)

    assert len(told.split()) > 3, told


def test_a_serial_that_moved_between_installations_says_where_from_and_to() -> None:
    assert "moved to installation hill-garage" in sentence(
        removed(moved_to="hill-garage"), WORDS
    )
    assert "moved from installation hill-garage" in sentence(
        assigned(moved_from="hill-garage"), WORDS
    )


def test_a_knock_says_whether_it_came_from_where_it_should() -> None:
    told = sentence(refused("10.9.9.9", Place.ELSEWHERE), WORDS)

    assert told.startswith("ZAP000123 was turned away (10.9.9.9, from ELSEWHERE than before)")


def test_what_somebody_wrote_is_told_as_they_wrote_it() -> None:
    assert sentence(unlocked("replaced [bold]today"), WORDS) == (
        "Bay 3 (ZAP000123) was unlocked: replaced [bold]today"
    )


def test_an_event_without_a_sentence_is_told_with_all_that_is_in_it() -> None:
    class DoorOpened(Event):
        service = "building"
        installation_id: str
        door: str

    told = sentence(DoorOpened(installation_id=GARAGE, door="north"), WORDS)

    assert told == "Door opened: door north"
