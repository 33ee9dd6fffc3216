"""The meters at an installation's breakers: entered, changed, taken away, and given tokens."""

from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.portal.documents import Layout, Meter
from services.portal.doing import Filled, Wrong, filled_in
from services.portal.parts import Parts
from services.portal.places import Here
from services.portal.when import When, when
from shared.messages import Command
from shared.messages.balancer import MAIN
from shared.messages.credentials import IssueMeterToken, WithdrawMeterToken
from shared.messages.installation_commands import AddMeter, ChangeMeter, RemoveMeter
from shared.messages.installation_terms import Measures, MeterKind
from shared.messaging import ServiceUnavailable
from shared.meter_query import MeterStanding, MeterStandings, ask_standings
from shared.meter_topics import topic_of
from shared.phases import PHASES
from shared.rights.table import Action
from shared.speech import _, marked
from shared.spelling import plain

KINDS: Final = {
    MeterKind.BUILDING: marked("The building"),
    MeterKind.HEAT_PUMP: marked("A heat pump"),
    MeterKind.SOLAR: marked("Solar panels"),
    MeterKind.OTHER: marked("Something else"),
}
MEASURES: Final = {
    Measures.TOTAL: marked("All that flows through the breaker, cars included"),
    Measures.LOAD_ONLY: marked("Only what is not a charger of ours"),
}
log = structlog.get_logger()

NUMBERS: Final = ("highest_a", "error_a", "interval_s")


@dataclass(frozen=True, slots=True)
class MeterRow:
    """A meter in a list."""

    meter_id: str
    where: str
    what: str
    highest: str


def meter_rows(layout: Layout) -> list[MeterRow]:
    """List the meters as the page shows them."""
    return [
        MeterRow(
            it.meter_id,
            _where(layout, it),
            f"{_(KINDS[it.kind])}: {_(MEASURES[it.measures])}",
            f"{plain(it.highest_a)} A",
        )
        for it in layout.meters
    ]


def _where(layout: Layout, meter: Meter) -> str:
    circuit = None if meter.circuit_id is None else layout.circuit(meter.circuit_id)
    return _("Main breaker") if circuit is None else circuit.name


class MeterPages:
    """One method for every route."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def new(self, request: Request) -> Response:
        """Offer an empty form."""
        return self._form(request, self._parts.places.here(request, Action.TECHNICAL), None)

    async def add(self, request: Request) -> Response:
        """Enter a meter."""
        here = self._parts.places.here(request, Action.TECHNICAL)
        filled = await filled_in(request)
        circuit_id = filled.one("circuit_id")
        fields = _fields(filled) | {
            "meter_id": filled.one("meter_id"),
            "circuit_id": None if circuit_id in {"", MAIN} else circuit_id,
        }
        told = _("The meter was entered. Now give it a token to send readings with.")
        return await self._done(request, here, None, filled, AddMeter, fields, told)

    async def one(self, request: Request) -> Response:
        """Show what can be changed of a meter."""
        here = self._parts.places.here(request, Action.TECHNICAL)
        meter = _meter_of(request, here)
        try:
            heard = await ask_standings(self._parts.client, here.id)
        except ServiceUnavailable as fault:
            log.warning("meters not looked up", error=str(fault))
            heard = None
        return self._form(request, here, meter, heard=heard)

    async def change(self, request: Request) -> Response:
        """Change what it measures, and how well."""
        here, meter, filled = await self._asked(request)
        told = _("The meter was changed.")
        return await self._done(
            request, here, meter, filled, ChangeMeter, _fields(filled), told
        )

    async def remove(self, request: Request) -> Response:
        """Say that it is gone, and with it the load that it watched."""
        here, meter, filled = await self._asked(request)
        told = _("The meter was taken away, and its tokens have ended.")
        return await self._done(request, here, meter, filled, RemoveMeter, {}, told)

    async def withdraw(self, request: Request) -> Response:
        """Take readings with none of its tokens any more."""
        here, meter, filled = await self._asked(request)
        told = _("Readings are taken with none of its tokens any more.")
        return await self._done(request, here, meter, filled, WithdrawMeterToken, {}, told)

    async def issue(self, request: Request) -> Response:
        """Make it a token, and show that this once."""
        here, meter, filled = await self._asked(request)
        fields = {"installation_id": here.id, "meter_id": meter.meter_id}
        done = await self._parts.doing.carry_out(filled, IssueMeterToken, fields)
        if isinstance(done, Wrong):
            return self._form(request, here, meter, filled, done)
        return self._parts.paper.page(
            request,
            "meter_token.html",
            here=here,
            meter=meter,
            shown=done.shown_once,
        )

    async def _asked(self, request: Request) -> tuple[Here, Meter, Filled]:
        here = self._parts.places.here(request, Action.TECHNICAL)
        return here, _meter_of(request, here), await filled_in(request)

    async def _done(
        self,
        request: Request,
        here: Here,
        meter: Meter | None,
        filled: Filled,
        kind: type[Command],
        fields: dict[str, Any],
        told: str,
    ) -> Response:
        doing = self._parts.doing
        about = {"installation_id": here.id}
        if meter is not None:
            about["meter_id"] = meter.meter_id
        done = await doing.carry_out(filled, kind, {**fields, **about})
        if isinstance(done, Wrong):
            return self._form(request, here, meter, filled, done)
        path = f"{here.path}/settings"
        if kind is AddMeter:
            path = f"{path}/meters/{fields['meter_id']}"
        return doing.done(request, path, done.model_copy(update={"notes": ()}), told)

    def _form(
        self,
        request: Request,
        here: Here,
        meter: Meter | None,
        filled: Filled | None = None,
        wrong: Wrong | None = None,
        heard: MeterStandings | None = None,
    ) -> Response:
        circuits = [(it.circuit_id, it.name) for it in here.layout.circuits]
        return self._parts.paper.page(
            request,
            "meter.html",
            200 if wrong is None else wrong.status,
            here=here,
            meter=meter,
            where="" if meter is None else _where(here.layout, meter),
            breakers=[(MAIN, _("Main breaker")), *circuits],
            kinds=[(it.value, _(text)) for it, text in KINDS.items()],
            measures=[(it.value, _(text)) for it, text in MEASURES.items()],
            lines=[it.value for it in here.layout.grid_type.lines],
            chosen=_chosen(here.layout, meter, filled),
            fresh=here.fresh(Action.TECHNICAL),
            filled=filled,
            wrong=wrong,
            hearing=None if meter is None else _hearing(here, meter, heard),
        )


@dataclass(frozen=True, slots=True)
class _Hearing:
    """How a meter is heard, and where it sends to, as the page shows it."""

    known: bool
    standing: MeterStanding
    currents: str
    taken_at: When | None
    refused_at: When | None
    topic: str
    url: str | None
    mqtt: str | None


def _hearing(here: Here, meter: Meter, heard: MeterStandings | None) -> _Hearing:
    found = heard or MeterStandings()
    standing = found.of(meter.meter_id) or MeterStanding(meter_id=meter.meter_id)
    last, refused, zone = (
        standing.last_taken,
        standing.last_refused,
        ZoneInfo(here.layout.time_zone),
    )
    shown = () if last is None else zip(PHASES, last.reading.current_a, strict=True)
    return _Hearing(
        known=heard is not None,
        standing=standing,
        currents=", ".join(
            f"{line} {plain(round(it, 1))} A" for line, it in shown if it is not None
        ),
        taken_at=None if last is None else when(last.reading.measured_at, zone),
        refused_at=None if refused is None else when(refused.at, zone),
        topic=topic_of(here.id, meter.meter_id),
        url=found.ways.url_of(here.id, meter.meter_id),
        mqtt=found.ways.mqtt,
    )


def _chosen(layout: Layout, meter: Meter | None, filled: Filled | None) -> list[str]:
    """Name the lines that are ticked."""
    if filled is not None:
        return filled.all("phases")
    lines = layout.grid_type.lines if meter is None else meter.phases
    return [it.value for it in lines]


def _fields(filled: Filled) -> dict[str, Any]:
    numbers = {it: text.replace(",", ".") for it, text in filled.some(*NUMBERS).items()}
    return {
        **filled.some("kind", "measures"),
        **numbers,
        "phases": filled.all("phases"),
    }


def _meter_of(request: Request, here: Here) -> Meter:
    """
    Find the meter that the path names.

    Raises:
        HTTPException: 404, there is none.
    """
    meter_id: str = request.path_params["meter_id"]
    found = next((it for it in here.layout.meters if it.meter_id == meter_id), None)
    if found is None:
        raise HTTPException(404, _("There is no meter “%(id)s” here", id=meter_id))
    return found
