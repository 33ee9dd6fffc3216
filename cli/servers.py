"""The two servers: our own embedded ones, or those that NATS_URL and DATABASE_URL name."""

from collections.abc import Collection
from dataclasses import replace

from cli import mqtt_server, nats_server, postgres
from cli.composition import DATABASE_PREFIX, Addresses
from cli.data_folder import DataFolder
from cli.database_roles import passwords_in
from cli.nats_access import open_access
from cli.nats_keys import KEYS
from cli.options import StackOptions
from cli.ports import claim_port
from cli.processes import Program
from cli.reachability import check_database, check_nats
from cli.run_file import RunFile
from cli.services import TELEMETRY


async def prepare_servers(
    options: StackOptions, folder: DataFolder, run_file: RunFile, names: Collection[str]
) -> tuple[list[Program], Addresses]:
    """
    Reach the servers that are given, and prepare the embedded ones.

    Ports and URLs are noted in *run_file*; the services called *names* get passwords where there are none.

    Returns:
        What to run, which is nothing when both are given, and where the servers will be.

    Raises:
        ServerUnreachable: a given server does not answer.
        PortTaken: somebody else listens on a port of an embedded one.
        StackFault: an embedded one cannot be prepared.
    """
    if options.nats_url is not None:
        await check_nats(options.nats_url)
    if options.database_url is not None:
        await check_database(options.database_url)
    _claim_ports(options, run_file.ports)
    programs: list[Program] = []
    nats_url, database_url = options.nats_url, options.database_url
    keys, passwords = options.nats_keys, options.database_passwords
    if database_url is None:
        program, database_url = await _postgres(folder, run_file.ports["postgres"])
        programs.append(program)
        passwords = folder.passwords
    if nats_url is None:
        server = _nats(options, folder, run_file.ports)
        nats_url, keys = server.url, folder.nats / KEYS
        run_file.urls["nats-monitor"] = server.monitor_url
        programs.append(nats_server.prepare(server))
    run_file.urls.update(nats=nats_url, database=database_url)
    known = {} if passwords is None else passwords_in(passwords, names)
    told = {}
    if (mqtt := _mqtt(options, folder, run_file.ports)) is not None:
        programs.append(mqtt_server.prepare(mqtt))
        told[TELEMETRY] = mqtt.told_telemetry()
    return programs, Addresses(nats_url, database_url, keys, known, told)


def _claim_ports(options: StackOptions, ports: dict[str, int]) -> None:
    """Claim all before anything is made or started, so that a taken one leaves no trace."""
    if options.database_url is None:
        ports["postgres"] = claim_port(options.postgres_port, "PostgreSQL", "--postgres-port")
    if options.mqtt is not None:
        ports["mqtt"] = claim_port(options.mqtt.port, "meters by MQTT", "--mqtt-port")
        ports["mqtt-nats"] = claim_port(0, "telemetry at the MQTT server", "")
    if options.nats_url is None:
        ports["nats"] = claim_port(options.nats_port, "NATS", "--nats-port")
        ports["nats-monitor"] = claim_port(
            options.nats_monitor_port, "NATS's monitoring", "--nats-monitor-port"
        )


def _mqtt(
    options: StackOptions, folder: DataFolder, ports: dict[str, int]
) -> mqtt_server.Mqtt | None:
    if options.mqtt is None:
        return None
    return mqtt_server.Mqtt(
        store=folder.nats / mqtt_server.NAME,
        run=folder.run,
        listening=replace(options.mqtt, port=ports["mqtt"]),
        nats_port=ports["mqtt-nats"],
    )


async def _postgres(folder: DataFolder, port: int) -> tuple[Program, str]:
    server = postgres.Postgres(
        data=folder.postgres,
        run=folder.run,
        port=port,
        password=folder.marker.postgres_password,
        account=folder.account,
    )
    program = await postgres.prepare(server)
    if not folder.marker.cluster_made:
        folder.cluster_was_made()
    return program, server.url(DATABASE_PREFIX)


def _nats(options: StackOptions, folder: DataFolder, ports: dict[str, int]) -> nats_server.Nats:
    return nats_server.Nats(
        store=folder.nats,
        run=folder.run,
        port=ports["nats"],
        monitor_port=ports["nats-monitor"],
        access=open_access(folder.nats),
        extra=options.nats_extra,
    )
