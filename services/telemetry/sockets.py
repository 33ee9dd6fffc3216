"""
A charger's WebSocket as the `websockets` package has it, with a short cut for what comes often.

A message takes three tasks on its way: that of the socket's reader, that of its requests, and back. What
can be dealt with at once need not wake any of them; everything else goes the long way, and nothing
overtakes it: the short cut is closed while the reader has not taken what came before.

A charger that speaks is there, and is pinged only now and then, to see that it hears, too. So one that is
gone is found after two rounds of pings and the patience for an answer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN, Event
from websockets.typing import DataLike

UNSENT_BYTES_MAX: Final = 32 * 1024
"""A charger that does not take its answers is waited for, and read no further."""
SKIPPED_MAX: Final = 2
"""So many pings after one another are spared a charger that speaks."""

_FORGOTTEN: Final = Request("", Headers())


class ChargerSocket(ServerConnection):
    """One charger's socket."""

    short_cut: Callable[[bytes], bool] | None = None
    """Deals with a message at once, or says that it cannot; it must not raise."""
    _heard = False
    """It has said something since the last round of pings."""
    _skipped = 0

    def forget_handshake(self) -> None:
        """Drop what was said in the handshake, some kilobytes: nobody asks for it any more."""
        self.request, self.response = _FORGOTTEN, None

    def process_event(self, event: Event) -> None:
        """Take a frame; called by the package."""
        self._heard |= isinstance(event, Frame) and event.opcode is not Opcode.PONG
        if (
            self.short_cut is not None
            and isinstance(event, Frame)
            and event.opcode is Opcode.TEXT
            and event.fin
            and not len(self.recv_messages.frames)
            and self.short_cut(bytes(event.data))
        ):
            return
        super().process_event(event)

    async def ping(self, data: DataLike | None = None) -> Awaitable[float]:
        """See whether it is there, unless that is known; called by the package, round by round."""
        heard, self._heard = self._heard, False
        if not heard or self._skipped >= SKIPPED_MAX:
            self._skipped = 0
            return await super().ping(data)
        self._skipped += 1
        there = asyncio.get_running_loop().create_future()
        there.set_result(0.0)
        return there

    @property
    def may_say(self) -> bool:
        """It is open, and takes more without being waited for."""
        return (
            self.protocol.state is OPEN
            and self.transport.get_write_buffer_size() <= UNSENT_BYTES_MAX
        )

    def say(self, text: bytes) -> None:
        """Send a message without waiting; nothing happens on a socket that is gone."""
        if self.protocol.state is OPEN:
            self.protocol.send_text(text)
            self.send_data()
