"""
The peer: a gateway as users of the `ocpp` package write it, on the server of the `websockets` package.

    python -m cli.bench.gateway.peer PORT

The package validates every message by itself; each reading is published to JetStream, and its confirmation
awaited, before the charger is answered. Says "ready" once it listens. The URL of NATS comes in the
environment.
"""

import asyncio
import contextlib
import json
import os
import sys
from typing import Any

import nats
from nats.js import JetStreamContext
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.enums import Action, RegistrationStatus
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from shared.clock import utc_now

STREAM = "PEER"
SUBJECTS = "peer.>"


class Handler(ChargePoint):
    """Answers one charger."""

    def __init__(self, serial: str, socket: ServerConnection, js: JetStreamContext) -> None:
        super().__init__(serial, socket)  # type: ignore[no-untyped-call]
        self._js = js

    @on(Action.boot_notification)  # type: ignore[untyped-decorator,no-untyped-call]
    def on_boot(self, **_: Any) -> call_result.BootNotification:
        return call_result.BootNotification(
            current_time=utc_now().isoformat(), interval=300, status=RegistrationStatus.accepted
        )

    @on(Action.meter_values)  # type: ignore[untyped-decorator,no-untyped-call]
    async def on_meter_values(
        self, connector_id: int, meter_value: list[dict[str, Any]], **_: Any
    ) -> call_result.MeterValues:
        reading = {"serial": self.id, "connector_id": connector_id, "meter_value": meter_value}
        await self._js.publish(f"peer.{self.id}", json.dumps(reading).encode())
        return call_result.MeterValues()


async def _main(port: int) -> None:
    client = await nats.connect(os.environ["NATS_URL"])
    js = client.jetstream()
    await js.add_stream(name=STREAM, subjects=[SUBJECTS])

    async def on_connect(socket: ServerConnection) -> None:
        request = socket.request
        if request is not None:
            with contextlib.suppress(ConnectionClosed):
                handler = Handler(request.path.rsplit("/", 1)[-1], socket, js)
                await handler.start()  # type: ignore[no-untyped-call]

    async with serve(on_connect, "127.0.0.1", port, subprotocols=[Subprotocol("ocpp1.6")]):
        print("ready", flush=True)
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
