"""Which shape a payload has: told by what is in it, and refused where it could be two."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic_core import from_json

from services.telemetry.meter_shapes import (
    ams,
    dsmr_reader,
    homewizard,
    obis,
    own,
    p1_telegram,
    shelly,
)
from services.telemetry.meter_shapes.shown import Shown, Unreadable
from shared.phases import Phase

Read = Callable[[Any, tuple[Phase, ...]], Shown]


def _whatever_the_grid(read: Callable[[Any], Shown]) -> Read:
    return lambda content, _: read(content)


SHAPES: Final[Mapping[str, tuple[Callable[[object], bool], Read]]] = {
    own.NAME: (own.recognises, own.read),
    **{
        it.NAME: (it.recognises, _whatever_the_grid(it.read))
        for it in (p1_telegram, obis, dsmr_reader, homewizard, ams, shelly)
    },
}
"""By their names: whether a payload has it, and how it is read."""


def read(body: bytes, lines: tuple[Phase, ...], shape: str | None = None) -> Shown:
    """
    Read a payload.

    Args:
        body: what came.
        lines: of the grid.
        shape: the one that it is to have; otherwise the one it is recognised by.

    Raises:
        Unreadable: it has no shape or several, or what it says cannot be.
    """
    content = _content(body, lines)
    found = [name for name, (recognises, _) in SHAPES.items() if recognises(content)]
    if shape is not None and shape not in found:
        raise Unreadable(
            f"it has not the shape {shape}; {_looks_like(found, lines)}", "WrongShape"
        )
    if not found:
        raise Unreadable(f"body: {_looks_like(found, lines)}")
    if len(found) > 1:
        raise Unreadable(
            f"it could be read as {' and as '.join(found)}, and they may differ; send one of them",
            "ShapeAmbiguous",
        )
    return SHAPES[found[0]][1](content, lines)


def _content(body: bytes, lines: tuple[Phase, ...]) -> object:
    try:
        text = body.decode()
        return text if text.lstrip().startswith("/") else from_json(body)
    except ValueError as fault:
        raise Unreadable(
            f"body: neither a telegram nor JSON; {_looks_like([], lines)}"
        ) from fault


def _looks_like(found: list[str], lines: tuple[Phase, ...]) -> str:
    if found:
        return f"it looks like {', '.join(found)}"
    return f"{own.way(lines)}; or send what {', '.join(it for it in SHAPES if it != own.NAME)} have"
