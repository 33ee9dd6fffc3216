"""What is said in another language, and what is said when there are no words for it."""

from pathlib import Path

import pytest

from shared import speech
from shared.speech import _, counted, speaking, spoken, words_of


@pytest.fixture(autouse=True)
def norwegian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nb.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n'
        'Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
        'msgid "limited by %(what)s"\nmsgstr "begrenset av %(what)s"\n\n'
        'msgid "%(n)s car"\nmsgid_plural "%(n)s cars"\n'
        'msgstr[0] "%(n)s bil"\nmsgstr[1] "%(n)s biler"\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(speech, "LOCALES", tmp_path)
    words_of.cache_clear()


def test_a_text_is_said_in_the_language_that_is_spoken() -> None:
    with speaking("nb"):
        assert _("limited by %(what)s", what="Level 1") == "begrenset av Level 1"
        assert counted(1, "%(n)s car", "%(n)s cars") == "1 bil"
        assert counted(9, "%(n)s car", "%(n)s cars") == "9 biler"
    assert _("limited by %(what)s", what="Level 1") == "limited by Level 1"


@pytest.mark.parametrize("language", ["nb", "sv", "en", "tlh"])
def test_what_there_are_no_words_for_is_said_in_english(language: str) -> None:
    with speaking(language):
        assert _("Sign out") == "Sign out"


def test_nobody_speaks_a_language_that_cannot_be_chosen() -> None:
    with speaking("../../etc/passwd"):
        assert spoken() == "en"


def test_what_was_spoken_before_is_spoken_again() -> None:
    with speaking("nb"):
        with speaking("de"):
            pass
        assert spoken() == "nb"


@pytest.fixture(autouse=True)
def forgotten() -> object:
    yield
    words_of.cache_clear()
