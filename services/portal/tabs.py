"""Where one can go: data. What somebody may not see is not offered to them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from services.portal.page_rights import PAGE_RIGHTS
from shared.ids import InstallationId
from shared.rights.table import Action
from shared.speech import _, marked


@dataclass(frozen=True, slots=True)
class Tab:
    """A page of an installation: the end of its path, its name, what it takes to see it."""

    path: str
    name: str
    action: Action


TABS: Final = (
    Tab("", marked("Live"), Action.LIVE),
    Tab("/circuits", marked("Circuits"), Action.LIVE),
    Tab("/power", marked("Power"), Action.LIVE),
    Tab("/sessions", marked("Sessions"), Action.ALL_SESSIONS),
    Tab("/reports", marked("Reports"), Action.REPORTS),
    Tab("/access", marked("Access"), Action.PERMISSIONS),
    Tab("/warnings", marked("Warnings"), Action.WARNINGS),
    Tab("/firmware", marked("Firmware"), Action.LIVE),
    Tab("/settings", marked("Settings"), Action.LIVE),
    Tab("/history", marked("History"), Action.HISTORY),
    Tab("/who-did", marked("Who did what"), Action.HISTORY),
)
"""In the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A page that is about no single installation; what it takes, if anything, is asked anywhere."""

    path: str
    name: str
    action: Action | None


MENU: Final = (
    Entry("/", marked("Installations"), None),
    Entry("/my", marked("My charging"), Action.OWN_SESSIONS),
    Entry("/my/notifications", marked("Notifications"), Action.WARNINGS),
    Entry("/support", marked("Support"), Action.UNLOCK),
)
"""What stands at the top of every page, in this order; a page that is not there is not offered."""


@dataclass(frozen=True, slots=True)
class Link:
    """A tab as it is shown."""

    href: str
    name: str
    current: bool
    count: int = 0
    """How many things there need somebody."""


def links(
    installation_id: InstallationId,
    path: str,
    may: Callable[[Action], bool],
    open_warnings: int = 0,
) -> Iterator[Link]:
    """
    Offer the pages of an installation.

    Args:
        installation_id: which.
        path: of the page that is shown; the tab it belongs to is marked as current.
        may: tells what whoever looks may do there.
        open_warnings: how many warnings there are of which nobody has taken notice.
    """
    home = f"/installations/{installation_id}"
    shown = [it for it in TABS if may(it.action)]
    within = [it for it in shown if it.path and f"{path}/".startswith(f"{home}{it.path}/")]
    current = within[0] if within else next((it for it in shown if not it.path), None)
    for tab in shown:
        count = open_warnings if tab.action is Action.WARNINGS else 0
        yield Link(f"{home}{tab.path}", _(tab.name), tab is current, count)


def menu(path: str, may: Callable[[Action], bool]) -> Iterator[Link]:
    """
    Offer what stands at the top of every page.

    Args:
        path: of the page that is shown.
        may: tells what whoever looks may do anywhere.
    """
    above = [it.path for it in MENU if f"{path}/".startswith(f"{it.path}/")]
    deepest = max(above, key=len, default="")
    for it in MENU:
        if it.path in PAGE_RIGHTS and (it.action is None or may(it.action)):
            within = path == "/" or path.startswith("/installations")
            current = within if it.path == "/" else it.path == deepest
            yield Link(it.path, _(it.name), current)
