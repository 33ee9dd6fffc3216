import os
import signal

import asyncpg
import nats
import pytest

from tests.support.servers import EmbeddedServers
from tests.support.stack_child import eventually

pytestmark = pytest.mark.integration


async def test_a_killed_postgres_comes_back_with_what_was_committed(
    servers: EmbeddedServers,
) -> None:
    url = await servers.create_database()
    connection = await asyncpg.connect(url)
    await connection.execute("create table kept (id int)")
    await connection.execute("insert into kept values (7)")
    before = servers.pid_of("postgres")

    os.kill(before, signal.SIGKILL)
    await eventually(lambda: servers.pid_now("postgres") not in {None, before})
    await servers.wait_ready()

    connection = await asyncpg.connect(url)
    assert await connection.fetchval("select id from kept") == 7
    await connection.close()


async def test_a_killed_nats_comes_back_with_what_was_acknowledged(
    servers: EmbeddedServers,
) -> None:
    client = await nats.connect(
        servers.nats_url, max_reconnect_attempts=-1, reconnect_time_wait=0.1
    )
    jetstream = client.jetstream()
    await jetstream.add_stream(name="KEPT", subjects=["kept.>"])
    await jetstream.publish("kept.one", b"7")
    before = servers.pid_of("nats")

    os.kill(before, signal.SIGKILL)
    await eventually(lambda: servers.pid_now("nats") not in {None, before})
    await servers.wait_ready()

    message = await jetstream.get_msg("KEPT", 1)
    assert message.data == b"7"
    await jetstream.delete_stream("KEPT")
    await client.close()
