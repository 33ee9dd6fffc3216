"""
The catalogues of what people read: `shared/locales/portal.pot` and one `.po` for every language.

English is what stands in the source. What is not translated yet is said in English; Norwegian has to be
whole. Nothing is guessed from texts that look alike.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from shared.speech import LANGUAGES, SOURCE

WHOLE: Final = ("nb",)
"""Languages that have a word for everything."""
FOLDERS: Final = ("services", "shared")
"""Where people are spoken to."""
TEMPLATE: Final = "portal.pot"
_METHODS: Final = [
    ("**.py", "python"),
    ("**/templates/**.html", "jinja2"),
    ("**/templates/**.txt", "jinja2"),
]
_OPTIONS: Final = {it: {"trimmed": "true", "silent": "false"} for it, _ in _METHODS[1:]}
_KEYWORDS: Final = {**DEFAULT_KEYWORDS, "marked": None, "counted": (2, 3)}
_WRITTEN: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Git knows when a catalogue was changed; its header is the same each time it is written."""
_PLACE: Final = re.compile(r"%(?:\((\w+)\))?([sdg%])")


def extracted(project: Path) -> Catalog:
    """Find everything in the source that is marked to be said."""
    found = Catalog(project="Ampledger", version="1", creation_date=_WRITTEN, charset="utf-8")
    found.fuzzy = False
    found.header_comment = "# What Ampledger says to people."
    for folder in FOLDERS:
        for path, _line, message, comments, context in extract_from_dir(
            project / folder, _METHODS, _OPTIONS, _KEYWORDS, strip_comment_tags=True
        ):
            place = (f"{folder}/{path}", 0)
            found.add(message, None, [place], auto_comments=comments, context=context)
    return found


def catalogues(project: Path) -> dict[str, str]:
    """Write the template and by it every language anew; returns contents by paths in the project."""
    template, folder = extracted(project), project / "shared" / "locales"
    files = {f"shared/locales/{TEMPLATE}": _written(template)}
    for language in LANGUAGES:
        if language != SOURCE:
            catalogue = _read(folder / f"{language}.po", language)
            catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
            files[f"shared/locales/{language}.po"] = _written(catalogue)
    return files


def faults_of(project: Path) -> Iterator[str]:
    """Say what is wrong with the catalogues that are written down."""
    for name, content in catalogues(project).items():
        file = project / name
        if not file.exists() or file.read_text(encoding="utf-8") != content:
            yield f"{name} is out of date: ampledger docs translations"
        if name.endswith(".po"):
            language = Path(name).stem
            catalogue = read_po(BytesIO(content.encode()), locale=language)
            yield from (f"{name}: {it}" for it in _faults(catalogue, whole=language in WHOLE))


def _faults(catalogue: Catalog, *, whole: bool) -> Iterator[str]:
    for message in catalogue:
        if not message.id:
            continue
        said = _texts(message.string)
        if not all(said):
            if whole or any(said):
                yield f"there are no words for {_texts(message.id)[0]!r}"
            continue
        if message.fuzzy:
            yield f"nobody has looked at the words for {_texts(message.id)[0]!r}"
        meant = {place for it in _texts(message.id) for place in _PLACE.findall(it)}
        for text in said:
            found = set(_PLACE.findall(text))
            if found - meant or (len(_texts(message.id)) == 1 and found != meant):
                yield f"{text!r} has other places than {_texts(message.id)[0]!r}"


def _texts(text: str | Sequence[str] | None) -> tuple[str, ...]:
    return (text or "",) if text is None or isinstance(text, str) else tuple(text)


def _read(file: Path, language: str) -> Catalog:
    if file.exists():
        with file.open("rb") as content:
            read = read_po(content, locale=language)
    else:
        read = Catalog(locale=language)
    read.project, read.version, read.charset = "Ampledger", "1", "utf-8"
    read.creation_date = read.revision_date = _WRITTEN
    read.fuzzy = False
    read.header_comment = f"# What Ampledger says to people, in {LANGUAGES[language]}."
    read.last_translator = read.language_team = "Ampledger"
    return read


def _written(catalogue: Catalog) -> str:
    content = BytesIO()
    write_po(
        content,
        catalogue,
        width=100,
        sort_output=True,
        ignore_obsolete=True,
        include_lineno=False,
    )
    lines = content.getvalue().decode().splitlines(keepends=True)
    return "".join(it for it in lines if not it.startswith('"Generated-By:'))
