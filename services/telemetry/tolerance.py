"""What one charger gets wrong: mended where what is meant is certain, and each way put on record once."""

from typing import Final

import structlog

from services.telemetry.charger import way_of
from services.telemetry.dialect import Dialect
from services.telemetry.frames import Call, Payload
from services.telemetry.histories import LOG_FAULTS, History
from services.telemetry.mending import field_of, mended
from services.telemetry.payloads import CallRefused
from services.telemetry.validation import Violation
from shared.messages.telemetry import SchemaViolationTolerated

WAYS_MAX: Final = 50
"""So many ways of breaking the rules are put on record of one charger; further ones are logged only."""
FIELD_CHARS_MAX: Final = 200

log = structlog.get_logger()


class Tolerance:
    """Takes the requests of one connection as they are meant."""

    def __init__(self, history: History, dialect: Dialect, *, tolerant: bool) -> None:
        """
        Make it.

        Args:
            history: of the charger.
            dialect: which it speaks.
            tolerant: mend what can be mended; if not, whatever breaks a schema is refused.
        """
        self._history = history
        self._dialect = dialect
        self._tolerant = tolerant

    async def meant(self, call: Call) -> Payload:
        """
        Give the payload of a request as it is meant: as it came, if nothing is wrong with it.

        Raises:
            CallRefused: something is wrong, and what is meant is not certain.
        """
        violation = self._dialect.violation_of_request(call.action, call.payload)
        if violation is None:
            return call.payload
        found = None
        if self._tolerant:
            found = mended(
                call.payload,
                lambda payload: self._dialect.violation_of_request(call.action, payload),
            )
        if found is None:
            raise CallRefused(violation.code, violation.text)
        await self._put_on_record(call.action, found.faults)
        return found.payload

    async def _put_on_record(self, action: str, faults: tuple[Violation, ...]) -> None:
        known, assigned = self._history.state.tolerated, self._history.assigned
        fresh = {
            way_of(action, field, it.rule): (field, it.rule)
            for it in faults
            if way_of(action, field := field_of(it.path)[:FIELD_CHARS_MAX], it.rule)
            not in known
        }
        events = [
            SchemaViolationTolerated(
                installation_id=assigned.installation_id,
                charger_id=assigned.charger_id,
                action=action,
                field=field,
                rule=rule,
            )
            for field, rule in fresh.values()
        ]
        events = events[: max(0, WAYS_MAX - len(known))]
        for event in events:
            log.warning(
                "charger breaks a schema, and is taken at what it means", at=event.field
            )
        try:
            await self._history.record(events)
        except LOG_FAULTS as fault:
            # It will do so again, and be put on record then.
            log.info("broken schema not put on record yet", fault=repr(fault))
