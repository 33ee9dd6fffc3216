"""Reading one's own writes: an answer waits until this portal has heard of what somebody wrote."""

import re
from typing import Annotated, Any, Final

from fastapi import Depends, Query

from services.portal.api.looking import Sources
from services.portal.api.problems import Bad

WAIT_S_MAX: Final = 5.0
POSITION: Final = r"^[a-z]{1,20}:[0-9]{1,18}$"
_POSITION: Final = re.compile(r"([a-z]+):([0-9]+)")

MinPosition = Annotated[
    str | None,
    Query(
        pattern=POSITION,
        description="`min_position` of an answer to a change: what is read has at least seen that.",
    ),
]


def heard_first(sources: Sources) -> Any:  # noqa: ANN401  # as FastAPI has it
    """Make what waits before anything is read."""

    async def wait(min_position: MinPosition = None) -> None:
        found = _POSITION.fullmatch(min_position or "")
        if found is None:
            return
        service, position = found[1], int(found[2])
        if not await sources.heard.until(service, position, WAIT_S_MAX):
            raise Bad(
                503,
                "NotHeardYet",
                f"this portal has heard of {service} up to position {sources.heard.position(service)}; "
                "ask again in a moment, or without min_position",
            )

    return Depends(wait)
