"""A charger's WebSocket without a task of its own, so that one process can hold thousands."""

import asyncio
from collections.abc import Callable
from typing import Final, cast

from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.http11 import Response
from websockets.protocol import CLOSED, OPEN
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

OCPP_16: Final = Subprotocol("ocpp1.6")
OPEN_S_MAX: Final = 60.0
FRAME_BYTES_MAX: Final = 1024 * 1024


class NotLetIn(Exception):
    """The gateway has answered the handshake with something else than a WebSocket."""


class Line(asyncio.Protocol):
    """
    One connection, as the `websockets` package speaks it.

    Args:
        url: of the charger at its gateway.
        on_text: hears every message.
        on_lost: told when it is gone, however that came.
    """

    def __init__(
        self, url: str, on_text: Callable[[bytes], None], on_lost: Callable[[], None]
    ) -> None:
        self._spoken = ClientProtocol(
            parse_uri(url), subprotocols=[OCPP_16], max_size=FRAME_BYTES_MAX
        )
        self._on_text = on_text
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_open(self) -> bool:
        return self._spoken.state is OPEN

    def send(self, text: bytes) -> None:
        """Send a message; nothing happens on a line that is gone."""
        if self.is_open:
            self._spoken.send_text(text)
            self._flush()

    def cut(self) -> None:
        """Lose the connection, without a word."""
        if self._transport is not None:
            self._transport.abort()

    # --- What asyncio calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._spoken.send_request(self._spoken.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._spoken.receive_data(data)
        self._flush()
        for event in self._spoken.events_received():
            if isinstance(event, Response):
                self._on_response(event)
            elif isinstance(event, Frame) and event.opcode.name == "TEXT":
                self._on_text(bytes(event.data))

    def eof_received(self) -> None:
        if self._spoken.state is not CLOSED:
            self._spoken.receive_eof()
            self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(f"lost in the handshake: {exc!r}"))
        self._on_lost()

    def _on_response(self, response: Response) -> None:
        if self.opened.done():
            return
        if self.is_open:
            self.opened.set_result(None)
        else:
            self.opened.set_exception(NotLetIn(str(response.status_code)))

    def _flush(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        for data in self._spoken.data_to_send():
            if data:
                self._transport.write(data)
            else:
                self._transport.close()


async def open_line(
    gateway: str,
    serial: str,
    from_host: str,
    on_text: Callable[[bytes], None],
    on_lost: Callable[[], None],
) -> Line:
    """
    Connect a charger.

    Args:
        gateway: its URL, to which a serial number is added.
        serial: the charger's.
        from_host: the address it connects from; all of 127.0.0.0/8 is this machine.
        on_text: hears every message.
        on_lost: told when it is gone.

    Raises:
        NotLetIn: the gateway answers, and does not open.
        OSError, TimeoutError: nobody answers.
    """
    url = f"{gateway}/{serial}"
    at = parse_uri(url)
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(OPEN_S_MAX):
        _, line = await loop.create_connection(
            lambda: Line(url, on_text, on_lost), at.host, at.port, local_addr=(from_host, 0)
        )
        await line.opened
    return line
