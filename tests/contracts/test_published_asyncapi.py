"""The AsyncAPI document is one, and says what the services really take and announce."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import jsonschema_rs
import pytest
from faststream.nats import NatsBroker
from faststream.specification import AsyncAPI

from cli.published.language import COMMANDS, READINGS
from cli.published.papers import DOCUMENT, PROJECT
from services.installation.handlers import routes
from shared import subjects
from shared.event_store import EventStore
from shared.messages.registry import EVENTS
from shared.messages.telemetry import SetCurrentLimit
from shared.rights.guard import Check
from tests.contracts.test_samples import SAMPLES, sample

META_SCHEMA = Path(__file__).parent / "asyncapi" / "3.0.0.json"


@pytest.fixture(scope="module")
def document() -> Any:
    return json.loads((PROJECT / "docs" / DOCUMENT).read_bytes())


@pytest.fixture(scope="module")
def meta_schema() -> Any:
    return jsonschema_rs.validator_for(json.loads(META_SCHEMA.read_bytes()))


def test_it_satisfies_the_meta_schema_of_asyncapi(document: Any, meta_schema: Any) -> None:
    assert [str(it)[:300] for it in meta_schema.iter_errors(document)] == []


@pytest.mark.parametrize(
    ("steps", "wrong"),
    [
        (("asyncapi",), "2.6.0"),
        (("info", "title"), None),
        (("channels", "CircuitAdded", "adress"), "events.>"),
        (("operations", "takeAddCircuit", "action"), "get"),
        (("components", "schemas", "CircuitAdded.v1", "type"), "objekt"),
    ],
)
def test_the_meta_schema_would_refuse_a_wrong_one(
    document: Any, meta_schema: Any, steps: tuple[str, ...], wrong: Any
) -> None:
    spoilt = copy.deepcopy(document)
    place = spoilt
    for step in steps[:-1]:
        place = place[step]
    place[steps[-1]] = wrong

    assert not meta_schema.is_valid(spoilt)


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for it in part.values():
            yield from references(it)
    elif isinstance(part, list):
        for it in part:
            yield from references(it)


def test_it_stands_by_itself(document: Any) -> None:
    for reference in references(document):
        place = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in place, reference
            place = place[step]


def test_everything_that_is_said_has_a_channel_and_an_operation(document: Any) -> None:
    said = {*EVENTS, *READINGS, *COMMANDS}

    assert set(document["channels"]) == {*said, "answers"}
    assert set(document["operations"]) == {
        f"{'take' if it in COMMANDS else 'announce'}{it}" for it in said
    }
    assert all(
        ("reply" in it) == (it["action"] == "receive") for it in document["operations"].values()
    )


@pytest.mark.parametrize("name", EVENTS)
def test_every_version_of_an_event_is_on_its_channel(document: Any, name: str) -> None:
    versions = range(1, EVENTS[name].schema_version + 1)

    assert list(document["channels"][name]["messages"]) == [f"{name}.v{it}" for it in versions]


def matches(address: str, subject: str) -> bool:
    pattern = re.sub(r"\\\{\w+\\\}", "[^.]+", re.escape(address))
    return re.fullmatch(pattern, subject) is not None


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_goes_to_the_address_of_its_channel(document: Any, name: str) -> None:
    kind = EVENTS[name]
    event = kind.model_validate_json(sample(name, kind.schema_version).read_bytes())
    channel = document["channels"][name]

    assert matches(channel["address"], subjects.event(event))
    assert channel["x-jetstream"] == subjects.jetstream_of(kind.service)


@pytest.mark.parametrize("name", READINGS)
def test_a_reading_goes_to_the_address_of_its_channel(document: Any, name: str) -> None:
    subject = subjects.telemetry(READINGS[name], "garage-1", "bay-1")

    assert matches(document["channels"][name]["address"], subject)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_sent_to_the_address_of_its_channel(document: Any, name: str) -> None:
    kind = COMMANDS[name]
    to_charger = kind is SetCurrentLimit
    subject = (subjects.charger_command if to_charger else subjects.command)(kind, "it")

    assert matches(document["channels"][name]["address"], subject)


# --- What FastStream knows of the services ---


def described_by_faststream() -> Any:
    broker = NatsBroker("nats://nowhere")
    # Nothing is taken, only described.
    broker.include_router(routes(cast("EventStore", None), cast("Check", None)))
    specification: Any = AsyncAPI(broker, schema_version="3.0.0")
    return specification.to_specification().to_jsonable()


def test_what_the_installation_service_subscribes_to_is_what_is_published(
    document: Any,
) -> None:
    theirs = {it["address"] for it in described_by_faststream()["channels"].values()}
    theirs = {it for it in theirs if not it.startswith("asked.")}  # only the portal asks there
    ours = {
        re.sub(r"\{\w+\}", "*", it["address"])
        for it in document["channels"].values()
        if (it["address"] or "").startswith("commands.installation.")
    }

    assert ours == theirs


@pytest.mark.parametrize(
    "name", [name for name, it in COMMANDS.items() if it.service == "installation"]
)
def test_a_command_is_published_with_the_fields_its_subscriber_takes(
    document: Any, name: str
) -> None:
    theirs = described_by_faststream()["components"]["schemas"][name]
    ours = document["components"]["schemas"][f"{name}.v1"]

    assert set(ours["properties"]) == set(theirs["properties"])
    assert set(ours["required"]) == set(theirs["required"])


def test_the_samples_are_the_messages_of_the_document(document: Any) -> None:
    events = {it.name.removesuffix(".json") for it in SAMPLES.glob("*.json")}

    assert events <= set(document["components"]["messages"])
