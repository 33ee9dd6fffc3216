"""How services, databases and addresses fit together: pure functions over texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from cli.nats_keys import seed_file
from cli.ports import LOOPBACK
from shared.service_grants import SERVICES

DATABASE_PREFIX: Final = "ampledger"
"""Name before "_<service>" of every database, where DATABASE_URL names none."""

SEED_FILE: Final = "NATS_NKEY_SEED_FILE"
_NOBODYS: Final = frozenset({"DATABASE_URL", "DATABASE_PASSWORDS", "NATS_KEYS", SEED_FILE})
"""What is never inherited: it is the operator's, or is given to one service."""
_NATS_SCHEMES: Final = ("nats:", "tls:", "ws:", "wss:")

LOCK_S_MAX: Final = 1.0
"""How long a migration waits for a lock, and with it everybody who comes behind."""
HEALTH_PORT: Final = "AMPLEDGER_HEALTH_PORT"

LogFormat = Literal["json", "console"]


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """
    One service to run.

    Args:
        name: as in its subjects; also the end of its database's name.
        module: run as `python -m module`.
        has_log: it owns an event log, whose schema its database gets first.
        schema_folder: its own migrations; by default the folder `schema` of its module.
        env: further environment; wins over everything else.
        argv: run this instead of `python -m module`.
        url: where people reach it, if they do; shown by `ampledger status`.
        health_port: 0 for any free one.
        has_health: it answers GET /health/ready; otherwise it counts as ready once started.
        copy: which of several processes of the service, from 1 on.
        drain_s: how much longer than others it may take to end.
        listens: the address that it listens at; the socket is opened for it, and handed over by its number
            (`<NAME>_FD`), so that one process of it may follow the other and nobody is turned away.
    """

    name: str
    module: str
    has_log: bool = True
    schema_folder: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    argv: tuple[str, ...] | None = None
    url: str | None = None
    health_port: int = 0
    has_health: bool = True
    copy: int = 1
    drain_s: float = 0.0
    listens: tuple[str, int] | None = None

    @property
    def process(self) -> str:
        """
        Name the process: as the service, and with a number where there are several.

        >>> [ServiceSpec("balancer", "services.balancer", copy=it).process for it in (1, 2)]
        ['balancer', 'balancer-2']
        """
        return self.name if self.copy == 1 else f"{self.name}-{self.copy}"


@dataclass(frozen=True, slots=True)
class Addresses:
    """
    Where the servers are.

    Args:
        nats_url: NATS, as the operator reaches it.
        database_url: the database whose name begins the services' names.
        nats_keys: the folder with the keys that services sign in to NATS with; without it they sign in
            as the address says.
        passwords: of the services in PostgreSQL, by name; those without one reach their database as the
            operator does.
        told: what else services find in their environment, by name.
    """

    nats_url: str
    database_url: str
    nats_keys: Path | None = None
    passwords: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def service_database_url(database_url: str, service: str) -> str:
    """
    Spell the URL of a service's own database.

    >>> service_database_url("postgresql://me@db:5432/ampledger?sslmode=disable", "balancer")
    'postgresql://me@db:5432/ampledger_balancer?sslmode=disable'
    >>> service_database_url("postgresql://me@db", "balancer")
    'postgresql://me@db/ampledger_balancer'
    """
    parts = urlsplit(database_url)
    prefix = parts.path.strip("/") or DATABASE_PREFIX
    return _joined(parts._replace(path=f"/{prefix}_{service.replace('-', '_')}"))


def role_of(database_url: str) -> str:
    """
    Name the role of the service that a database belongs to.

    >>> role_of("postgresql://me:secret@db:5432/ampledger_balancer?sslmode=disable")
    'ampledger_balancer'
    """
    return unquote(urlsplit(database_url).path.strip("/"))


def as_role(database_url: str, password: str) -> str:
    """
    Spell the URL by which a service reaches its own database.

    >>> as_role("postgresql://me:secret@db:5432/ampledger_balancer", "s/t")
    'postgresql://ampledger_balancer:s%2Ft@db:5432/ampledger_balancer'
    """
    parts = urlsplit(database_url)
    login = f"{quote(role_of(database_url), safe='')}:{quote(password, safe='')}"
    place = parts.netloc.rpartition("@")[2]
    return _joined(parts._replace(netloc=f"{login}@{place}"))


def without_login(url: str) -> str:
    """
    Leave out who signs in.

    >>> without_login("nats://me:secret@a:4222,nats://me:secret@b:4222")
    'nats://a:4222,nats://b:4222'
    """
    parts = (urlsplit(it) for it in url.split(","))
    return ",".join(_joined(it._replace(netloc=it.netloc.rpartition("@")[2])) for it in parts)


def migration_url(database_url: str) -> str:
    """
    Have dbmate treat TLS as the services do: use it where the server offers it.

    dbmate would insist on TLS where the URL says nothing.

    Nor does it wait for a lock for long: behind a migration that waits, everybody else waits.

    >>> migration_url("postgresql://me@db/ampledger_balancer")
    'postgresql://me@db/ampledger_balancer?sslmode=prefer&lock_timeout=1000'
    >>> migration_url("postgresql://me@db/x?sslmode=verify-full")
    'postgresql://me@db/x?sslmode=verify-full&lock_timeout=1000'
    """
    parts = urlsplit(database_url)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    query = {"sslmode": "prefer"} | given | {"lock_timeout": f"{LOCK_S_MAX * 1000:.0f}"}
    return _joined(parts._replace(query=urlencode(query)))


def masked(url: str) -> str:
    """
    Hide the password of a URL, wherever it stands, and a token that stands for a user.

    >>> masked("postgresql://me:se:cr@t@db:5432/x?sslmode=disable")
    'postgresql://me:***@db:5432/x?sslmode=disable'
    >>> masked("nats://s3cr3t-token@nats:4222"), masked("nats://nats:4222")
    ('nats://***@nats:4222', 'nats://nats:4222')
    >>> masked("postgresql://db/x?user=me&password=secret")
    'postgresql://db/x?user=me&password=***'
    """
    if url.startswith(_NATS_SCHEMES) and "," in url:  # several servers of one cluster
        return ",".join(masked(it) for it in url.split(","))
    parts = urlsplit(url)
    login, at, place = parts.netloc.rpartition("@")
    user, colon, _ = login.partition(":")
    if colon:
        login = f"{user}:***"
    elif login and url.startswith(_NATS_SCHEMES):
        login = "***"
    query = "&".join(
        f"{name}=***" if "pass" in name.lower() else f"{name}{equals}{value}"
        for name, equals, value in (it.partition("=") for it in parts.query.split("&"))
    )
    return _joined(parts._replace(netloc=f"{login}{at}{place}", query=query))


def _joined(parts: SplitResult) -> str:
    """Put a URL together; urllib would lose the slashes of one without a host."""
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}{parts.path}{query}"


def health_url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}/health/ready"


def service_environment(
    spec: ServiceSpec,
    addresses: Addresses,
    health_port: int,
    log_format: LogFormat,
    inherited: Mapping[str, str],
) -> dict[str, str]:
    """
    Compose what a service process finds in its environment.

    A service without schema gets no DATABASE_URL, and never the one of somebody else. Nor does it get
    anybody else's key.
    """
    own = {
        **_signing_in(spec.name, addresses),
        HEALTH_PORT: str(health_port),
        "AMPLEDGER_LOG": log_format,
        "PYTHONUNBUFFERED": "1",
    }
    if spec.has_log or spec.schema_folder is not None:
        url = service_database_url(addresses.database_url, spec.name)
        password = addresses.passwords.get(spec.name)
        own["DATABASE_URL"] = url if password is None else as_role(url, password)
    kept = {name: value for name, value in inherited.items() if name not in _NOBODYS}
    return kept | own | dict(addresses.told.get(spec.name, {})) | dict(spec.env)


def _signing_in(service: str, addresses: Addresses) -> dict[str, str]:
    if addresses.nats_keys is None:
        return {"NATS_URL": addresses.nats_url}
    url = {"NATS_URL": without_login(addresses.nats_url)}
    if service not in SERVICES:
        return url  # it is in no table, and NATS lets it in nowhere
    return url | {SEED_FILE: str(seed_file(addresses.nats_keys, service))}
