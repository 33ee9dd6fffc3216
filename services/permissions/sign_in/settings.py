"""How long things last, and under which address people know the portal."""

from pathlib import Path

from pydantic import Field

from shared.runtime import RuntimeSettings


class SignInSettings(RuntimeSettings):
    """What signing in is told by the environment of permissions."""

    session_s: int = Field(default=12 * 3600, ge=60, alias="PERMISSIONS_SESSION_S")
    """How long a session lasts at most, in seconds (OWASP ASVS 7.3.2)."""
    idle_s: int = Field(default=3600, ge=30, alias="PERMISSIONS_IDLE_S")
    """How long a session lasts without a request, in seconds."""
    step_up_s: int = Field(default=900, ge=30, alias="PERMISSIONS_STEP_UP_S")
    """How long a password or passkey that was shown counts, in seconds."""
    public_url: str = Field(default="http://localhost:8180", alias="AMPLEDGER_PUBLIC_URL")
    """Where browsers find the portal. Passkeys are bound to its host name, which is no IP address."""
    oidc_file: Path | None = Field(default=None, alias="PERMISSIONS_OIDC_FILE")
    """Companies whose people sign in there: JSON, see docs/sign-in.md."""
