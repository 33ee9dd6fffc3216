"""
In which language something is said: `_` and `counted` say it in the language of whoever is spoken to.

    with speaking("nb"):
        _("Sign out")                                   # “Logg ut”
        counted(9, "%(n)s car", "%(n)s cars")           # “9 biler”

Texts are English in the source, and have named places: `_("limited by %(what)s", what=…)`. What a language
has no words for is said in English. A percent sign is written twice.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LOCALES: Final = Path(__file__).parent / "locales"
SOURCE: Final = "en"
LANGUAGES: Final = {
    SOURCE: "English",
    "nb": "Norsk",
    "sv": "Svenska",
    "da": "Dansk",
    "de": "Deutsch",
}
"""What can be chosen, each by its own name."""
_ALIASES: Final = {"no": "nb", "nn": "nb"}

_spoken: ContextVar[str] = ContextVar("spoken", default=SOURCE)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Say what is said within in a language; one that is not known is English."""
    token = _spoken.set(language if language in LANGUAGES else SOURCE)
    try:
        yield
    finally:
        _spoken.reset(token)


def spoken() -> str:
    """Name the language that is spoken now, by its tag (BCP 47)."""
    return _spoken.get()


def _(text: str, **places: object) -> str:
    """
    Say a text.

    >>> _("limited by %(what)s, at 80 %%", what="Level 1")
    'limited by Level 1, at 80 %'
    """
    return words_of(_spoken.get()).gettext(text) % places


def counted(n: int, one: str, many: str, **places: object) -> str:
    """
    Say a number of things; the number's own place is `%(n)s`.

    >>> counted(1, "%(n)s car", "%(n)s cars"), counted(9, "%(n)s car", "%(n)s cars")
    ('1 car', '9 cars')
    """
    return words_of(_spoken.get()).ngettext(one, many, n) % ({"n": n} | places)


def marked(text: str) -> str:
    """Mark a text that is data, to be said by `_` when it is shown."""
    return text


def preferred(accepted: str, chosen: str | None = None) -> str:
    """
    Choose a language.

    Args:
        accepted: what a browser's `Accept-Language` says (RFC 9110).
        chosen: what somebody has chosen, which comes before it.

    >>> preferred("nn-NO,nn;q=0.9,en;q=0.5"), preferred("fr, *;q=0.1"), preferred("de", "sv")
    ('nb', 'en', 'sv')
    """
    if chosen in LANGUAGES:
        return chosen
    wanted = [_ALIASES.get(it.partition("-")[0], it) for it in _by_weight(accepted[:500])]
    return negotiate_locale(wanted, list(LANGUAGES), sep="-") or SOURCE


def _by_weight(accepted: str) -> Sequence[str]:
    weighed: list[tuple[float, str]] = []
    for part in accepted.split(","):
        tag, _q, weight = part.strip().partition(";q=")
        try:
            weighed.append((float(weight or 1), tag.strip()))
        except ValueError:
            continue  # a weight that is no number says nothing
    return [tag for _weight, tag in sorted(weighed, key=lambda it: -it[0])]


@cache
def words_of(language: str) -> NullTranslations:
    """Read a language's catalogue; one that has none yet says everything in English."""
    path = LOCALES / f"{language}.po"
    if not path.exists():
        return NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)
