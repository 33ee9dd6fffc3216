"""What the notifications service is told by its environment."""

from pathlib import Path
from typing import Final, Self

from pydantic import AliasChoices, Field, SecretStr, model_validator

from services.notifications.addresses import Allowed
from services.notifications.pacing import GATHERED
from shared.mailing import check_server
from shared.messages.permissions import Email
from shared.runtime import RuntimeSettings

NOTICE_KEY_FILE: Final = "AMPLEDGER_NOTICE_KEY_FILE"


class Settings(RuntimeSettings):
    """How people and programs are told."""

    notice_key_file: Path = Field(alias=NOTICE_KEY_FILE)
    """The key that secrets of webhooks are made with: 64 hexadecimal digits."""
    smtp_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("NOTIFICATIONS_SMTP_URL", "PERMISSIONS_SMTP_URL"),
    )
    """As that of permissions, which counts for both unless this service has one of its own; none: nobody is
    told by e-mail."""
    mail_from: Email = Field(
        default="ampledger@localhost.local",
        validation_alias=AliasChoices("NOTIFICATIONS_MAIL_FROM", "PERMISSIONS_MAIL_FROM"),
    )
    public_url: str = Field(default="http://localhost:8180", alias="AMPLEDGER_PUBLIC_URL")
    """Where people find the portal."""
    gathered_s: float = Field(
        default=GATHERED.total_seconds(), ge=0, le=3600, alias="NOTIFICATIONS_GATHERED_S"
    )
    """How long a warning waits for more, in seconds, before it is told by e-mail at once."""
    local_webhooks: bool = Field(default=False, alias="NOTIFICATIONS_LOCAL_WEBHOOKS")
    """Webhooks may be delivered to this machine, without TLS."""
    private_webhooks: bool = Field(default=False, alias="NOTIFICATIONS_PRIVATE_WEBHOOKS")
    """Webhooks may be delivered to addresses of private networks."""

    @model_validator(mode="after")
    def _can_be_sent_to(self) -> Self:
        if self.smtp_url is not None:
            check_server(self.smtp_url.get_secret_value(), "NOTIFICATIONS_SMTP_URL")
        return self

    @property
    def allowed(self) -> Allowed:
        """Where webhooks may be delivered to."""
        return Allowed(self.local_webhooks, self.private_webhooks)
