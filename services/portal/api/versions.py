"""
Versions over HTTP (RFC 9110): what was read carries an `ETag`, and a change that was decided by it says so
in `If-Match`.

    ETag: "12"          the installation, and everything in it, has had 12 events
    If-Match: "12"      do it only if there was none since

Whatever is in an installation shares its version: a charger's limits depend on the breakers above it.
"""

import re
from typing import Annotated, Final

from fastapi import Header
from starlette.responses import Response

from services.portal.api.problems import Bad
from services.portal.documents import Layout
from shared.messages import Command
from shared.messages.installation_commands import InstallationCommand

ETAG: Final = "ETag"
_TAG: Final = re.compile(r'"([0-9]{1,18})"')

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=64,
        description="The ETag of what this was decided by: it is refused if there was a change since.",
    ),
]


def tag_of(layout: Layout) -> str:
    """Spell the version of an installation."""
    return f'"{layout.version}"'


def tagged(response: Response, layout: Layout) -> None:
    """Have an answer say which version it tells of; one that was not counted yet is not told."""
    if layout.version:
        response.headers[ETAG] = tag_of(layout)


def expected_version(command: type[Command], if_match: str | None) -> int | None:
    """
    Read at which version somebody has decided.

    Raises:
        Bad: 400, it is no version of ours, or of something that has none.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    if not issubclass(command, InstallationCommand):
        raise Bad(
            400,
            "NoVersionHere",
            "If-Match is for what is set up in an installation; leave it out here",
        )
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise Bad(
            400, "UnknownVersion", 'If-Match is the ETag as an answer has told it, such as "12"'
        )
    return int(found[1])
