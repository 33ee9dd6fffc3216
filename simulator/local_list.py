"""
The list by which a charger lets drivers in while nobody is there to be asked (OCPP 1.6, sections 3.5.3,
5.10 and 5.15).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from simulator.payloads import CallRefused, Payload, moment, needed, optional

ENTRIES_MAX: Final = 200
MESSAGE_MAX: Final = 50
"""So many entries are taken in one message."""
FULL, DIFFERENTIAL = "Full", "Differential"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the list says of one card; moments are seconds since 1970."""

    status: str
    expires_s: float | None = None
    parent: str | None = None

    def accepts(self, own_s: float) -> bool:
        return self.status == "Accepted" and (self.expires_s is None or own_s < self.expires_s)


@dataclass(slots=True)
class LocalList:
    """The list of one charger; it survives a lost connection and a lost supply."""

    version: int = 0
    entries: dict[str, Entry] = field(default_factory=dict)

    def find(self, id_tag: str) -> Entry | None:
        """Look a card up; spelling does not count (OCPP 1.6: case-insensitive)."""
        return self.entries.get(id_tag.upper())

    def take(self, payload: Payload) -> str:
        """
        Take what the server sends; return the status that answers SendLocalList.

        Raises:
            CallRefused: a field is missing or malformed; nothing has changed then.
        """
        version, kind = needed(payload, "listVersion", int), needed(payload, "updateType", str)
        sent = optional(payload, "localAuthorizationList", list) or []
        if kind not in {FULL, DIFFERENTIAL}:
            raise CallRefused("PropertyConstraintViolation", f"there is no update {kind!r}")
        if kind == DIFFERENTIAL and version <= self.version:
            return "VersionMismatch"
        entries = {} if kind == FULL else dict(self.entries)
        for it in sent:
            id_tag = needed(it, "idTag", str).upper()
            info = optional(it, "idTagInfo", dict)
            if info is None:
                entries.pop(id_tag, None)
            else:
                entries[id_tag] = _entry(info)
        if len(sent) > MESSAGE_MAX or len(entries) > ENTRIES_MAX:
            return "Failed"
        self.version, self.entries = version, entries
        return "Accepted"


def _entry(info: Mapping[str, object]) -> Entry:
    return Entry(
        needed(info, "status", str),
        moment(info, "expiryDate"),
        optional(info, "parentIdTag", str),
    )
