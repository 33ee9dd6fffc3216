"""
What warnings say, in the language of whoever is told: what is so, and what to do about it.

Pages, e-mails and the record of what happened all say it in these words.
"""

from typing import Final

from shared.messages.notifications import WarningKind, WarningRaised
from shared.speech import _, marked

KIND_NAMES: Final = {
    WarningKind.OVERLOAD: marked("Overload of a breaker"),
    WarningKind.NEAR_LIMIT: marked("Breaker near its limit"),
    WarningKind.CHARGER_OFFLINE: marked("Charger not connected"),
    WarningKind.LIMIT_IGNORED: marked("Charger draws more than it was told"),
    WarningKind.FAULT: marked("Fault of a charger"),
    WarningKind.SECURITY: marked("Security of a charger"),
    WarningKind.SERIAL_LOCKED: marked("Locked charger"),
    WarningKind.METER_SILENT: marked("Silent meter"),
    WarningKind.SET_UP: marked("Set-up that needs mending"),
    WarningKind.DELIVERY_FAILED: marked("Notification that could not be delivered"),
}
"""What kinds of warnings are called where they are chosen."""

_MENDS: Final = {
    WarningKind.OVERLOAD: marked(
        "Chargers were told less at once. If it happens again, look for load that no meter measures, "
        "and enter it under Power."
    ),
    WarningKind.NEAR_LIMIT: marked(
        "Nothing is wrong yet. If it lasts, lower the available current, or have a larger breaker put in."
    ),
    WarningKind.CHARGER_OFFLINE: marked(
        "See whether it has power and network, and start it anew. Until it is back it charges with no more "
        "than its fail-safe."
    ),
    WarningKind.LIMIT_IGNORED: marked(
        "It is counted at what it draws, so the breaker is safe and others get less. Start it anew, update "
        "its firmware, or have it looked at."
    ),
    WarningKind.FAULT: marked(
        "Start it anew. If the fault comes back, have an electrician look at it."
    ),
    WarningKind.SECURITY: marked(
        "Look at the charger: somebody may have opened it, or pretends to be something that it is not. "
        "Fetch its security log."
    ),
    WarningKind.SERIAL_LOCKED: marked(
        "Bring its circuit back into use, or ask support to unlock it."
    ),
    WarningKind.METER_SILENT: marked(
        "See whether the meter has power and network. Until it reports, cars get what is certainly left."
    ),
    WarningKind.SET_UP: marked("Look at the set-up of the installation."),
    WarningKind.DELIVERY_FAILED: marked(
        "See whether the address is right and the other side takes deliveries, then deliver it once more "
        "from the page of warnings."
    ),
}


_SAID: Final = {
    WarningKind.CHARGER_OFFLINE: marked("%(name)s is not connected."),
    WarningKind.FAULT: marked("%(name)s reports a fault: %(said)s"),
    WarningKind.SECURITY: marked("%(name)s warns of its security: %(said)s"),
    WarningKind.SERIAL_LOCKED: marked("%(name)s is locked (serial %(said)s)."),
    WarningKind.METER_SILENT: marked("The meter at %(name)s is silent."),
    WarningKind.DELIVERY_FAILED: marked("Nothing gets through to %(name)s: %(said)s"),
}
"""What is so, where a name and the other side's words say it."""


def kind_name(kind: WarningKind) -> str:
    """Say what a kind of warning is called."""
    return _(KIND_NAMES[kind])


def headline(it: WarningRaised) -> str:
    """
    Say what is so, in one sentence.

    >>> from datetime import UTC, datetime
    >>> headline(WarningRaised(installation_id="g", warning_id="w", about="bay-1", called="Bay 1",
    ...     kind=WarningKind.CHARGER_OFFLINE, since=datetime(2026, 1, 1, tzinfo=UTC)))
    'Bay 1 is not connected.'
    """
    name = it.called or it.about
    match it.kind:
        case WarningKind.OVERLOAD:
            return _(
                "%(name)s carried %(measured)s A on %(phase)s, and may carry %(limit)s A.",
                **_currents(it, name),
            )
        case WarningKind.NEAR_LIMIT:
            return _(
                "%(name)s carries %(measured)s A on %(phase)s, of the %(limit)s A that it may.",
                **_currents(it, name),
            )
        case WarningKind.LIMIT_IGNORED:
            return _(
                "%(name)s draws %(measured)s A, and was told %(limit)s A.",
                **_currents(it, name),
            )
        case WarningKind.SET_UP:
            return _sentence(it.said)
        case _:
            return _(_SAID[it.kind], name=name, said=it.said)


def mend(it: WarningRaised) -> str:
    """Say what to do about it, in one or two sentences."""
    return _sentence(it.mend) if it.mend else _(_MENDS[it.kind])


def _currents(it: WarningRaised, name: str) -> dict[str, object]:
    def shown(current_a: float | None) -> str:
        return "?" if current_a is None else f"{current_a:.1f}"

    return {
        "name": name,
        "measured": shown(it.measured_a),
        "limit": shown(it.limit_a),
        "phase": it.phase or "",
    }


def _sentence(clause: str) -> str:
    if not clause:
        return ""
    end = "" if clause[-1] in ".!?:" else "."
    return f"{clause[0].upper()}{clause[1:]}{end}"
