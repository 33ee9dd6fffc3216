"""What one connected charger is told to do: restart, unlock, go in and out of use, change a setting."""

import re
from typing import Final

from services.telemetry.calls import AnsweredError
from services.telemetry.charger import ACCEPTED
from services.telemetry.histories import History
from services.telemetry.limits import RejectedByCharger
from services.telemetry.upkeep import Setting, Upkeep
from services.telemetry.upkeep_asking import Asking
from services.telemetry.wishes import answer_of
from shared.decider import Refused
from shared.ids import SessionId
from shared.messages import Answer, Told
from shared.messages.upkeep import (
    Asked,
    ChangeAvailability,
    ChangeConfiguration,
    ClearCache,
    ReadConfiguration,
    Restart,
    RestartCharger,
    SendData,
    TriggerMessage,
    UnlockConnector,
)
from shared.transact import ACCEPTED as ACCEPTED_ANSWER
from shared.transact import refusal_of

UNLOCKED: Final = "Unlocked"
AFTER_RESTART: Final = (
    "it takes effect after the charger's next restart: ampledger charger restart"
)
AFTER_SESSION: Final = "a session runs: the charger goes out of use when that has ended"
NOT_NOW: Final = {"Rejected": "it will not at present; look at its state"}

_SECRET: Final = re.compile(r"pass|secret|key|token|pin\b|credential|psk", re.IGNORECASE)
HIDDEN: Final = "…"


class SessionWouldEnd(Refused):
    """A session runs, and would end with it."""


class SettingKept(Refused):
    """Our promises rest on the setting; the text says what changes it."""


def shown(key: str, value: str) -> str:
    """
    Spell a setting and its value for the log, which keeps no secrets.

    >>> shown("LightIntensity", "40"), shown("WifiPassword", "geheim")
    ('LightIntensity=40', 'WifiPassword=…')
    """
    return f"{key}={HIDDEN if _SECRET.search(key) else value}"


class HardwareDesk:
    """One method for every command."""

    def __init__(self, history: History, upkeep: Upkeep, asking: Asking) -> None:
        self._history = history
        self._upkeep = upkeep
        self._asking = asking

    def _ending(self, *, meant: bool) -> SessionId | None:
        """Name the session that ends with it; none runs, or its end is meant."""
        session = self._history.state.session
        if session is None:
            return None
        if not meant:
            raise SessionWouldEnd(
                "a session runs at the charger, and would end with this; wait until it has ended, or say "
                "that its end is meant: end_session, or --end-session"
            )
        return session.session_id

    # --- What it does ---

    async def restart(self, command: RestartCharger, _: str) -> Answer:
        ends = self._ending(meant=command.end_session)
        hard = command.restart is Restart.HARD
        answer = self._upkeep.restart(hard=hard)
        about = "at once" if hard else "in good order"
        return await self._asking.word(
            command, Asked.RESTART, answer, about, why_not=NOT_NOW, ends=ends
        )

    async def unlock(self, command: UnlockConnector, _: str) -> Answer:
        ends = self._ending(meant=command.end_session)
        why_not = {
            "UnlockFailed": "the cable is stuck; somebody has to free it by hand",
            "NotSupported": "its cable is fixed to it, or it cannot let go of one from afar",
        }
        return await self._asking.word(
            command,
            Asked.UNLOCK,
            self._upkeep.unlock(),
            good={UNLOCKED: ""},
            why_not=why_not,
            ends=ends,
        )

    async def availability(self, command: ChangeAvailability, _: str) -> Answer:
        asked = Asked.IN_USE if command.in_use else Asked.OUT_OF_USE
        answer = self._upkeep.change_availability(in_use=command.in_use)
        good = {ACCEPTED: "", "Scheduled": AFTER_SESSION}
        return await self._asking.word(command, asked, answer, good=good, why_not=NOT_NOW)

    async def clear_cache(self, command: ClearCache, _: str) -> Answer:
        why_not = {"Rejected": "it keeps no cards in mind"}
        answer = self._upkeep.clear_cache()
        return await self._asking.word(command, Asked.CLEAR_CACHE, answer, why_not=why_not)

    async def trigger(self, command: TriggerMessage, _: str) -> Answer:
        why_not = {"NotImplemented": "it does not know how to say that", **NOT_NOW}
        answer = self._upkeep.trigger(command.trigger)
        about = str(command.trigger).lower().replace("_", " ")
        return await self._asking.word(command, Asked.TRIGGER, answer, about, why_not=why_not)

    # --- Its settings ---

    async def read(self, command: ReadConfiguration, _: str) -> Answer:
        asked, about = Asked.READ_CONFIGURATION, ", ".join(command.keys)
        try:
            settings = await answer_of(self._upkeep.settings(command.keys))
        except AnsweredError as error:
            refusal = RejectedByCharger(f"the charger answered {error}; it tells no settings")
            return await self._asking.noted(
                command, asked, str(error), refusal_of(refusal), about
            )
        told = tuple(Told(name=it.key, value=it.value, note=_note(it)) for it in settings)
        answer = ACCEPTED_ANSWER.model_copy(update={"told": told})
        return await self._asking.noted(command, asked, ACCEPTED, answer, about)

    async def change(self, command: ChangeConfiguration, _: str) -> Answer:
        why = self._upkeep.kept(command.key)
        if why is not None:
            text = why.replace("SERIAL", self._history.assigned.serial)
            raise SettingKept(f"{command.key} is not changed like this: {text}")
        why_not = {
            "Rejected": "it does not take this value, or the setting is fixed",
            "NotSupported": "it has no such setting",
        }
        return await self._asking.word(
            command,
            Asked.CHANGE_CONFIGURATION,
            self._upkeep.set_one(command.key, command.value),
            shown(command.key, command.value),
            good={ACCEPTED: "", "RebootRequired": AFTER_RESTART},
            why_not=why_not,
        )

    async def send_data(self, command: SendData, _: str) -> Answer:
        asked = Asked.SEND_DATA
        about = " ".join(it for it in (command.vendor, command.message) if it)
        try:
            said = await answer_of(
                self._upkeep.send_data(command.vendor, command.message, command.data)
            )
        except AnsweredError as error:
            refusal = RejectedByCharger(f"the charger answered {error}")
            return await self._asking.noted(
                command, asked, str(error), refusal_of(refusal), about
            )
        told = () if said.data is None else (Told(name="data", value=said.data),)
        if said.status == ACCEPTED:
            answer = ACCEPTED_ANSWER.model_copy(update={"told": told})
        else:
            why = f"the charger answered {said.status}; it does not understand this vendor's words"
            answer = refusal_of(RejectedByCharger(why))
        return await self._asking.noted(command, asked, said.status, answer, about)


def _note(setting: Setting) -> str:
    if not setting.known:
        return "not known to the charger"
    return "fixed" if setting.fixed else ""
