"""E-mails, sent by a mail server; what is written in them is their senders' own."""

from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

LONG_LINES: Final = SMTP.clone(max_line_length=900)
"""RFC 5322 allows lines of 998 characters."""
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


def written(message: EmailMessage) -> bytes:
    """
    Write an e-mail as a mail server gets it.

    Links stand in headers as they are: folded at 78 characters they would be encoded, and no mail program
    would find the one that ends e-mails.
    """
    return message.as_bytes(policy=LONG_LINES)


def sending(smtp_url: str, mail_from: str) -> Send:
    """Send by a mail server, over TLS where it offers that."""
    parts = urlsplit(smtp_url)
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None

    async def send(message: EmailMessage) -> None:
        message["From"] = mail_from
        await aiosmtplib.send(
            written(message),
            sender=mail_from,
            recipients=[str(message["To"])],
            hostname=parts.hostname,
            port=parts.port,
            username=user,
            password=password,
            use_tls=parts.scheme == "smtps",
            timeout=SEND_S_MAX,
        )

    return send
