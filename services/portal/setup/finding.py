"""
Finding installations: by words, by what they are like at the moment, a page at a time.

    search_of({"q": "sea zap000012", "show": "problems"})
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from services.portal.documents import Layout
from services.portal.view import Freshness, InstallationView
from shared.speech import _, counted, marked

PER_PAGE: Final = 40
TEXT_CHARS_MAX: Final = 120
ALL: Final = "all"
FILTERS: Final = {
    ALL: marked("All"),
    "problems": marked("With problems"),
    "charging": marked("Charging"),
    "waiting": marked("With a queue"),
}
"""What can be asked for, by its name in the address."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody looks for; it stands in the address."""

    text: str = ""
    show: str = ALL
    deactivated: bool = False
    page: int = 1

    def query(self, **changes: Any) -> str:  # noqa: ANN401  # fields of this class
        """
        Write it as the query of an address, some of it changed.

        >>> Search("sea street", page=2).query(show="problems", page=1)
        '?q=sea+street&show=problems'
        """
        it = replace(self, **changes)
        given = {
            "q": it.text,
            "show": "" if it.show == ALL else it.show,
            "deactivated": "1" if it.deactivated else "",
            "page": "" if it.page == 1 else it.page,
        }
        told = urlencode({name: value for name, value in given.items() if value})
        return f"?{told}" if told else ""


def search_of(query: Mapping[str, str]) -> Search:
    """
    Read what somebody looks for; what cannot be meant is what is shown without it.

    >>> search_of({"q": " sea ", "show": "<x>", "page": "-3"})
    Search(text='sea', show='all', deactivated=False, page=1)
    """
    show, page = query.get("show", ALL), query.get("page", "")
    return Search(
        text=query.get("q", "")[:TEXT_CHARS_MAX].strip(),
        show=show if show in FILTERS else ALL,
        deactivated=query.get("deactivated") == "1",
        page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
    )


def matches(layout: Layout, text: str) -> bool:
    """
    Tell whether every word stands somewhere in an installation's name, address or id, or in the serial
    number or the name of one of its chargers.
    """
    about = [layout.name, layout.address, layout.installation_id]
    about += [part for it in layout.chargers for part in (it.serial, it.name)]
    whole = "\n".join(about).casefold()
    return all(it in whole for it in text.casefold().split())


def found(layouts: Iterable[Layout], search: Search) -> list[Layout]:
    """Name those that are looked for, by name; what they are like at the moment is not looked at yet."""
    wanted = (
        it
        for it in layouts
        if (search.deactivated or it.deactivated is None) and matches(it, search.text)
    )
    return sorted(wanted, key=lambda it: (it.name.casefold(), it.installation_id))


def like(view: InstallationView, show: str) -> bool:
    """Tell whether an installation is at the moment as it is looked for."""
    match show:
        case "problems":
            return bool(view.scene.problems) or view.head.freshness is Freshness.STALE
        case "charging":
            return view.scene.charging > 0
        case "waiting":
            return view.scene.waiting > 0
    return True


@dataclass(frozen=True, slots=True)
class Standing:
    """How an installation is, in a word with its icon."""

    icon: str
    word: str


def standing_of(view: InstallationView) -> Standing:
    """Say how an installation is; of several things the one that somebody has to do something about."""
    scene = view.scene
    if not view.head.active:
        return Standing("removed", _("deactivated"))
    if view.head.freshness is Freshness.STALE:
        return Standing("fault", _("picture is stale"))
    if scene.problems:
        return Standing("fault", counted(scene.problems, "%(n)s problem", "%(n)s problems"))
    if not scene.chargers:
        return Standing("unknown", _("being set up"))
    if scene.waiting:
        return Standing("waiting", counted(scene.waiting, "%(n)s car waits", "%(n)s cars wait"))
    if scene.charging:
        return Standing(
            "charging", counted(scene.charging, "%(n)s car charges", "%(n)s cars charge")
        )
    return Standing("free", _("no car charges"))


@dataclass(frozen=True, slots=True)
class Pages:
    """Which part of what was found is shown."""

    first: int
    """The first one's number, from 1 on."""
    last: int
    total: int
    page: int
    pages: int


def paged(total: int, page: int) -> Pages:
    """
    Choose a page; behind the last one there is the last one.

    >>> paged(95, 3), paged(0, 7)
    (Pages(first=81, last=95, total=95, page=3, pages=3), Pages(first=0, last=0, total=0, page=1, pages=1))
    """
    pages = max(1, -(-total // PER_PAGE))
    page = min(page, pages)
    last = min(page * PER_PAGE, total)
    return Pages(min((page - 1) * PER_PAGE + 1, last), last, total, page, pages)


def on_page(those: Sequence[T], pages: Pages) -> Sequence[T]:
    """Name those of a page."""
    return those[max(0, pages.first - 1) : pages.last]
