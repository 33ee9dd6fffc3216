"""What the portal is told by its environment."""

from zoneinfo import ZoneInfo

from pydantic import Field

from shared.runtime import RuntimeSettings


class PortalSettings(RuntimeSettings):
    """Where the portal listens, and in whose time it speaks."""

    host: str = Field(default="127.0.0.1", alias="PORTAL_HOST")
    port: int = Field(default=8180, ge=0, le=65535, alias="PORTAL_PORT")
    """0 takes any free port; the log line `portal listens` names it."""
    time_zone: ZoneInfo | None = Field(default=None, alias="PORTAL_TIME_ZONE")
    """The time zone of times in sentences, such as Europe/Oslo; by default the machine's."""
