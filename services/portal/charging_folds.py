"""What the start and the end of a session do to what the portal remembers."""

from services.portal.charging import ChargingSession, Register, begun, ended
from shared.documents import Documents, numbered
from shared.followers import Connection
from shared.ids import Serial
from shared.messages.telemetry import SessionEnded, SessionStarted
from shared.rows import Rows


class Sessions:
    """
    All sessions: rows, of which those that go on are in memory as well, with every charger's register.

    What is read of them is read by `SessionBook`. The rows are common to all portals; each of them writes
    them.

    Args:
        number: of this process among the portals.
    """

    def __init__(self, number: int = 1) -> None:
        self.rows = Rows("charging_session", ChargingSession, last="ended_at")
        self.going_on = Documents(numbered("open-session", number), ChargingSession)
        self.registers = Documents(numbered("register", number), Register)

    async def open(self, pool: object) -> None:
        """Read what is held in memory."""
        await self.going_on.open(pool)
        await self.registers.open(pool)

    async def apply(
        self,
        connection: Connection,
        event: SessionStarted | SessionEnded,
        serial: Serial | None,
    ) -> None:
        """
        Take in that a session began or ended; the end of one that nobody saw begin tells no more.

        Args:
            connection: the transaction of the event.
            event: what happened.
            serial: of the hardware that stands there now.
        """
        key = f"{event.installation_id}/{event.session_id}"
        place = f"{event.installation_id}/{event.charger_id}"
        register = self.registers.get(place)
        if isinstance(event, SessionStarted):
            session, at = begun(event, serial, register), event.started_at
            await self.going_on.put(connection, key, session)
        else:
            known = self.going_on.get(key)
            if known is None:
                return
            session, at = ended(known, event), event.ended_at
            await self.going_on.remove(connection, key)
        await self.rows.put(connection, key, session)
        if (
            isinstance(event, SessionStarted)
            or register is None
            or (register.serial == session.serial)
        ):
            # An end that comes late, from hardware that has left, says nothing of what stands there.
            told = Register(serial=session.serial, register_wh=event.register_wh, at=at)
            await self.registers.put(connection, place, told)
