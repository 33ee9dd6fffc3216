"""What people read is in every catalogue, and Norwegian has words for all of it."""

from pathlib import Path

from cli.published.papers import PROJECT
from cli.published.translations import WHOLE, faults_of
from shared.speech import LANGUAGES, LOCALES, SOURCE


def test_catalogues_are_up_to_date_and_norwegian_is_whole() -> None:
    faults = list(faults_of(PROJECT))

    assert faults == [], "\n".join(faults)


def test_every_language_that_can_be_chosen_has_a_catalogue() -> None:
    there = {it.stem for it in Path(LOCALES).glob("*.po")}

    assert there == set(LANGUAGES) - {SOURCE}
    assert "nb" in WHOLE
