"""E-mails, sent by a mail server; what is written in them is their senders' own."""

from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

SEND_S_MAX: Final = 30.0
SCHEMES: Final = frozenset({"smtp", "smtps"})
MAIL_FAULTS: Final = (aiosmtplib.SMTPException, OSError, TimeoutError)
"""Why an e-mail was not taken. The text of such a fault may have the address in it."""

Send = Callable[[EmailMessage], Awaitable[None]]


def check_server(smtp_url: str, variable: str) -> None:
    """
    Check the address of a mail server.

    Args:
        smtp_url: `smtp://user:password@host:587`, or `smtps://`.
        variable: of the environment, which has given it.

    Raises:
        ValueError: it is none.
    """
    parts = urlsplit(smtp_url)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ValueError(
            f"{variable} is smtp://host:port or smtps://host:port, with user:password@ before the "
            "host if need be"
        )


def sending(smtp_url: str, mail_from: str) -> Send:
    """Send by a mail server, over TLS where it offers that."""
    parts = urlsplit(smtp_url)
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None

    async def send(message: EmailMessage) -> None:
        message["From"] = mail_from
        await aiosmtplib.send(
            message,
            hostname=parts.hostname,
            port=parts.port,
            username=user,
            password=password,
            use_tls=parts.scheme == "smtps",
            timeout=SEND_S_MAX,
        )

    return send
