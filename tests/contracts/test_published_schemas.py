"""The schemas in docs/ are those of the code, and describe what is really said."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from cli.published.language import COMMANDS
from cli.published.papers import PROJECT, papers
from shared.messages import Message
from shared.messages.registry import EVENTS, decode
from tests.contracts.test_samples import SAMPLES

SCHEMAS = PROJECT / "docs" / "schemas"


def schema(place: str) -> dict[str, Any]:
    content = json.loads((SCHEMAS / place).read_bytes())
    assert isinstance(content, dict)
    return content


def faults(place: str, content: Any) -> list[str]:
    validator = jsonschema_rs.validator_for(schema(place), validate_formats=True)
    return [f"{it.instance_path}: {it.message}" for it in validator.iter_errors(content)]


def place_of(sample: Path) -> str:
    """A sample's schema; commands and readings have one, whatever their samples are numbered."""
    folder = sample.parent.relative_to(SAMPLES)
    name = sample.name if folder == Path() else f"{sample.name.split('.')[0]}.v1.json"
    return str(folder / name)


SAMPLE_FILES = sorted(SAMPLES.rglob("*.json"))
ABOUT = {"installation_id", "person_id", "group_id", "client_id", "grantee"}
"""An event says what it is about."""
CURRENT = [(name, f"{name}.v{kind.schema_version}.json") for name, kind in EVENTS.items()]


def test_what_is_written_in_docs_is_what_the_code_says() -> None:
    made = papers()

    assert "\n".join(made.faults) == ""
    assert made.outdated(PROJECT / "docs") == [], "make docs"


@pytest.mark.parametrize("sample", SAMPLE_FILES, ids=lambda it: str(it.relative_to(SAMPLES)))
def test_every_frozen_sample_satisfies_its_schema(sample: Path) -> None:
    assert faults(place_of(sample), json.loads(sample.read_bytes())) == []


@pytest.mark.parametrize(("name", "place"), CURRENT)
def test_an_event_satisfies_its_schema_as_it_is_stored_and_announced(
    name: str, place: str
) -> None:
    sample = (SAMPLES / place).read_bytes()
    event = decode(name, EVENTS[name].schema_version, sample)

    assert faults(place, json.loads(event.model_dump_json(exclude_none=True))) == []


@pytest.mark.parametrize(("name", "place"), CURRENT)
def test_everything_a_schema_requires_is_missed(name: str, place: str) -> None:
    said = json.loads((SAMPLES / place).read_bytes())
    required = schema(place)["required"]
    assert not ABOUT.isdisjoint(required) or name in {"ChargerRefused", "AccessRefused"}

    for field in required:
        assert faults(place, {k: v for k, v in said.items() if k != field}), field


@pytest.mark.parametrize(("name", "place"), CURRENT)
def test_a_reader_is_told_to_pass_over_fields_it_does_not_know(name: str, place: str) -> None:
    said = json.loads((SAMPLES / place).read_bytes())

    assert faults(place, said | {f"heard_of_after_{name}": 1}) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_with_an_unknown_field_does_not_satisfy_its_schema(name: str) -> None:
    said = json.loads((SAMPLES / "commands" / f"{name}.v1.json").read_bytes())

    assert faults(f"commands/{name}.v1.json", said | {"unheard_of": 1})


@pytest.mark.parametrize("kind", EVENTS.values(), ids=lambda it: it.__name__)
def test_every_event_says_what_it_means(kind: type[Message]) -> None:
    version = getattr(kind, "schema_version")  # noqa: B009  # of events only

    assert schema(f"{kind.__name__}.v{version}.json")["description"]


def test_notes_beside_fields_and_values_are_published_too() -> None:
    assigned = schema("ChargerAssigned.v2.json")["properties"]["fail_safe_a"]
    allocated = schema("CurrentLimitAllocated.v1.json")["$defs"]["Rule"]

    assert "falls back to by itself" in assigned["description"]
    assert allocated["x-values"]["queue"].startswith("Not everybody can have 6 A now")
