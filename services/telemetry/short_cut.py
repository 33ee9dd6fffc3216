"""
The short cut of readings: from the frame on the wire to the publisher, and to the answer, without a task.

Readings are most of what chargers say. Whatever is not plain about one (it is wrong, the charger is not
accepted, requests before it are not answered, the charger does not take its answers, too much of it is not
stored yet) has it go the long way, where all of that is dealt with.
"""

import traceback
from typing import Final

import structlog
from opentelemetry.trace import Span

from services.telemetry import frames
from services.telemetry.answering import Answering
from services.telemetry.dialect import Dialect
from services.telemetry.frames import METER_VALUES
from services.telemetry.metrics import METERED
from services.telemetry.publisher import Publisher
from services.telemetry.reported import Reported
from services.telemetry.sockets import ChargerSocket
from shared import tracing

UNSTORED_MAX: Final = 64
"""So many requests of a charger may be waiting to be stored; further ones wait behind them."""
_NAME: Final = METER_VALUES.encode()

log = structlog.get_logger()


class ShortCut:
    """The short cut of one connection."""

    def __init__(
        self,
        socket: ChargerSocket,
        dialect: Dialect,
        answering: Answering,
        reported: Reported,
        publisher: Publisher,
    ) -> None:
        self._socket = socket
        self._dialect = dialect
        self._answering = answering
        self._reported = reported
        self._publisher = publisher
        self._unstored = 0

    def take(self, data: bytes) -> bool:
        """Deal with a message at once; false if it has to go the long way."""
        if _NAME not in data or self._unstored >= UNSTORED_MAX:
            return False
        if not self._socket.may_say or not self._answering.idle:
            return False
        try:
            return self._take(data)
        except Exception as fault:  # the long way will meet it again, and answer
            where = traceback.extract_tb(fault.__traceback__)[-1]
            log.warning("no short cut", fault=type(fault).__name__, where=where.name)
            return False

    def _take(self, data: bytes) -> bool:
        read = self._dialect.plain_readings(data)
        if read is None:
            return False
        message_id, said = read
        frame = tracing.begin("frame MeterValues")
        with tracing.within(frame):
            self._reported.publish(said)
        text = frames.result(message_id, self._dialect.answer(METER_VALUES, (None,)))
        self._unstored += 1
        METERED.inc()
        self._publisher.when_stored(lambda: self._answer(text, frame))
        return True

    def _answer(self, text: bytes, frame: Span | None) -> None:
        self._unstored -= 1
        self._socket.say(text)
        if frame is not None:
            frame.end()
