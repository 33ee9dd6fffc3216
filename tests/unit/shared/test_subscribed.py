"""Nobody says that it listens before the server has heard what it listens to."""

from typing import cast

import pytest
from nats.aio.client import Client
from nats.errors import ConnectionClosedError, FlushTimeoutError

from shared import messaging
from shared.messaging import subscribed


class Server:
    """Answers a ping in the end, or is gone for good."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.asked = 0

    async def flush(self, timeout: int) -> None:  # noqa: ASYNC109  # as the client library has it
        assert timeout > 0
        self.asked += 1
        if self.faults:
            raise self.faults.pop(0)


async def test_it_is_asked_until_the_server_has_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(messaging, "SUBSCRIBED_PAUSE_S", 0.0)
    server = Server(FlushTimeoutError(), OSError("reconnecting"))

    await subscribed(cast("Client", server))

    assert server.asked == 3


async def test_a_connection_that_is_closed_for_good_says_so() -> None:
    with pytest.raises(ConnectionClosedError):
        await subscribed(cast("Client", Server(ConnectionClosedError())))
