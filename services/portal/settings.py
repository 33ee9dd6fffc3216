"""What the portal is told by its environment."""

from zoneinfo import ZoneInfo

from pydantic import Field

from shared.runtime import RuntimeSettings


class PortalSettings(RuntimeSettings):
    """Where the portal listens, and in whose time it speaks."""

    host: str = Field(default="127.0.0.1", alias="PORTAL_HOST")
    port: int = Field(default=8180, ge=0, le=65535, alias="PORTAL_PORT")
    """0 takes any free port; the log line `portal listens` names it."""
    fd: int | None = Field(default=None, ge=3, alias="PORTAL_FD")
    """A socket that somebody else listens on for us, by its number: connections wait in it while no portal
    runs, and two may take them while one follows the other. It takes the place of host and port."""
    drain_s: float = Field(default=0.5, ge=0, alias="PORTAL_DRAIN_S")
    """Asked to stop, the portal still takes connections for so long, and has everybody come again by
    another one: whoever balances load may not have heard yet that it stops."""
    patience_s: float = Field(default=8.0, ge=0, alias="AMPLEDGER_PATIENCE_S")
    """A service that is started again is back within seconds, and nobody's request has to fail."""
    time_zone: ZoneInfo | None = Field(default=None, alias="PORTAL_TIME_ZONE")
    """The time zone of times in sentences, such as Europe/Oslo; by default the machine's."""
