"""
What a charger is told and asked of its hardware, in no version's words: beside its `Tongue`, which tells
it of limits and sessions, it has an `Upkeep` for everything that people ask of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.messages.upkeep import CertificateUse, LogKind, Trigger


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of a charger; without a value where it knows of none, or does not tell it."""

    key: str
    value: str | None = None
    fixed: bool = False
    """It can be read, and not changed."""
    known: bool = True


@dataclass(frozen=True, slots=True)
class DataAnswer:
    """What a charger says to its vendor's own words."""

    status: str
    """OCPP 1.6 DataTransferStatus."""
    data: str | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """What a charger says to being asked for its records."""

    status: str
    file_name: str | None = None


@dataclass(frozen=True, slots=True)
class Root:
    """A root certificate that a charger has, as it tells it from others."""

    use: CertificateUse
    number: str
    """Its serial number, in hexadecimal digits, as the charger spells them."""
    algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str


@dataclass(frozen=True, slots=True)
class SignedFirmware:
    """Firmware, and whose signature it has."""

    location: str
    retrieve_at: datetime
    install_at: datetime | None
    signature: str
    """Base64."""
    certificate: str
    """Of who has signed it, PEM."""


class Upkeep(Protocol):
    """
    Tells one connected charger what people ask of its hardware.

    Every method asks, waits, and returns the charger's word for what it will do, which is "Accepted" if it
    does, unless it says otherwise here. All raise the `CallFailed`s of `calls.py`.
    """

    # --- What it does ---

    async def restart(self, *, hard: bool) -> str:
        """Start anew."""

    async def unlock(self) -> str:
        """Let go of the cable; "Unlocked" if it has."""

    async def change_availability(self, *, in_use: bool) -> str:
        """Go into use or out of it; "Scheduled" if a session has to end first."""

    async def clear_cache(self) -> str:
        """Forget which cards it has seen."""

    async def trigger(self, trigger: Trigger) -> str:
        """Say something at once."""

    async def send_data(self, vendor: str, message: str | None, data: str | None) -> DataAnswer:
        """Take what only its vendor understands."""

    # --- Its settings ---

    def kept(self, key: str) -> str | None:
        """Say by what a setting is changed that our promises rest on; none: it may be changed freely."""

    async def settings(self, keys: Sequence[str]) -> Sequence[Setting]:
        """Tell settings; all if none is named."""

    async def set_one(self, key: str, value: str) -> str:
        """Change a setting; "RebootRequired" if it takes effect after a restart."""

    async def security_profile(self) -> int:
        """Tell how securely it connects, as the security whitepaper counts; 0 if it does not know."""

    async def raise_security_profile(self, profile: int) -> str:
        """Connect more securely from now on."""

    # --- For whom it is kept ---

    async def reserve(
        self, reservation_id: int, tag: str, parent: str | None, until: datetime
    ) -> str:
        """Let only whoever shows this, or a card with this parent, charge until some moment."""

    async def cancel_reservation(self, reservation_id: int) -> str:
        """Let everybody charge again."""

    # --- Records and firmware ---

    async def send_records(
        self,
        log: LogKind,
        location: str,
        request_id: int,
        since: datetime | None,
        until: datetime | None,
    ) -> Upload:
        """Send its records somewhere."""

    async def update_signed_firmware(self, request_id: int, firmware: SignedFirmware) -> str:
        """Fetch firmware, and install it if its signature is good."""

    # --- Whom it trusts ---

    async def install_root(self, use: CertificateUse, certificate: str) -> str:
        """Trust this root certificate (PEM) from now on."""

    async def roots(self) -> Sequence[Root]:
        """Tell which root certificates it has."""

    async def delete_root(self, root: Root) -> str:
        """Trust a root certificate no more."""
