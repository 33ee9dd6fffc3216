"""
Signatures of what is delivered to programs, as https://www.standardwebhooks.com has them.

    webhook-id          the same at every attempt, so that a program takes it once
    webhook-timestamp   of the attempt, in seconds since 1970
    webhook-signature   v1,<base64 of HMAC-SHA-256 over id.timestamp.body>, one for each secret that counts

The secret of a webhook is kept nowhere: it is made out of a key of this service, the webhook's id and the
number of the secret. Who adds a webhook, or rotates its secret, is shown it once.
"""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Final

from services.notifications.settings_state import Webhook

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"


def secret_of(key: bytes, webhook_id: str, generation: int) -> str:
    """
    Make the secret of a webhook, as its program is told it.

    >>> secret_of(bytes(32), "w-1", 1).startswith("whsec_")
    True
    """
    return PREFIX + base64.b64encode(_raw(key, webhook_id, generation)).decode()


def headers_of(
    key: bytes, webhook: Webhook, delivery_id: str, body: str, now: datetime
) -> dict[str, str]:
    """Sign a delivery, with every secret that counts."""
    timestamp = int(now.timestamp())
    signed = f"{delivery_id}.{timestamp}.{body}".encode()
    generations = [webhook.generation]
    if webhook.old_until is not None and now < webhook.old_until:
        generations.append(webhook.generation - 1)
    signatures = (
        hmac.digest(_raw(key, webhook.webhook_id, it), signed, "sha256") for it in generations
    )
    return {
        ID_HEADER: delivery_id,
        TIMESTAMP_HEADER: str(timestamp),
        SIGNATURE_HEADER: " ".join(f"v1,{base64.b64encode(it).decode()}" for it in signatures),
    }


def _raw(key: bytes, webhook_id: str, generation: int) -> bytes:
    return hmac.new(key, f"webhook:{webhook_id}:{generation}".encode(), hashlib.sha256).digest()


def unsubscribe_mark(key: bytes, installation_id: str, person_id: str) -> str:
    """Prove that a link to end somebody's e-mails is one of ours."""
    said = f"unsubscribe:{installation_id}:{person_id}".encode()
    return hmac.new(key, said, hashlib.sha256).hexdigest()
