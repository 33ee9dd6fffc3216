"""A published schema is a promise: what may become of it, and how a broken one is refused."""

import copy
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.published.compatibility import Change, Role, differences, refused
from cli.published.papers import PROJECT, broken_promises, broken_since, papers, role_of

Schema = dict[str, Any]

BEFORE: Schema = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 10, "description": "What it is called."},
        "limit_a": {"type": "number", "minimum": 0, "maximum": 80},
        "count": {"type": "integer"},
        "grid": {"$ref": "#/$defs/Grid"},
        "serial": {"type": "string", "pattern": "^[A-Z]+$"},
        "breaker_a": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": 16},
        "current_a": {
            "type": "array",
            "prefixItems": [{"type": "number"}, {"type": "number"}],
            "minItems": 2,
            "maxItems": 2,
        },
        "leases": {"type": "array", "items": {"$ref": "#/$defs/Lease"}},
    },
    "required": ["name", "limit_a"],
    "$defs": {
        "Grid": {"type": "string", "enum": ["TN", "IT"]},
        "Lease": {"type": "object", "properties": {"epoch": {"type": "integer"}}},
    },
}


def changed(*steps: str, to: Any = None) -> Schema:
    """Change one thing; to nothing means that it goes."""
    now = copy.deepcopy(BEFORE)
    place = now
    for step in steps[:-1]:
        place = place.setdefault(step, {})
    if to is None:
        del place[steps[-1]]
    else:
        place[steps[-1]] = to
    return now


def field(*steps: str, to: Any = None) -> Schema:
    return changed("properties", *steps, to=to)


CASES = [
    (field("count"), "count", Change.REMOVED),
    (field("colour", to={"type": "string"}), "colour", Change.ADDED),
    (changed("required", to=["name", "limit_a", "count"]), "count", Change.REQUIRED),
    (changed("required", to=["name"]), "limit_a", Change.NOT_ALWAYS_THERE),
    (field("count", "type", to="string"), "count", Change.NARROWED),
    (field("count", "type", to="string"), "count", Change.WIDENED),
    (field("count", "type", to="number"), "count", Change.WIDENED),
    (field("limit_a", "type", to="integer"), "limit_a", Change.NARROWED),
    (field("limit_a", "maximum", to=63), "limit_a", Change.NARROWED),
    (field("limit_a", "maximum", to=125), "limit_a", Change.MORE_VALUES),
    (field("limit_a", "minimum"), "limit_a", Change.MORE_VALUES),
    (field("limit_a", "exclusiveMinimum", to=6), "limit_a", Change.NARROWED),
    (field("name", "maxLength", to=5), "name", Change.NARROWED),
    (field("name", "minLength", to=5), "name", Change.NARROWED),
    (changed("$defs", "Grid", "enum", to=["TN"]), "grid", Change.NARROWED),
    (changed("$defs", "Grid", "enum", to=["TN", "IT", "TT"]), "grid", Change.MORE_VALUES),
    (field("name", "enum", to=["A"]), "name", Change.NARROWED),
    (field("serial", "pattern", to="^[A-Z0-9]+$"), "serial", Change.NARROWED),
    (field("serial", "pattern", to="^[A-Z0-9]+$"), "serial", Change.WIDENED),
    (field("name", "format", to="date-time"), "name", Change.NARROWED),
    (field("breaker_a", "anyOf", to=[{"type": "number"}]), "breaker_a", Change.NARROWED),
    (
        field("count", to={"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        "count",
        Change.WIDENED,
    ),
    (field("breaker_a", "default", to=32), "breaker_a", Change.ANOTHER_DEFAULT),
    (
        field("current_a", "prefixItems", to=[{"type": "number"}]),
        "current_a",
        Change.NARROWED,
    ),
    (
        field("current_a", "prefixItems", to=[{"type": "number"}, {"type": "integer"}]),
        "current_a[1]",
        Change.NARROWED,
    ),
    (
        changed("$defs", "Lease", "properties", "until", to={"type": "string"}),
        "leases[].until",
        Change.ADDED,
    ),
    (changed("$defs", "Lease", "properties", "epoch"), "leases[].epoch", Change.REMOVED),
    (changed("additionalProperties", to=False), "", Change.NARROWED),
    (field("count", "multipleOf", to=2), "count", Change.NARROWED),
]


@pytest.mark.parametrize(("now", "place", "change"), CASES)
def test_a_difference_is_found_where_it_is(now: Schema, place: str, change: Change) -> None:
    assert (place, change) in {(it.place, it.change) for it in differences(BEFORE, now)}


@pytest.mark.parametrize(
    "now",
    [
        BEFORE,
        field("name", "description", to="How it is called."),
        field("name", "title", to="Name"),
        changed("$defs", "Grid", "x-values", to={"TN": "with a neutral"}),
        field("grid", to={"type": "string", "enum": ["IT", "TN"]}),
    ],
)
def test_what_only_reads_differently_is_no_difference(now: Schema) -> None:
    assert differences(BEFORE, now) == []


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.FROZEN, set()),
        (Role.EVENT, {Change.MORE_VALUES}),
        (Role.READING, {Change.MORE_VALUES, Change.ADDED}),
        (Role.ANSWER, {Change.MORE_VALUES, Change.ADDED}),
        (
            Role.COMMAND,
            {Change.ADDED, Change.NOT_ALWAYS_THERE, Change.WIDENED, Change.MORE_VALUES},
        ),
    ],
)
def test_what_may_change_depends_on_who_says_it(role: Role, allowed: set[Change]) -> None:
    found: set[Change] = set()
    for now, _, _ in CASES:
        every = {it.change for it in differences(BEFORE, now)}
        found |= every - {it.change for it in refused(BEFORE, now, role)}

    assert found == allowed


# --- The files in docs ---


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what papers are made from."""
    shutil.copytree(PROJECT / "docs" / "schemas", tmp_path / "docs" / "schemas")
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    return tmp_path


def edit(project: Path, place: str, how: Callable[[Schema], None]) -> Path:
    """Have something else stand in docs than what the code says."""
    file = project / "docs" / "schemas" / place
    content = json.loads(file.read_bytes())
    how(content)
    file.write_text(json.dumps(content))
    return file


def test_a_field_that_the_code_has_lost_is_refused_with_the_way_on(project: Path) -> None:
    def promise(schema: Schema) -> None:
        schema["properties"]["colour"] = {"type": "string"}
        schema["required"].append("colour")

    edit(project, "CircuitAdded.v1.json", promise)

    (fault,) = papers(project).faults

    assert "docs/schemas/CircuitAdded.v1.json may not change so" in fault
    assert "colour: a field is gone" in fault
    assert "make it a further version of the event" in fault
    assert "tests/contracts/samples" in fault


def test_a_field_that_an_event_has_got_without_a_further_version_is_refused(
    project: Path,
) -> None:
    edit(project, "CircuitAdded.v1.json", lambda it: it["properties"].pop("set_a"))

    (fault,) = papers(project).faults

    assert "set_a: a field is required that was not there" in fault


def test_a_command_that_asks_for_more_is_refused(project: Path) -> None:
    edit(project, "commands/AddCircuit.v1.json", lambda it: it["required"].remove("name"))

    (fault,) = papers(project).faults

    assert "name: a field is required" in fault
    assert "A command may get a further field with a default" in fault


def test_a_command_that_takes_more_is_a_change_to_write_down(project: Path) -> None:
    edit(project, "commands/AddCircuit.v1.json", lambda it: it["properties"].pop("set_a"))

    made = papers(project)

    assert made.faults == ()
    assert "schemas/commands/AddCircuit.v1.json" in made.outdated(project / "docs")
    assert "schemas/commands/AddCircuit.v1.json" in made.write(project / "docs")
    assert papers(project).outdated(project / "docs") == []


def test_an_older_version_that_is_gone_is_asked_back(project: Path) -> None:
    (project / "docs" / "schemas" / "ChargerAssigned.v1.json").unlink()

    (fault,) = papers(project).faults

    assert "ChargerAssigned.v1.json is missing" in fault


def test_a_message_that_is_gone_is_asked_back(project: Path) -> None:
    folder = project / "docs" / "schemas"
    shutil.copy(folder / "CircuitAdded.v1.json", folder / "CircuitPainted.v1.json")

    (fault,) = papers(project).faults

    assert "CircuitPainted.v1.json describes a message that there is not any more" in fault


def test_an_older_version_may_not_change_at_all(project: Path) -> None:
    assert role_of("ChargerAssigned.v1.json") is Role.FROZEN
    before = json.loads((project / "docs/schemas/ChargerAssigned.v1.json").read_bytes())
    now = copy.deepcopy(before)
    now["$defs"]["Phase"]["enum"].append("N")

    (fault,) = broken_promises(
        {"ChargerAssigned.v1.json": before}, {"ChargerAssigned.v1.json": now}
    )

    assert "there are further values ('N' may occur now)" in fault


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not here")
def test_a_promise_of_an_earlier_revision_holds_even_if_its_file_was_edited(
    project: Path,
) -> None:
    def git(*words: str) -> None:
        who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
        subprocess.run(["git", *who, *words], cwd=project, check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "published")
    assert broken_since("HEAD", project) == []

    edit(project, "ChargerAssigned.v1.json", lambda it: it["properties"].pop("name"))
    (project / "docs" / "schemas" / "CircuitAdded.v1.json").unlink()

    assigned, added = broken_since("HEAD", project)
    assert "name: a field is gone" in assigned
    assert "CircuitAdded.v1.json describes a message that there is not any more" in added
