"""Every message that was ever written must parse for ever, and mean the same."""

import json
from pathlib import Path

import pytest

from shared.append_call import written
from shared.commits import Commit, StreamEvents
from shared.messages import Answer, Event, Message, Verdict
from shared.messages.registry import EVENTS, decode
from shared.recorded import Meta
from tests.contracts.published import COMMANDS, READINGS

SAMPLES = Path(__file__).parent / "samples"
SCHEMA_VERSIONS = [
    (name, version)
    for name, event in EVENTS.items()
    for version in range(1, event.schema_version + 1)
]


def sample(name: str, version: int, folder: str = ".") -> Path:
    return SAMPLES / folder / f"{name}.v{version}.json"


def says_the_same(message: Message, path: Path) -> bool:
    return bool(json.loads(message.model_dump_json()) == json.loads(path.read_bytes()))


@pytest.mark.parametrize(("name", "version"), SCHEMA_VERSIONS)
def test_every_version_of_an_event_has_a_frozen_sample(name: str, version: int) -> None:
    assert sample(name, version).is_file(), f"freeze one in {sample(name, version)}"


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda it: it.name)
def test_a_frozen_event_parses_for_ever(path: Path) -> None:
    name, version = path.name.removesuffix(".json").rsplit(".v", 1)

    event = decode(name, int(version), path.read_bytes())

    assert type(event).__name__ == name


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_of_the_newest_version_says_what_its_sample_says(name: str) -> None:
    kind = EVENTS[name]
    path = sample(name, kind.schema_version)

    event = kind.model_validate_json(path.read_bytes())

    assert says_the_same(event, path)


def commit_of(event: Event) -> Commit:
    meta = Meta(actor="me", command_id="c", correlation_id="c")
    streams = (StreamEvents(event.aggregate_id, None, (event,)),)
    return Commit("c", b"", Answer(verdict=Verdict.ACCEPTED), meta, streams)


def samples_of(name: str, folder: str) -> list[Path]:
    """List a command's or reading's samples, the newest last: one more for every further field."""
    found = (SAMPLES / folder).glob(f"{name}.v*.json")
    return sorted(found, key=lambda it: int(it.name.split(".")[1].removeprefix("v")))


@pytest.mark.parametrize(("folder", "kinds"), [("commands", COMMANDS), ("readings", READINGS)])
def test_every_command_and_reading_has_a_frozen_sample_and_nothing_else_has(
    folder: str, kinds: dict[str, type[Message]]
) -> None:
    assert {it.name.split(".")[0] for it in (SAMPLES / folder).iterdir()} == set(kinds)


@pytest.mark.parametrize(
    ("folder", "name", "kind"),
    [("commands", *it) for it in COMMANDS.items()]
    + [("readings", *it) for it in READINGS.items()],
)
def test_commands_and_readings_say_what_their_newest_samples_say(
    folder: str, name: str, kind: type[Message]
) -> None:
    newest = samples_of(name, folder)[-1]

    assert says_the_same(kind.model_validate_json(newest.read_bytes()), newest)
    assert set(json.loads(newest.read_bytes())) == set(kind.model_fields)


@pytest.mark.parametrize("name", COMMANDS)
def test_what_was_wished_before_a_further_field_came_is_wished_still(name: str) -> None:
    for path in samples_of(name, "commands"):
        said = json.loads(path.read_bytes())
        understood = COMMANDS[name].model_validate_json(path.read_bytes())

        assert json.loads(understood.model_dump_json(exclude_unset=True)) == said


@pytest.mark.parametrize("name", EVENTS)
def test_a_further_field_of_an_event_is_a_further_version(name: str) -> None:
    kind = EVENTS[name]
    path = sample(name, kind.schema_version)

    assert set(json.loads(path.read_bytes())) == set(kind.model_fields)


BROUGHT = [(name, version) for name, event in EVENTS.items() for version in event.brought]


@pytest.mark.parametrize(("name", "version"), BROUGHT)
def test_what_says_no_more_than_the_version_before_is_written_as_one_of_it(
    name: str, version: int
) -> None:
    before = sample(name, version - 1).read_bytes()

    event = decode(name, version - 1, before)
    ((_, (_, as_version), _, data),) = written(commit_of(event)).events

    assert as_version == version - 1
    assert json.loads(data) == json.loads(before)
    assert decode(name, as_version, data) == event


@pytest.mark.parametrize(("name", "version"), BROUGHT)
def test_what_only_a_version_can_say_is_written_as_one_of_it(name: str, version: int) -> None:
    frozen = sample(name, version).read_bytes()

    event = decode(name, version, frozen)
    ((_, (_, as_version), _, data),) = written(commit_of(event)).events

    assert as_version >= version, f"{frozen!r} should say something of what came with it"
    assert decode(name, as_version, data) == event


@pytest.mark.parametrize("name", EVENTS)
def test_an_old_reader_passes_over_fields_it_does_not_know(name: str) -> None:
    kind = EVENTS[name]
    newer = json.loads(sample(name, kind.schema_version).read_bytes()) | {"unheard_of": 1}

    event = kind.model_validate_json(json.dumps(newer))

    assert says_the_same(event, sample(name, kind.schema_version))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_with_a_field_nobody_knows_is_turned_down(name: str) -> None:
    strange = json.loads(sample(name, 1, "commands").read_bytes()) | {"unheard_of": 1}

    with pytest.raises(ValueError, match="unheard_of"):
        COMMANDS[name].model_validate_json(json.dumps(strange))
