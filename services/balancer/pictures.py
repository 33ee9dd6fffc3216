"""
Pictures of installations on their way: those of a quarter of a second go together.

Whoever hears them wakes up once for many, and the server writes many to its disk as one. A picture is
followed by the next one, so nobody waits until it is stored.
"""

from typing import Final

from nats.aio.client import Client

from shared.batches import WORTH_IT, publish_batch

APART_S: Final = 0.25
WAITING_MAX: Final = 500
"""So many go at once, whatever the time; the server takes twice as many as a batch."""


class Pictures:
    """Gathers pictures, and sends them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._waiting: list[tuple[str, bytes, dict[str, str]]] = []
        self._sent_s = float("-inf")

    def put(self, subject: str, data: bytes) -> None:
        """Hand in a picture."""
        self._waiting.append((subject, data, {}))

    async def send(self, now_s: float) -> None:
        """
        Send what waits, if it is time.

        Raises:
            NatsError: it cannot be sent now; it is lost.
        """
        if not self._waiting or (
            0.0 <= now_s - self._sent_s < APART_S and len(self._waiting) < WAITING_MAX
        ):
            return
        pictures, self._waiting, self._sent_s = self._waiting, [], now_s
        for begin in range(0, len(pictures), WAITING_MAX):
            await self._send(pictures[begin : begin + WAITING_MAX])

    async def _send(self, pictures: list[tuple[str, bytes, dict[str, str]]]) -> None:
        if len(pictures) >= WORTH_IT:
            await publish_batch(self._client, pictures, None)
            return
        for subject, data, _ in pictures:
            await self._client.publish(subject, data)
