"""Companies whose people sign in there: read once, from a file of the operator's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator

from shared.ids import ID_PATTERN

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class OidcCompany(BaseModel):
    """
    One OpenID provider.

    Args:
        id: as in addresses of the portal.
        name: as on the sign-in page.
        issuer: exactly as the provider spells it.
        client_id: what we are called there.
        client_secret: what we show there.
        domains: of the e-mail addresses that it speaks for, when somebody comes from there first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, StringConstraints(pattern=ID_PATTERN)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    issuer: Annotated[str, Field(max_length=300)]
    client_id: str
    client_secret: SecretStr
    domains: Annotated[tuple[str, ...], Field(min_length=1)]

    @field_validator("issuer")
    @classmethod
    def _is_safe(cls, issuer: str) -> str:
        """Tokens are told from forged ones by keys that the issuer hands out: nobody may be in between."""
        if not is_safe(issuer):
            raise ValueError(f"{issuer} is not https")
        return issuer

    def speaks_for(self, email: str) -> bool:
        """Tell whether an address is in one of its domains."""
        return email.rpartition("@")[2].lower() in {it.lower() for it in self.domains}


def is_safe(address: str) -> bool:
    """
    Tell whether nobody can be in between: HTTPS, or this machine.

    >>> is_safe("https://login.example"), is_safe("http://login.example")
    (True, False)
    >>> is_safe("http://localhost:3000/"), is_safe("http://localhost:@login.example")
    (True, False)
    """
    parts = urlsplit(address)
    loopback = parts.scheme == "http" and parts.hostname in LOOPBACK
    return (parts.scheme == "https" or loopback) and "@" not in parts.netloc


def companies_in(file: Path | None) -> Mapping[str, OidcCompany]:
    """
    Read the companies, by id.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not a list of companies.
    """
    if file is None:
        return {}
    entries = orjson.loads(file.read_bytes())
    if not isinstance(entries, list):
        raise ValueError(f"{file} holds no list of companies; docs/sign-in.md shows one")  # noqa: TRY004  # it is about content
    found = [OidcCompany.model_validate(it) for it in entries]
    return {it.id: it for it in found}
