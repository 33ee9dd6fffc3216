"""The MQTT server of meters, beside the other servers of a test."""

from cli.mqtt_server import NAME, Listening, Mqtt, prepare
from cli.ports import free_ports
from tests.support.servers import EmbeddedServers

_STARTED: dict[str, Mqtt] = {}


async def mqtt_server(servers: EmbeddedServers) -> Mqtt:
    """Start it, if it does not run yet, and wait until it does."""
    key = str(servers.folder)
    if key not in _STARTED:
        port, nats_port = free_ports(2)
        folder = servers.folder
        _STARTED[key] = Mqtt(folder / "mqtt", folder / "run", Listening(port), nats_port)
        servers.supervisor.add(prepare(_STARTED[key]))
        servers.supervisor.start()
    await servers.supervisor.wait_ready([NAME])
    return _STARTED[key]
