"""The one place where the time is read; everything that decides gets it as an argument."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Read the present moment, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  # this is the shell the rule points to
