"""
How far somebody has heard of what happens, as the id of a server-sent event.

    installation=1:12,telemetry=1:80    the 12th event of one log, in its first epoch; the 80th of another
"""

import re
from collections.abc import Mapping
from typing import Final

from services.portal.api.problems import Bad
from services.portal.tail import Mark

CHARS_MAX: Final = 400
_PART: Final = re.compile(r"([a-z]{1,20})=([0-9]{1,9}):([0-9]{1,18})")


def written(marks: Mapping[str, Mark]) -> str:
    """
    Spell marks.

    >>> written({"telemetry": Mark(1, 80), "installation": Mark(2, 12)})
    'installation=2:12,telemetry=1:80'
    """
    return ",".join(f"{it}={mark.epoch}:{mark.position}" for it, mark in sorted(marks.items()))


def read(text: str) -> dict[str, Mark]:
    """
    Read marks.

    Raises:
        Bad: 422, they are none of ours.

    >>> read("installation=2:12,telemetry=1:80")["telemetry"]
    Mark(epoch=1, position=80)
    """
    found = [_PART.fullmatch(it) for it in text[:CHARS_MAX].split(",")]
    if len(text) > CHARS_MAX or not all(found):
        raise Bad(
            422,
            "UnknownEventId",
            "Last-Event-ID is the id of an event as it came; without it, you hear from now on",
        )
    return {it[1]: Mark(int(it[2]), int(it[3])) for it in found if it is not None}


def going_on(ends: Mapping[str, Mark], heard: Mapping[str, Mark]) -> dict[str, Mark]:
    """
    Say from where on somebody is told what they have not heard.

    Args:
        ends: where the logs end now; a log that has begun since is told from its beginning.
        heard: how far they had come.

    Raises:
        Bad: 410, a log is not what it was: an older copy of it was restored.
    """
    for service, mark in heard.items():
        end = ends.get(service)
        if end is None or mark.epoch != end.epoch or mark.position > end.position:
            raise Bad(
                410,
                "PastReplaced",
                f"the log of {service} is not the one that you have heard: an older copy of it was "
                "restored. Read anew what you need, and listen without Last-Event-ID",
            )
    return {service: heard.get(service, Mark(end.epoch, 0)) for service, end in ends.items()}
