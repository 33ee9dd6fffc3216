"""What the permissions service is told by its environment."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from services.permissions.sign_in.settings import SignInSettings
from shared.mailing import check_server
from shared.messages.permissions import Email
from shared.rights.cards import CARD_KEY_FILE

MASTER_KEY_FILE = "AMPLEDGER_MASTER_KEY_FILE"


class Settings(SignInSettings):
    """Where the keys of personal data are, and how e-mail goes out."""

    master_key_file: Path = Field(alias=MASTER_KEY_FILE)
    """The key with which everybody's keys are kept: 64 hexadecimal digits. A newer one that takes its
    place is in the line before it."""
    card_key_file: Path = Field(alias=CARD_KEY_FILE)
    """The key of the marks of cards and addresses; telemetry has the same one."""
    smtp_url: SecretStr | None = Field(default=None, alias="PERMISSIONS_SMTP_URL")
    """`smtp://user:password@host:587`, or `smtps://`; none: invitations are not sent by e-mail."""
    mail_from: Email = Field(default="ampledger@localhost.local", alias="PERMISSIONS_MAIL_FROM")

    @model_validator(mode="after")
    def _can_be_sent_to(self) -> Self:
        if self.smtp_url is not None:
            check_server(self.smtp_url.get_secret_value(), "PERMISSIONS_SMTP_URL")
        return self
