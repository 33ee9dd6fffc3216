"""Versions that run beside each other understand each other's questions, answers and settings."""

import copy
from typing import Any

import pytest

from tests.contracts.between import faults, frozen, present


def test_what_another_version_relies_on_is_there() -> None:
    assert "\n".join(faults(frozen(), present())) == ""


def test_everything_is_frozen_as_it_is() -> None:
    now, before = present(), frozen()

    assert {it for it in now if now[it] != before.get(it)} == set(), (
        "freeze it: .venv/bin/python -m tests.contracts.between"
    )


def changed(place: str, *steps: str, to: Any = None) -> dict[str, Any]:
    """Change one thing of what is there now; to nothing means that it goes."""
    now: dict[str, Any] = copy.deepcopy(present())
    part = now[place]
    for step in steps[:-1]:
        part = part[step]
    if to is None:
        del part[steps[-1]]
    else:
        part[steps[-1]] = to
    return now


METERS = "questions/MeterStandingsQuery.json"
STANDINGS = "answers/MeterStandings.json"
SOME = {"type": "string"}
OPTIONAL = {"type": "string", "default": ""}


@pytest.mark.parametrize(
    ("now", "says"),
    [
        (changed(METERS, "properties", "installation_id"), "another question, under another name"),
        (changed(METERS, "properties", "installation_id", "type", to="integer"), "valid is not any more"),
        (
            {METERS: present()[METERS] | {
                "properties": {"installation_id": SOME, "since": SOME},
                "required": ["installation_id", "since"],
            }} | {it: schema for it, schema in present().items() if it != METERS},
            "since: a field is required",
        ),
        (changed(STANDINGS, "properties", "ways"), "An answer may get a further field"),
        (changed(STANDINGS, "properties", "fault", to={"type": "integer"}), "fault"),
        ({it: schema for it, schema in present().items() if it != STANDINGS}, "it is gone"),
    ],
)  # fmt: skip
def test_what_an_older_version_could_not_live_with_is_refused_with_the_way_on(
    now: dict[str, Any], says: str
) -> None:
    (fault,) = faults(present(), now)

    assert says in fault


@pytest.mark.parametrize("place", [METERS, STANDINGS])
def test_a_further_field_with_a_default_is_one_that_others_can_live_with(place: str) -> None:
    assert faults(present(), changed(place, "properties", "since", to=OPTIONAL)) == []


def test_a_setting_that_is_gone_or_takes_less_is_refused_with_the_way_on() -> None:
    place = next(it for it in present() if it.startswith("settings/telemetry"))
    name = next(iter(present()[place]["properties"]))

    (gone,) = faults(present(), changed(place, "properties", name))

    assert name in gone
    assert "the former one is taken for as long as somebody may set it" in gone
