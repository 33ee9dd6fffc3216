"""A relay in a process of its own, beside the one of the service: the two race, and may be killed.

Its environment names DATABASE_URL (the service's own database) and NATS_URL.
"""

import asyncio
import os

from shared.event_store import EventStore
from shared.messaging import connect
from shared.relay import Relay
from shared.runtime import pool_of

SERVICE = "installation"


async def main() -> None:
    client = await connect(os.environ["NATS_URL"], "lone-relay")
    async with (
        pool_of(os.environ["DATABASE_URL"]) as pool,
        EventStore.open(pool) as store,
    ):
        await Relay(SERVICE, store, client).run()


if __name__ == "__main__":
    asyncio.run(main())
