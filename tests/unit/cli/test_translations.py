"""The catalogues are made of the source, and what is wrong with one is found."""

from pathlib import Path

import pytest

from cli.published.translations import catalogues, extracted, faults_of

SOURCE = """
from shared.speech import _, counted, marked

WORD = marked("waiting")


def told(n: int) -> str:
    return _("limited by %(what)s", what="x") + counted(n, "%(n)s car", "%(n)s cars")
"""
PAGE = '<p>{% trans %}Two\n    lines{% endtrans %}</p>{{ _("Sign out") }}'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    pages = tmp_path / "services" / "portal" / "templates"
    pages.mkdir(parents=True)
    (pages / "page.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "services" / "portal" / "words.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "shared" / "locales").mkdir(parents=True)
    return tmp_path


def write(project: Path) -> None:
    for name, content in catalogues(project).items():
        (project / name).write_text(content, encoding="utf-8")


def say(project: Path, text: str, words: str) -> None:
    file = project / "shared" / "locales" / "nb.po"
    before = file.read_text(encoding="utf-8")
    after = before.replace(f'msgid "{text}"\nmsgstr ""', f'msgid "{text}"\nmsgstr "{words}"')
    assert after != before
    file.write_text(after, encoding="utf-8")


def test_texts_of_programs_and_pages_are_found(project: Path) -> None:
    found = {it.id for it in extracted(project) if it.id}

    assert found == {
        "waiting",
        "limited by %(what)s",
        ("%(n)s car", "%(n)s cars"),
        "Two lines",
        "Sign out",
    }


def test_writing_again_changes_nothing_and_keeps_the_words(project: Path) -> None:
    write(project)
    say(project, "Sign out", "Logg ut")
    before = catalogues(project)
    write(project)

    assert catalogues(project) == before
    assert 'msgstr "Logg ut"' in before["shared/locales/nb.po"]


def test_a_text_without_norwegian_words_is_a_fault_and_without_swedish_ones_is_none(
    project: Path,
) -> None:
    write(project)
    faults = list(faults_of(project))

    assert "shared/locales/nb.po: there are no words for 'Sign out'" in faults
    assert not any("sv.po" in it for it in faults)


def test_words_with_other_places_are_a_fault(project: Path) -> None:
    write(project)
    say(project, "limited by %(what)s", "begrenset av %(hva)s")

    assert any("'begrenset av %(hva)s' has other places" in it for it in faults_of(project))


def test_a_catalogue_that_lags_behind_the_source_is_a_fault(project: Path) -> None:
    write(project)
    page = project / "services" / "portal" / "templates" / "page.html"
    page.write_text(PAGE + '{{ _("Further") }}', encoding="utf-8")

    told = "shared/locales/portal.pot is out of date: ampledger docs translations"
    assert told in list(faults_of(project))
