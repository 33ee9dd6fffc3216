"""
The NATS server that meters at breakers send to by MQTT: its configuration, its keys, and when it is ready.

It is a server of its own. What listens for instruments in cellars is apart from what carries limits, and it
lets nobody in without asking telemetry, which it could not do for everybody else's sake on the other one.
Telemetry has an account there, and the meters another one, with the jetstreams that NATS keeps MQTT
sessions in; `shared/meter_topics.py` names what goes from one to the other. "share" has the server say with
each message whose it is.
"""

import asyncio
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

import nkeys

from cli.files import write_atomically
from cli.nats_accounts import quoted
from cli.nats_keys import key_in
from cli.ports import LOOPBACK
from cli.processes import Program
from cli.programs import nats_server
from shared import meter_topics
from shared.lines import is_here

NAME: Final = "mqtt"
CONFIGURATION: Final = "mqtt.conf"
KEYS: Final = "keys"
STORE_BYTES_MAX: Final = 256 * 1024 * 1024
"""Sessions of meters and little else: so many that thousands of them fit."""
PAYLOAD_BYTES_MAX: Final = 64 * 1024
GREETED_S_MAX: Final = 2.0

_CONFIGURATION: Final = Template("""\
# Written by ampledger: the MQTT server of meters at breakers.
server_name: $name
listen: "$nats_host:$nats_port"
max_payload: $max_payload
jetstream { store_dir: $store, max_memory_store: $max_store, max_file_store: $max_store }
mqtt {
    listen: "$host:$port"$tls
}
authorization {
    timeout: 10
    auth_callout { issuer: $issuer, account: $telemetry, auth_users: [ $user ] }
}
accounts {
    $telemetry: {
        users: [ {
            nkey: $user
            permissions: {
                publish: [ $refusals, $sent_away ]
                subscribe: [ $hears, "_INBOX.>" ]
                allow_responses: true
            }
        } ]
        exports: [ $taken ]
        imports: [
            { service: { account: $meters, subject: $refusals } }
            { service: { account: $system, subject: $sent_away } }
        ]
    }
    $meters: {
        jetstream: enabled
        exports: [ { service: $refusals, accounts: [ $telemetry ] } ]
        imports: [ $reached ]
    }
    $system: { exports: [ { service: $sent_away, accounts: [ $telemetry ] } ] }
}
""")
_TLS: Final = Template("""
    tls { cert_file: $cert, key_file: $key, timeout: 10 }""")


@dataclass(frozen=True, slots=True)
class Listening:
    """
    Where meters connect.

    Args:
        tls: the files of the certificate and its key; none to speak without.
    """

    port: int
    host: str = LOOPBACK
    tls: tuple[Path, Path] | None = None

    @property
    def address(self) -> str:
        """
        Spell it as people enter it.

        >>> Listening(1883).address
        'mqtt://127.0.0.1:1883'
        """
        return f"mqtt{'' if self.tls is None else 's'}://{self.host}:{self.port}"


def listening_at(port: int, host: str, environment: Mapping[str, str]) -> Listening:
    """
    Say where meters connect, as the environment says how chargers do.

    Args:
        port: of MQTT.
        host: the address it is at.
        environment: with TELEMETRY_TLS_CERT and TELEMETRY_TLS_KEY, or TELEMETRY_PLAIN_PASSWORDS=allowed
            behind a proxy that speaks TLS.

    Raises:
        ValueError: others than this machine reach it, and tokens would cross the network in the open.
    """
    cert, key = (environment.get(f"TELEMETRY_TLS_{it}") for it in ("CERT", "KEY"))
    if cert and key:
        return Listening(port, host, (Path(cert), Path(key)))
    if not is_here(host) and environment.get("TELEMETRY_PLAIN_PASSWORDS") != "allowed":
        raise ValueError(
            f"MQTT on {host} would have tokens of meters cross the network in the open; set "
            "TELEMETRY_TLS_CERT and TELEMETRY_TLS_KEY, or, behind a proxy that speaks TLS, "
            "TELEMETRY_PLAIN_PASSWORDS=allowed"
        )
    return Listening(port, host)


@dataclass(frozen=True, slots=True)
class Mqtt:
    """
    The server.

    Args:
        store: where it keeps sessions, and the keys of telemetry.
        run: where its configuration is written.
        nats_port: where telemetry reaches it.
    """

    store: Path
    run: Path
    listening: Listening
    nats_port: int

    @property
    def url(self) -> str:
        return f"nats://{LOOPBACK}:{self.nats_port}"

    @property
    def keys(self) -> Path:
        return self.store / KEYS

    def told_telemetry(self) -> Mapping[str, str]:
        """Say what the telemetry service is told of it."""
        return {
            "TELEMETRY_MQTT_URL": self.url,
            "TELEMETRY_MQTT_KEYS": str(self.keys),
            "TELEMETRY_MQTT_ADDRESS": self.listening.address,
        }


def configuration(
    keys: Path, store: Path, listening: Listening, nats_port: int, nats_host: str = LOOPBACK
) -> str:
    """
    Write the configuration of the server; keys that are not there yet are made.

    Args:
        keys: the folder of telemetry's keys; the server gets the public halves.
        store: where it keeps sessions.
        listening: where meters connect.
        nats_port: where telemetry does, on *nats_host*.
        nats_host: see there.

    Raises:
        FolderDamaged: a key is there, and is none.
        OSError: a file cannot be read or written.
    """
    keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    readings = [quoted(it) for it in meter_topics.READINGS]
    telemetry = quoted(meter_topics.TELEMETRY_ACCOUNT)
    meters = quoted(meter_topics.ACCOUNT)
    return _CONFIGURATION.substitute(
        name=f"ampledger-{NAME}",
        nats_host=nats_host,
        nats_port=nats_port,
        max_payload=PAYLOAD_BYTES_MAX,
        store=quoted(str(store)),
        max_store=STORE_BYTES_MAX,
        host=listening.host,
        port=listening.port,
        tls=_tls(listening.tls),
        issuer=quoted(key_in(keys / meter_topics.ISSUER_SEED, nkeys.PREFIX_BYTE_ACCOUNT)),
        user=quoted(key_in(keys / meter_topics.SEED)),
        telemetry=telemetry,
        meters=meters,
        system=quoted(meter_topics.SYSTEM_ACCOUNT),
        refusals=quoted(meter_topics.REFUSALS),
        sent_away=quoted(meter_topics.SENT_AWAY),
        hears=", ".join([quoted(meter_topics.ASKED_WHO), *readings]),
        taken=", ".join(f"{{ service: {it}, accounts: [ {meters} ] }}" for it in readings),
        reached=", ".join(
            f"{{ service: {{ account: {telemetry}, subject: {it} }}, share: true }}"
            for it in readings
        ),
    )


def _tls(files: tuple[Path, Path] | None) -> str:
    if files is None:
        return ""
    cert, key = (quoted(str(it.absolute())) for it in files)
    return _TLS.substitute(cert=cert, key=key)


def prepare(server: Mqtt) -> Program:
    """Write the configuration and say how to run the server."""
    server.store.mkdir(exist_ok=True, mode=0o700)
    file = server.run / CONFIGURATION
    text = configuration(server.keys, server.store, server.listening, server.nats_port)
    write_atomically(file, text.encode(), durable=False)
    return Program(
        name=NAME,
        argv=(str(nats_server()), "--config", str(file)),
        cwd=server.store,
        ready=lambda: _greets(server.nats_port),
        stop_signal=signal.SIGTERM,
        orphan_signal=signal.SIGTERM,
        stop_timeout_s=10.0,
        stop_rank=1,
    )


async def _greets(port: int) -> bool:
    """Whether it takes clients: MQTT comes up before that."""
    try:
        async with asyncio.timeout(GREETED_S_MAX):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            greeting = await reader.readline()
            writer.close()
    except (OSError, TimeoutError):
        return False
    return greeting.startswith(b"INFO ")
