"""Refusals that are put on record: the same one, of the same actor, once in a while."""

from collections import OrderedDict
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from shared.ids import InstallationId
from shared.messages.permissions import AccessRefused, RecordRefusal

COUNTED_ONCE: Final = timedelta(seconds=60)
REMEMBERED_MAX: Final = 10_000
"""So many are remembered at most; beyond that the oldest are forgotten, and may be recorded again."""

Key = tuple[str, str | None, str | None, str, str]


@dataclass(slots=True)
class Recent:
    """What was refused lately, the oldest first."""

    seen: OrderedDict[Key, datetime] = field(default_factory=OrderedDict)

    def decide(
        self,
        command: RecordRefusal,
        actor: str,
        installations: Container[InstallationId],
        now: datetime,
    ) -> AccessRefused | None:
        """
        Put a refusal on record, unless the same was recorded a moment ago.

        What names an installation that does not exist is about the platform: else whoever invents ids
        would fill the log.
        """
        known = command.installation_id in installations
        event = AccessRefused(
            installation_id=command.installation_id if known else None,
            charger_id=command.charger_id if known else None,
            asked_for=command.asked_for,
            refusal=command.refusal,
            detail=command.detail,
        )
        key = (
            actor,
            event.installation_id,
            event.charger_id,
            event.asked_for,
            event.refusal,
        )
        last = self.seen.get(key)
        if last is not None and now - last < COUNTED_ONCE:
            return None
        self.seen[key] = now
        self.seen.move_to_end(key)
        while len(self.seen) > REMEMBERED_MAX:
            self.seen.popitem(last=False)
        return event
