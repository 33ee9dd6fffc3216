"""A new installation: what is left out is proposed, what cannot be and what is unusual is said."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.portal.countries import all_zones, countries, zone_of, zones_of
from services.portal.setup.describing import ID_CHARS_MAX, RESERVED_IDS, Checked, checked, id_of
from shared.messages.installation_commands import CreateInstallation
from shared.speech import LANGUAGES
from tests.unit.portal.facts import LAYOUT

GOOD = {
    "name": "Sjøgata garasje",
    "address": "Sjøgata 12",
    "category": "COMMUNITY",
    "country": "NO",
    "type": "GARAGE",
    "grid_type": "IT_3_PHASE",
    "breaker_a": "160 A",
}


def check(**changes: str) -> Checked:
    return checked(GOOD | changes, {LAYOUT.installation_id}, [LAYOUT])


def test_id_and_time_zone_are_proposed_and_the_command_can_be_made() -> None:
    found = check()

    assert (found.wrong, found.remarks) == ({}, ())
    fields: dict[str, Any] = dict(found.fields)
    command = CreateInstallation(command_id="c", **fields)
    assert command.installation_id == "sjogata-garasje"
    assert command.time_zone == "Europe/Oslo"
    assert command.breaker_a == 160.0


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("breaker_a", "many", "no number"),
        ("breaker_a", "5", "At least 6"),
        ("breaker_a", "inf", "number"),
        ("name", "", "Fill this in"),
        ("grid_type", "", "Fill this in"),
        ("grid_type", "TT", "Choose one"),
        ("country", "Norway", "match"),
        ("country", "US", "several time zones"),
        ("time_zone", "Mars/Base", "not a time zone"),
        ("installation_id", "a b", "letters, digits"),
        ("installation_id", LAYOUT.installation_id, "already"),
        ("installation_id", "new", "name of a page"),
    ],
)
def test_what_cannot_be_is_said_of_its_field(field: str, value: str, said: str) -> None:
    found = check(**{field: value})

    where = "time_zone" if value == "US" else field
    assert list(found.wrong) == [where]
    assert said in found.wrong[where]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"breaker_a": "150"}, "is it 125 A or 160 A?"),
        ({"breaker_a": "125", "grid_type": "TN_1_PHASE"}, "how many poles"),
        ({"breaker_a": "100", "type": "HOME"}, "A home's circuit has at most 63 A"),
        ({"name": "SEA street GARAGE"}, "Is it another one?"),
    ],
)
def test_what_is_unusual_is_asked_about_and_may_be_so(
    changes: dict[str, str], said: str
) -> None:
    found = check(**changes)

    assert found.wrong == {}
    assert any(said in it for it in found.remarks)


def test_a_time_zone_of_ones_own_comes_before_the_countrys() -> None:
    assert check(time_zone="Arctic/Longyearbyen").fields["time_zone"] == "Arctic/Longyearbyen"


@given(st.text(max_size=200), st.sets(st.sampled_from(["a", "a-2", "installation", "new"])))
def test_an_id_is_one_and_is_free_whatever_the_name(name: str, taken: set[str]) -> None:
    made = id_of(name, taken)

    assert made not in taken | RESERVED_IDS
    assert 0 < len(made) <= ID_CHARS_MAX + 4
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_country_has_a_name_and_its_zones_can_be_chosen(language: str) -> None:
    named = countries(language)

    assert len(named) > 240
    assert all(name for _, name in named)
    assert {it for code, _ in named for it in zones_of(code)} <= set(all_zones())


def test_countries_are_named_in_the_language_that_is_spoken() -> None:
    assert dict(countries("nb"))["DE"] == "Tyskland"
    assert {it: zone_of(it) for it in ("NO", "SE", "DK", "DE", "ES")} == {
        "NO": "Europe/Oslo",
        "SE": "Europe/Stockholm",
        "DK": "Europe/Copenhagen",
        "DE": "Europe/Berlin",
        "ES": "Europe/Madrid",
    }
