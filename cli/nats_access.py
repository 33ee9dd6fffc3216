"""
Who may sign in to the embedded NATS server: kept in the data folder, readable by its owner only.

`nats/access.json` has the password of the operator, those of the subscribers, and the public keys of the
services, whose secret ones are in `nats/keys` (`cli/nats_keys.py`). Passwords are random, worth nothing
elsewhere, and guard what lies beside them in the same folder, so they are kept as they are.
"""

import contextlib
import fcntl
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final, Self

import orjson

from cli.faults import FolderDamaged
from cli.files import write_atomically
from cli.nats_keys import KEYS, keys_in
from shared import grants
from shared.service_grants import SERVICES

ACCESS: Final = "access.json"
PASSWORD_BYTES: Final = 24


@dataclass(frozen=True, slots=True)
class Subscriber:
    """
    Somebody else's service that may hear of what happens here.

    Args:
        kinds: names of the events and readings it may hear; all of them if there are none.
    """

    name: str
    password: str
    kinds: tuple[str, ...]
    added_at: datetime

    @property
    def user(self) -> str:
        return grants.subscriber_user(self.name)


@dataclass(frozen=True, slots=True)
class Access:
    """The password of the operator, the subscribers, and the public keys of the services by name."""

    password: str
    subscribers: tuple[Subscriber, ...] = ()
    services: Mapping[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Subscriber | None:
        return next((it for it in self.subscribers if it.name == name), None)

    def with_subscriber(self, subscriber: Subscriber) -> Self:
        others = (it for it in self.subscribers if it.name != subscriber.name)
        return replace(self, subscribers=(*others, subscriber))

    def without(self, name: str) -> Self:
        return replace(
            self, subscribers=tuple(it for it in self.subscribers if it.name != name)
        )


def new_password() -> str:
    """Make a password that nobody guesses, of letters that a URL takes as they are."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def open_access(store: Path) -> Access:
    """
    Read who may sign in; the operator gets a password, and services get keys, where they have none.

    Raises:
        FolderDamaged: the file is there, but cannot be read.
        OSError: it cannot be written.
    """
    file = store / ACCESS
    store.mkdir(exist_ok=True, mode=0o700)
    access = _read(file) if file.exists() else Access(new_password())
    keys = keys_in(store / KEYS, SERVICES)
    if not file.exists() or access.services != keys:
        access = replace(access, services=keys)
        save_access(store, access)
    return access


def save_access(store: Path, access: Access) -> None:
    """Write down who may sign in from now on."""
    content = orjson.dumps(asdict(access), option=orjson.OPT_INDENT_2)
    write_atomically(store / ACCESS, content)


@contextlib.contextmanager
def changing_access(store: Path) -> Iterator[Access]:
    """Read who may sign in, and keep others from changing it meanwhile."""
    with (store / f"{ACCESS}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield open_access(store)


def _read(file: Path) -> Access:
    try:
        content = orjson.loads(file.read_bytes())
        subscribers = (
            Subscriber(
                name=str(it["name"]),
                password=str(it["password"]),
                kinds=tuple(str(kind) for kind in it["kinds"]),
                added_at=datetime.fromisoformat(it["added_at"]),
            )
            for it in content["subscribers"]
        )
        keys = {str(it): str(key) for it, key in content.get("services", {}).items()}
        return Access(str(content["password"]), tuple(subscribers), keys)
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise FolderDamaged(
            f"{file}, which says who may sign in to NATS, cannot be read: {fault!r}",
            f"Restore it from a backup, or put it aside: mv {file} {file}.damaged; the operator "
            "then gets a new password, and subscribers have to be added again.",
        ) from fault
