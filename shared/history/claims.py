"""
One serial, one place: folded from what happened, with no regard to how it was decided.

The same holds for a charger's id, under which all services know it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.history.integrity import Fault
from shared.messages import Event
from shared.messages.installation import (
    ChargerAssigned,
    ChargerRemoved,
    SerialLocked,
    SerialUnlocked,
)
from shared.recorded import Recorded

Key = tuple[str, str]
"""Kind and key of a reservation."""

KINDS = frozenset({"serial", "charger"})


@dataclass(slots=True)
class Claims:
    """Who holds which serial and which charger id, position by position."""

    holders: dict[Key, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    checked: int = 0
    """How many claims and releases were looked at."""

    def hear(self, recorded: Recorded, event: Event) -> None:
        """Take in the next event of the log of layouts."""
        match event:
            case ChargerAssigned():
                self._claim(recorded, event)
            case ChargerRemoved():
                self._release(recorded, event)
            case SerialLocked() | SerialUnlocked():
                self._stands(recorded, event)

    def _claim(self, recorded: Recorded, event: ChargerAssigned) -> None:
        holder = f"{event.installation_id}/{event.charger_id}"
        for key in _keys(event):
            self.checked += 1
            other = self.holders.get(key)
            if other is not None:
                self._fault(recorded, f"{key[0]} {key[1]} is given to {holder}, {other} has it")
            self.holders[key] = holder

    def _release(self, recorded: Recorded, event: ChargerRemoved) -> None:
        holder = f"{event.installation_id}/{event.charger_id}"
        for key in _keys(event):
            self.checked += 1
            other = self.holders.pop(key, None)
            if other != holder:
                who = other or "nobody"
                self._fault(recorded, f"{key[0]} {key[1]} leaves {holder}, but {who} has it")

    def _stands(self, recorded: Recorded, event: SerialLocked | SerialUnlocked) -> None:
        self.checked += 1
        holder = f"{event.installation_id}/{event.charger_id}"
        if self.holders.get(("serial", event.serial)) != holder:
            self._fault(recorded, f"serial {event.serial} is not at {holder}")

    def _fault(self, recorded: Recorded, what: str) -> None:
        self.faults.append(Fault(recorded.position, what, recorded.stream, recorded.type))


def _keys(event: ChargerAssigned | ChargerRemoved) -> tuple[Key, Key]:
    return ("serial", event.serial), ("charger", event.charger_id)


def reservation_faults(
    folded: Mapping[Key, str], kept: Mapping[Key, tuple[str, int]]
) -> list[Fault]:
    """
    Compare the reservations that are kept with those that the log tells of.

    Args:
        folded: holders by key, as the events say.
        kept: holder and position by key, as the table says.
    """
    faults: list[Fault] = []
    for key in sorted({*folded, *(it for it in kept if it[0] in KINDS)}):
        holder, position = kept.get(key, (None, 0))
        if folded.get(key) != holder:
            says = folded.get(key) or "nobody"
            what = f"{key[0]} {key[1]} is kept for {holder or 'nobody'}, the log says {says}"
            faults.append(Fault(position, what))
    return faults
