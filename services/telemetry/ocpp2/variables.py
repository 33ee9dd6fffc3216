"""Asking one charger for variables of OCPP 2.x, and setting them."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from services.telemetry.calls import AnsweredError, Unanswered
from services.telemetry.charger import ACCEPTED
from services.telemetry.dialect import Call, NotTaken
from services.telemetry.ocpp2 import settings
from services.telemetry.ocpp2.device_model import DeviceModel, Shown, Variable

REBOOT_REQUIRED: Final = "RebootRequired"
TAKEN: Final = frozenset({ACCEPTED, REBOOT_REQUIRED})
REPORT_S_MAX: Final = 60.0
"""How long all parts of a report are waited for."""
NOTHING: Final = "EmptyResultSet"
ITEMS_MAX: Final = 20
"""So many variables are named in one message at most, even if a charger would take more."""


class Variables:
    """The variables of one connected charger."""

    def __init__(self, call: Call, model: DeviceModel) -> None:
        self._call = call
        self._model = model
        self._items_max: tuple[int, int] | None = None
        """How many of them it takes in one SetVariables, and in one GetVariables."""

    # --- Setting ---

    async def set_all(self, values: Mapping[Variable, str]) -> Sequence[NotTaken]:
        """
        Set variables; say which were not taken, and what they are instead.

        Raises:
            CallFailed: the charger did not answer.
        """
        set_max, _ = await self._most()
        refused: dict[Variable, str] = {}
        for part in _parts(list(values), set_max):
            refused |= await self._set({it: values[it] for it in part})
        have = await self.values(list(refused)) if refused else {}
        return [
            NotTaken(str(it), f"{status}, it has {have[it]}" if it in have else status)
            for it, status in refused.items()
            if have.get(it) != values[it]
        ]

    async def set_one(self, variable: Variable, value: str) -> str:
        """
        Set one variable; return the charger's word for it.

        Raises:
            CallFailed: the charger did not answer.
        """
        data = [{**variable.payload, "attributeValue": value}]
        answer = await self._call("SetVariables", {"setVariableData": data})
        status = str(answer["setVariableResult"][0]["attributeStatus"])
        if status in TAKEN:
            self._model.take_value(variable, value)
        return status

    async def _set(self, values: Mapping[Variable, str]) -> dict[Variable, str]:
        data = [{**it.payload, "attributeValue": value} for it, value in values.items()]
        try:
            answer = await self._call("SetVariables", {"setVariableData": data})
        except AnsweredError as error:
            return dict.fromkeys(values, str(error))
        told = {
            Variable.of(it): str(it["attributeStatus"]) for it in answer["setVariableResult"]
        }
        return {it: told.get(it, "not answered") for it in values if told.get(it) not in TAKEN}

    # --- Reading ---

    async def values(self, wanted: Sequence[Variable]) -> dict[Variable, str]:
        """
        Read variables; those that the charger does not have are left out.

        Raises:
            Unanswered: the charger did not answer.
        """
        _, get_max = await self._most()
        have: dict[Variable, str] = {}
        for part in _parts(wanted, get_max):
            have |= await self._get(part)
        return have

    async def _most(self) -> tuple[int, int]:
        if self._items_max is None:
            asked = (settings.SET_ITEMS_MAX, settings.GET_ITEMS_MAX)
            have = {**await self._get(asked[:1]), **await self._get(asked[1:])}
            most = [settings.whole_number(have.get(it)) or 1 for it in asked]
            self._items_max = (min(most[0], ITEMS_MAX), min(most[1], ITEMS_MAX))
        return self._items_max

    async def _get(self, wanted: Sequence[Variable]) -> dict[Variable, str]:
        data = [it.payload for it in wanted]
        try:
            answer = await self._call("GetVariables", {"getVariableData": data})
        except AnsweredError:
            return {}
        return {
            Variable.of(it): it["attributeValue"]
            for it in answer["getVariableResult"]
            if it["attributeStatus"] == ACCEPTED and "attributeValue" in it
        }

    # --- Reports ---

    async def report(self) -> Mapping[Variable, Shown]:
        """
        Have the charger report all its variables, and wait for it.

        Raises:
            CallFailed: it did not answer, or not to the end.
        """
        await self._report("GetBaseReport", {"reportBase": "FullInventory"})
        return self._model.shown

    async def report_of(self, variable: Variable) -> Shown | None:
        """
        Have the charger report one variable with its bounds; none if it does not.

        Raises:
            Unanswered: it did not answer, or not to the end.
        """
        try:
            await self._report("GetReport", {"componentVariable": [variable.payload]})
        except AnsweredError:
            return None
        return self._model.shown.get(variable)

    async def _report(self, action: str, asked: dict[str, object]) -> None:
        number, complete = self._model.fresh_number(), asyncio.Event()
        self._model.expect(number, complete.set)
        try:
            answer = await self._call(action, {"requestId": number, **asked})
            status = str(answer["status"])
            if status == NOTHING:
                return
            if status != ACCEPTED:
                raise AnsweredError(status, "it does not report its variables")
            async with asyncio.timeout(REPORT_S_MAX):
                await complete.wait()
        except TimeoutError:
            raise Unanswered(f"the report is not complete after {REPORT_S_MAX:g} s") from None
        finally:
            self._model.give_up(number)


def _parts(wanted: Sequence[Variable], most: int) -> Iterator[list[Variable]]:
    rest = iter(wanted)
    while part := list(islice(rest, most)):
        yield part
