"""
Lines to other machines are encrypted, or not used.

    AMPLEDGER_PLAINTEXT   "allowed" talks unencrypted to other machines, where nobody else is on the line
"""

from ipaddress import ip_address
from typing import Final, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ENCRYPTED: Final = frozenset({"require", "verify-ca", "verify-full"})
"""What `sslmode` says when nothing is sent before there is TLS; the last one makes sure of the host."""


class PlaintextRefused(ConnectionError):
    """A server on another machine would be talked to unencrypted."""


class LineSettings(BaseSettings):
    """What is allowed on lines to other machines."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    plaintext: Literal["refused", "allowed"] = Field(
        default="refused", alias="AMPLEDGER_PLAINTEXT"
    )


def is_here(host: str | None) -> bool:
    """
    Whether a host is this machine: its loopback interface, or a socket in its files.

    >>> is_here("127.0.0.1"), is_here("::1"), is_here("localhost"), is_here(None), is_here("/run/pg")
    (True, True, True, True, True)
    >>> is_here("db"), is_here("10.0.0.7"), is_here("127.0.0.1.example.org")
    (False, False, False)
    """
    if not host or host == "localhost" or host.startswith("/"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def check_encrypted(database_url: str, settings: LineSettings | None = None) -> None:
    """
    Refuse a PostgreSQL on another machine that would be talked to unencrypted.

    Args:
        database_url: may name several hosts.
        settings: what is allowed; by default what the environment says.

    Raises:
        PlaintextRefused: its `sslmode` does not demand TLS.
    """
    exposed = [it for it in hosts_in(database_url) if not is_here(it)]
    query = dict(parse_qsl(urlsplit(database_url).query))
    if not exposed or query.get("sslmode") in ENCRYPTED:
        return
    if (settings or LineSettings()).plaintext == "refused":
        raise PlaintextRefused(
            f"PostgreSQL on {exposed[0]} would be talked to unencrypted; add to DATABASE_URL "
            "sslmode=verify-full&sslrootcert=FILE, with the certificate of who signed the server's, "
            "or set AMPLEDGER_PLAINTEXT=allowed where nobody else is on the line"
        )


def hosts_in(database_url: str) -> list[str]:
    """
    Name the hosts of a database's URL.

    >>> hosts_in("postgresql://me:p@a:5432,[::1]:5433/x"), hosts_in("postgresql:///x?host=/run/pg")
    (['a', '::1'], ['/run/pg'])
    """
    parts = urlsplit(database_url)
    places = parts.netloc.rpartition("@")[2].split(",")
    query = dict(parse_qsl(parts.query))
    named = [*places, *query.get("host", "").split(",")]
    return [_host(unquote(it)) for it in named if it]


def _host(place: str) -> str:
    if place.startswith("["):
        return place[1:].partition("]")[0]
    return place if place.startswith("/") else place.partition(":")[0]
