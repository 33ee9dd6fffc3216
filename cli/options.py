"""What `ampledger up` may be told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from cli.composition import LogFormat
from cli.mqtt_server import Listening


@dataclass(frozen=True, slots=True)
class StackOptions:
    """
    Where everything is; ports are 0 for any free one.

    Args:
        data_folder: None for the usual one, see `default_folder`.
        nats_url: a server to use instead of the embedded one, with JetStream.
        nats_keys: the folder with the services' keys for that server (`ampledger nats keys`); without it
            services sign in as the address says.
        database_url: likewise; the databases `<its name>_<service>` are made there.
        database_passwords: the folder with the passwords of the services' roles there (`ampledger
            migrate`); without it services reach their databases as the address says.
        mqtt: where meters at breakers send to by MQTT; None: nowhere.
        nats_extra: more of NATS's configuration for the embedded server.
        services_ready_s_max: after this many seconds the stack is said to be up, with the
            services named that are not ready.
        echo: gets every line that the processes write, with the name of the process.
    """

    data_folder: Path | None = None
    postgres_port: int = 5433
    nats_port: int = 4333
    nats_monitor_port: int = 8333
    nats_url: str | None = None
    nats_keys: Path | None = None
    database_url: str | None = None
    database_passwords: Path | None = None
    mqtt: Listening | None = None
    nats_extra: str = ""
    log_format: LogFormat = "json"
    services_ready_s_max: float = 60.0
    echo: Callable[[str, str], None] | None = None

    def told_by(self, environment: Mapping[str, str]) -> Self:
        """Take NATS_URL, NATS_KEYS, DATABASE_URL and DATABASE_PASSWORDS from the environment where they are
        set there."""
        keys, passwords = environment.get("NATS_KEYS"), environment.get("DATABASE_PASSWORDS")
        return replace(
            self,
            nats_keys=Path(keys) if keys else self.nats_keys,
            nats_url=environment.get("NATS_URL") or self.nats_url,
            database_passwords=Path(passwords) if passwords else self.database_passwords,
            database_url=environment.get("DATABASE_URL") or self.database_url,
        )
