"""
Who may sign in to the embedded NATS server: kept in the data folder, readable by its owner only.

`nats/access.json` has the password of the services and those of the subscribers. They are random, worth
nothing elsewhere, and guard what lies beside them in the same folder, so they are kept as they are.
"""

import contextlib
import fcntl
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, Self

import orjson

from cli.faults import FolderDamaged
from cli.files import write_atomically
from shared import grants

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
    """The password of the services, and the subscribers."""

    password: str
    subscribers: tuple[Subscriber, ...] = ()

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
    Read who may sign in; where nobody may yet, the services get a password.

    Raises:
        FolderDamaged: the file is there, but cannot be read.
        OSError: it cannot be written.
    """
    file = store / ACCESS
    if file.exists():
        return _read(file)
    store.mkdir(exist_ok=True, mode=0o700)
    access = Access(new_password())
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
        return Access(str(content["password"]), tuple(subscribers))
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise FolderDamaged(
            f"{file}, which says who may sign in to NATS, cannot be read: {fault!r}",
            f"Restore it from a backup, or put it aside: mv {file} {file}.damaged; the services "
            "then get a new password, and subscribers have to be added again.",
        ) from fault


# --- As the server reads it ---


def accounts(access: Access) -> str:
    """Write the accounts as NATS's configuration language has them."""
    blocks = [_services(access.password), *(_account(it) for it in access.subscribers)]
    return "accounts {\n" + "\n".join(blocks) + "\n}\n"


def quoted(text: str) -> str:
    r"""
    Write a text as a string of NATS's configuration language, whose escapes are JSON's.

    >>> quoted('/data/with "quotes"')
    '"/data/with \\"quotes\\""'
    """
    return orjson.dumps(text).decode()


def services_exports() -> str:
    """What the account of the services offers to the accounts of subscribers."""
    offers = {it.about("*"): it.many for it in grants.SUBSCRIBER_REQUESTS}
    return ", ".join(
        f"{{ service: {quoted(it)}{', response_type: stream' if many else ''} }}"
        for it, many in offers.items()
    )


def subscriber_account(name: str, password: str, services: str = grants.ACCOUNT) -> str:
    """
    Write the account of a subscriber.

    Args:
        name: of the subscriber.
        password: of its only user.
        services: the account that the services are in.
    """
    grant, user = grants.subscriber(name), grants.subscriber_user(name)
    imports = ",\n      ".join(
        f"{{ service: {{ account: {quoted(services)}, subject: {quoted(it)} }} }}"
        for it in grant.publish
    )
    publish = ", ".join(quoted(it) for it in grant.publish)
    subscribe = ", ".join(quoted(it) for it in grant.subscribe)
    return f"""\
  {quoted(user)}: {{
    users: [ {{
      user: {quoted(user)}, password: {quoted(password)}
      permissions: {{ publish: [{publish}], subscribe: [{subscribe}] }}
    }} ]
    imports: [
      {imports}
    ]
  }}"""


def _services(password: str) -> str:
    return f"""\
  {quoted(grants.ACCOUNT)}: {{
    jetstream: enabled
    users: [ {{ user: {quoted(grants.TRUSTED)}, password: {quoted(password)} }} ]
    exports: [ {services_exports()} ]
  }}"""


def _account(subscriber: Subscriber) -> str:
    return subscriber_account(subscriber.name, subscriber.password)
