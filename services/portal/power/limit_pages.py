"""Limits that others set at breakers, and the contract's peak: entered and lifted on the page of power."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from services.portal.doing import Filled, Wrong, filled_in
from services.portal.parts import Parts
from services.portal.places import Here
from services.portal.power.amounts import Unclear, currents_of, moment_of
from services.portal.power.bounds import OWNERS, PERIODS
from shared.ids import new_id
from shared.messages import Command
from shared.messages.balancer import MAIN
from shared.messages.installation_commands import (
    LiftExternalLimit,
    SetContractPeak,
    SetExternalLimit,
)
from shared.messages.installation_terms import LimitOwner
from shared.rights.table import Action
from shared.speech import _

MARK_CHARS: Final = 8
"""How much of a form's own name tells its limit from others."""

Page = Callable[..., Response]
"""Shows the page of power: request, place, what was filled in, what is wrong."""


class LimitPages:
    """One method for every form."""

    def __init__(self, parts: Parts, page: Page) -> None:
        self._parts = parts
        self._page = page

    async def set_limit(self, request: Request) -> Response:
        """Limit a breaker for somebody who has a say in it."""
        here, filled = await self._asked(request)
        wrong: dict[str, str] = {}
        fields = self._limit(here, filled, wrong)
        if wrong:
            return self._page(request, here, filled, _look(wrong))
        told = _("The limit was set.")
        return await self._done(request, here, filled, SetExternalLimit, fields, told)

    async def lift(self, request: Request) -> Response:
        """Have a limit hold no more."""
        here, filled = await self._asked(request)
        fields = {"limit_id": request.path_params["limit_id"]}
        told = _("The limit was lifted.")
        return await self._done(request, here, filled, LiftExternalLimit, fields, told)

    async def set_peak(self, request: Request) -> Response:
        """Keep the mean power below a peak, or lift that."""
        here, filled = await self._asked(request)
        text = filled.one("peak_kw")
        try:
            peak_w = _watts(text) if text else None
        except Unclear as error:
            return self._page(request, here, filled, _look({"peak_kw": str(error)}))
        fields = {"peak_w": peak_w, **filled.some("per")}
        told = _("The contract's peak was set.") if text else _("There is no peak any more.")
        return await self._done(request, here, filled, SetContractPeak, fields, told)

    def _limit(self, here: Here, filled: Filled, wrong: dict[str, str]) -> dict[str, Any]:
        owner, circuit_id = filled.one("owner"), filled.one("limit_circuit")
        mark = (filled.key or new_id())[-MARK_CHARS:]
        fields: dict[str, Any] = {
            "limit_id": f"{owner.lower().replace('_', '-')}-{mark}",
            "owner": owner,
            "circuit_id": None if circuit_id in {"", MAIN} else circuit_id,
            "includes_load": filled.ticked("includes_load"),
            "windows": _windows(filled, wrong),
            **filled.some("reason"),
        }
        now, zone = self._parts.now(), ZoneInfo(here.layout.time_zone)
        for name, read in (
            ("limit_a", currents_of),
            ("limit_kw", _watts),
            ("limit_until", lambda text: moment_of(text, zone, now)),
        ):
            if filled.one(name):
                try:
                    fields[_COMMANDS[name]] = read(filled.one(name))
                except Unclear as error:
                    wrong[name] = str(error)
        return fields

    async def _asked(self, request: Request) -> tuple[Here, Filled]:
        return self._parts.places.here(request, Action.POWER), await filled_in(request)

    async def _done(
        self,
        request: Request,
        here: Here,
        filled: Filled,
        kind: type[Command],
        fields: Mapping[str, Any],
        told: str,
    ) -> Response:
        doing = self._parts.doing
        done = await doing.carry_out(filled, kind, {"installation_id": here.id, **fields})
        if isinstance(done, Wrong):
            return self._page(request, here, filled, done)
        return doing.done(request, f"{here.path}/power", done, told)


_COMMANDS: Final = {"limit_a": "limit_a", "limit_kw": "power_w", "limit_until": "until"}
"""The command's fields, by those of the form."""


def choices() -> dict[str, Any]:
    """Name what can be chosen of a limit, in the language that is spoken."""
    first = (
        LimitOwner.OWNER,
        LimitOwner.INSTALLER,
        LimitOwner.GRID_OPERATOR,
        LimitOwner.TARIFF,
    )
    return {
        "owners": [(it.value, _(OWNERS[it])) for it in first],
        "periods": [(it.value, _(text)) for it, text in PERIODS.items()],
    }


def _windows(filled: Filled, wrong: dict[str, str]) -> tuple[dict[str, Any], ...]:
    """Read the one time of the week that the form has; none: the limit always holds."""
    begins, ends = filled.one("limit_begins"), filled.one("limit_ends")
    days = filled.all("limit_days")
    if not (begins or ends or days):
        return ()
    if not (begins and ends):
        wrong["windows"] = _("Enter from when until when it holds.")
    window: dict[str, Any] = {"begins": begins, "ends": ends}
    return ({**window, "days": days} if days else window,)


def _watts(text: str) -> float:
    """
    Read a power in kilowatts.

    Raises:
        Unclear: it is none.

    >>> _watts("11,5"), _watts("9 kW")
    (11500.0, 9000.0)
    """
    try:
        return float(text.lower().removesuffix("kw").strip().replace(",", ".")) * 1000
    except ValueError as error:
        raise Unclear(_("Enter kilowatts, such as 11.5.")) from error


def _look(wrong: Mapping[str, str]) -> Wrong:
    return Wrong(422, _("Some fields need another look."), wrong)
