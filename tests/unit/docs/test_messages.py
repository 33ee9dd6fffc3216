"""docs/messages.md lists every message, under the service that owns it, and nothing else."""

import re

import pytest

from shared.messages.registry import EVENTS
from tests.contracts.published import COMMANDS, READINGS
from tests.support.readme import ROOT

ROW = re.compile(r"^\| `(\w+)` \| (command|event|reading) \| (\S.*) \|$", re.MULTILINE)


def listed() -> dict[str, tuple[str, str]]:
    """Read the service and the kind of every message in the document."""
    text = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    return {
        name: (section.split("\n", 1)[0].strip(), kind)
        for section in sections
        for name, kind, _ in ROW.findall(section)
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_listed_under_its_service(name: str) -> None:
    assert listed().get(name) == (COMMANDS[name].service, "command")


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_is_listed_under_its_service(name: str) -> None:
    assert listed().get(name) == (EVENTS[name].service, "event")


@pytest.mark.parametrize("name", READINGS)
def test_every_reading_is_listed_under_its_service(name: str) -> None:
    module = READINGS[name].__module__.rsplit(".", 1)[-1]

    assert listed().get(name) == (module, "reading")


def test_nothing_is_listed_that_does_not_exist() -> None:
    assert set(listed()) == {*COMMANDS, *EVENTS, *READINGS}


@pytest.mark.parametrize("name", [*COMMANDS, *EVENTS])
def test_the_card_of_the_owning_service_names_what_it_takes_and_announces(name: str) -> None:
    message = COMMANDS.get(name) or EVENTS[name]
    card = (ROOT / "services" / message.service / "__init__.py").read_text(encoding="utf-8")

    assert re.search(rf"\b{name}\b", card)
