"""Which sessions somebody wants to see, as the address of the page says; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from services.portal.billing.months import midnight
from services.portal.session_book import Which
from shared.ids import ChargerId, InstallationId, PersonId
from shared.speech import _

NOBODY: Final = "-"
"""In place of a person: sessions of which it is not known whose they are."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What was filled in; a day that is none is kept as it was written, and told."""

    charger_id: ChargerId = ""
    person_id: PersonId = ""
    first: str = ""
    last: str = ""
    wrong: str = ""
    """What is wrong with it; empty if nothing is."""
    begins: date | None = None
    ends: date | None = None
    """The last day, which counts."""

    @property
    def any(self) -> bool:
        return bool(self.charger_id or self.person_id or self.first or self.last)

    def query(self, **more: str) -> str:
        """Spell them for another address."""
        known = {
            "charger": self.charger_id,
            "person": self.person_id,
            "from": self.first,
            "to": self.last,
        }
        return urlencode({name: it for name, it in (known | more).items() if it})

    def which(self, installation_id: InstallationId, zone: ZoneInfo, *, over: bool) -> Which:
        """Name the sessions."""
        return Which(
            installation_id,
            self.charger_id or None,
            None if self.person_id == NOBODY else self.person_id or None,
            nobodys=self.person_id == NOBODY,
            begins=None if self.begins is None else midnight(self.begins, zone),
            ends=None if self.ends is None else midnight(_after(self.ends), zone),
            over=over,
        )


def filters_of(query: Mapping[str, str]) -> Filters:
    """
    Read filters.

    >>> filters_of({"from": "2026-11-01", "to": "x"}).wrong
    '“x” is no day; write it as 2026-11-27.'
    """
    given = {it: query.get(it, "").strip()[:64] for it in ("charger", "person", "from", "to")}
    wrong, begins, ends = "", None, None
    try:
        begins = _day(given["from"])
        ends = _day(given["to"])
    except ValueError as error:
        wrong = str(error)
    if begins and ends and ends < begins:
        wrong = _("The last day is before the first one.")
        begins = ends = None
    return Filters(
        given["charger"], given["person"], given["from"], given["to"], wrong, begins, ends
    )


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not 2000 <= day.year < 2200:
        raise ValueError(_("“%(day)s” is no day; write it as 2026-11-27.", day=text))
    return day


def _after(day: date) -> date:
    return day + timedelta(days=1)


# --- Where a page begins ---


def cursor_of(moment: datetime, session_id: str) -> str:
    """Spell behind which session a page begins."""
    return f"{moment.astimezone(UTC).isoformat()}~{session_id}"


def read_cursor(text: str) -> tuple[datetime, str] | None:
    """
    Read behind which session a page begins; one that is none begins at the beginning.

    >>> read_cursor("2026-11-27T08:00:00+00:00~s-1")[1], read_cursor("once")
    ('s-1', None)
    """
    moment, _tilde, session_id = text.partition("~")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return None if at.tzinfo is None or not session_id else (at, session_id)
