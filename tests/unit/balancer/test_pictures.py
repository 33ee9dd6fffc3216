"""Pictures go together, the first one at once, and none waits for long."""

from typing import Any

from nats.aio.client import Client

from services.balancer.pictures import APART_S, Pictures
from shared.batches import WORTH_IT


class Listening(Client):
    """A client that notes what it is to publish."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[str, dict[str, str]]] = []

    async def publish(
        self, subject: str, payload: bytes = b"", reply: str = "", headers: Any = None
    ) -> None:
        assert not payload
        assert not reply
        self.said.append((subject, headers or {}))


async def test_the_first_goes_at_once_and_the_next_ones_go_together() -> None:
    client = Listening()
    pictures = Pictures(client)
    for number, at_s in enumerate((10.0, 10.1, 10.2, 10.0 + APART_S)):
        pictures.put(f"site-{number}", b"")
        await pictures.send(at_s)
        assert len(client.said) == (4 if at_s == 10.0 + APART_S else 1)


async def test_many_are_one_batch() -> None:
    client = Listening()
    pictures = Pictures(client)
    for number in range(WORTH_IT):
        pictures.put(f"site-{number}", b"")
    await pictures.send(10.0)

    assert {headers["Nats-Batch-Id"] for _, headers in client.said} == {
        client.said[0][1]["Nats-Batch-Id"]
    }
    assert ["Nats-Batch-Commit" in headers for _, headers in client.said] == [
        *([False] * (WORTH_IT - 1)),
        True,
    ]


async def test_a_clock_that_is_set_back_holds_up_nothing() -> None:
    client = Listening()
    pictures = Pictures(client)
    for at_s in (1000.0, 10.0):
        pictures.put("site", b"")
        await pictures.send(at_s)

    assert len(client.said) == 2
