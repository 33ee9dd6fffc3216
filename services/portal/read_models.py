"""All documents of the portal, and the facts about one installation joined out of them."""

from collections.abc import Iterable
from typing import TypeVar

from pydantic import BaseModel

from services.portal.charging_folds import Sessions
from services.portal.documents import Charger, Condition, Layout, Overload, Refusal, Share
from services.portal.facts import Facts
from services.portal.latest import Latest
from services.portal.warned import Warnings
from shared.documents import Documents, numbered
from shared.ids import ChargerId, InstallationId, Serial
from shared.messages.balancer import MAIN
from shared.rights.book import GrantBook

M = TypeVar("M", bound=BaseModel)


def key_of(installation_id: InstallationId, part_id: str) -> str:
    """
    Name a part of an installation: ids of chargers and circuits are unique within it only.

    >>> key_of("garage-1", "bay-12")
    'garage-1/bay-12'
    """
    return f"{installation_id}/{part_id}"


class ReadModels:
    """
    The documents; each kind is written by the follower of one log.

    Args:
        number: of this process among the portals; each has documents of its own.
    """

    def __init__(self, number: int = 1) -> None:
        self.number = number
        self.layouts = Documents(numbered("layout", number), Layout)
        self.conditions = Documents(numbered("condition", number), Condition)
        self.refusals = Documents(numbered("refusal", number), Refusal)
        self.shares = Documents(numbered("share", number), Share)
        self.overloads = Documents(numbered("overload", number), Overload)
        self.sessions = Sessions(number)
        self.warnings = Documents(numbered("warnings", number), Warnings)
        self.book = GrantBook(number)

    def open_warnings(self, installation_id: InstallationId) -> int:
        """Count the warnings of which nobody has taken notice."""
        warnings = self.warnings.get(installation_id) or Warnings()
        return sum(it.acknowledged_by is None for it in warnings.open.values())

    def facts(
        self, installation_id: InstallationId, latest: Latest, connected: bool
    ) -> Facts | None:
        """Join everything known about an installation; none if there is no such one."""
        layout = self.layouts.get(installation_id)
        if layout is None:
            return None
        chargers = [it.charger_id for it in layout.chargers]
        circuits = [MAIN, *(it.circuit_id for it in layout.circuits)]
        return Facts(
            layout=layout,
            conditions=self._conditions(layout),
            shares=_parts(self.shares, installation_id, chargers),
            overloads=_parts(self.overloads, installation_id, circuits),
            readings=latest.readings_of(installation_id),
            listening_since=latest.listening_since,
            balance=latest.balance_of(installation_id),
            connected=connected,
            refusals=self._refusals(layout),
        )

    def _conditions(self, layout: Layout) -> dict[ChargerId, Condition]:
        """What another charger told that had an id before is not told of the one that has it now."""
        ids = [it.charger_id for it in layout.chargers]
        found = _parts(self.conditions, layout.installation_id, ids)
        serials = {it.charger_id: it.serial for it in layout.chargers}
        return {it: told for it, told in found.items() if told.serial in {None, serials[it]}}

    def _refusals(self, layout: Layout) -> dict[Serial, Refusal]:
        found = ((it.serial, self.refusals.get(it.serial)) for it in layout.chargers)
        return {serial: it for serial, it in found if it is not None and not it.settled}

    def standing(self) -> dict[Serial, tuple[Layout, Charger]]:
        """Name where every assigned serial stands."""
        layouts = self.layouts.all().values()
        return {it.serial: (layout, it) for layout in layouts for it in layout.chargers}

    def turned_away(self) -> list[tuple[str, Refusal]]:
        """Name the serials that were refused and not let in since, the latest first."""
        refusals = [it for it in self.refusals.all().items() if not it[1].settled]
        return sorted(refusals, key=lambda it: it[1].refused_at, reverse=True)


def _parts(
    documents: Documents[M], installation_id: InstallationId, part_ids: Iterable[str]
) -> dict[str, M]:
    found = ((it, documents.get(key_of(installation_id, it))) for it in part_ids)
    return {part_id: document for part_id, document in found if document is not None}
