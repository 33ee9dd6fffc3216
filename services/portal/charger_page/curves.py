"""The chart on a page: what the server draws of it, and where scripts find the rest."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from starlette.requests import Request

from services.portal.one_charger.picture import zone_of
from services.portal.parts import Parts
from services.portal.places import Here
from services.portal.traces.drawing import Drawing, drawing
from services.portal.traces.samples import MINUTE_S, Part
from services.portal.traces.trace import coarser
from services.portal.traces.tracing import QUARTER_S, TraceUnavailable
from shared.speech import _, marked


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time that can be looked at, and how far the rows of its table are apart."""

    name: str
    text: str
    lasts: timedelta
    step_s: int


HOUR, DAY = SPANS = (
    Span("hour", marked("Last hour"), timedelta(hours=1), MINUTE_S),
    Span("day", marked("Last day"), timedelta(days=1), QUARTER_S),
)
WHY_NOT: Final = marked("The figures of the last days cannot be read now; load the page again.")


@dataclass(frozen=True, slots=True)
class Curve:
    """
    The chart as a template draws it.

    Args:
        drawing: lines and rows.
        source: where a script reads the trace.
        span: what is looked at.
        spans: what could be.
        zone: of its times, by its name.
        lines: the lines of the grid.
        why_not: why there is nothing to see, if the database does not answer.
    """

    drawing: Drawing
    source: str
    span: Span
    spans: tuple[Span, ...]
    zone: str
    lines: tuple[str, ...]
    why_not: str


async def curve_of(parts: Parts, request: Request, here: Here, part: Part, path: str) -> Curve:
    """
    Draw how a charger or a breaker went, over the span that the address asks for.

    Args:
        parts: what pages are made with.
        request: its query may name a `span`.
        here: the installation.
        part: the charger or the breaker.
        path: where the API has it, below the installation.
    """
    wanted = request.query_params.get("span")
    span = next((it for it in SPANS if it.name == wanted), HOUR)
    ends = parts.now()
    begins = ends - span.lasts
    why_not = ""
    try:
        minutes = await parts.traces.minutes((here.id, part), begins, ends)
    except TraceUnavailable:
        minutes, why_not = [], _(WHY_NOT)
    steps = minutes if span is HOUR else coarser(minutes, span.step_s)
    lines, zone = here.layout.grid_type.lines, zone_of(here.layout)
    return Curve(
        drawing=drawing(steps, begins, ends, span.step_s, zone, lines),
        source=request.url_for("api", path=f"/installations/{here.id}/{path}/trace").path,
        span=span,
        spans=SPANS,
        zone=here.layout.time_zone,
        lines=lines,
        why_not=why_not,
    )
