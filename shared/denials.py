"""
What NATS denies is heard: at once, by whoever asked, and by whoever reads the logs.

The server says that a subject is not permitted, but not to whom: it tells the connection, and the request
would wait for its time to be over. Here it ends with the denial.
"""

import asyncio
import re
from collections import defaultdict
from typing import Any, Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

_VIOLATION: Final = re.compile(
    r"permissions violation for (?P<what>publish|subscription) to \"(?P<subject>[^\"]+)\"",
    re.IGNORECASE,
)

log = structlog.get_logger()


class Denied(NatsError):
    """Who is signed in here may not publish or subscribe to that."""


def denial_in(error: Exception) -> tuple[str, str] | None:
    """
    Read what was denied.

    Returns:
        "publish" or "subscription", and the subject; none if it is another error.

    >>> denial_in(Exception('nats: permissions violation for publish to "charger.c1.setcurrentlimit"'))
    ('publish', 'charger.c1.setcurrentlimit')
    >>> denial_in(Exception("nats: stale connection"))
    """
    found = _VIOLATION.search(str(error))
    return (found["what"].lower(), found["subject"]) if found else None


class ServiceClient(Client):
    """
    A client whose requests end with a denial, if they are denied.

    Args:
        own_account: it signs in as a service, whose account has no jetstreams.
    """

    def __init__(self, *, own_account: bool = False) -> None:
        super().__init__()
        self.own_account = own_account
        self._asking: defaultdict[str, set[asyncio.Future[Msg]]] = defaultdict(set)

    async def request(self, subject: str, *args: Any, **options: Any) -> Msg:  # noqa: ANN401
        """
        Ask, as nats-py does.

        Raises:
            Denied: we may not.
        """
        answer = asyncio.ensure_future(super().request(subject, *args, **options))
        denied: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()
        key = subject.lower()
        self._asking[key].add(denied)
        try:
            await asyncio.wait({answer, denied}, return_when=asyncio.FIRST_COMPLETED)
            return await (denied if denied.done() and not answer.done() else answer)
        finally:
            answer.cancel()
            self._asking[key].discard(denied)
            if not self._asking[key]:
                del self._asking[key]

    async def on_error(self, error: Exception) -> None:
        """Hear what the server complains about."""
        denial = denial_in(error)
        if denial is None:
            # A slow consumer, for example, shows up only here: it must be heard.
            log.error("nats error", error=repr(error))
            return
        what, subject = denial
        tell_denied(what, subject)
        for asking in self._asking.get(subject.lower(), ()) if what == "publish" else ():
            if not asking.done():
                asking.set_exception(Denied(f"NATS denies us to {what} to {subject}"))


def has_own_account(client: Client) -> bool:
    """Whether somebody signed in as a service: what it uses of JetStream is made for it."""
    return isinstance(client, ServiceClient) and client.own_account


def tell_denied(what: str, subject: str) -> None:
    """Say so in the log, where nobody can take it for something that will pass."""
    log.critical(
        "DENIED BY NATS: this process reaches for what is not its own, or the server's "
        "configuration is older than the program (ampledger nats config)",
        denied=what,
        subject=subject,
    )


async def hear_denials(error: Exception) -> None:
    """Hear what is denied to a connection that only answers."""
    denial = denial_in(error)
    if denial is not None:
        tell_denied(*denial)
    else:
        log.error("nats error", error=repr(error))
