"""What a charger is and how it is set up: what stands still on its page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.portal.charger_figures import ChargerFacts
from services.portal.documents import Charger, Limiting
from services.portal.facts import Facts
from services.portal.one_charger.picture import facts_of, zone_of
from services.portal.wording import SWITCHING, UNKNOWN, clock_time, lines_text
from shared.messages.balancer import MAIN
from shared.messages.holding import Holds
from shared.speech import _, marked
from shared.spelling import plain

WAYS: Final = {
    Holds.SCHEDULED: marked("told in one profile with its fail-safe"),
    Holds.FAIL_SAFE_ONLY: marked("holds its fail-safe only, for good: it cannot do more"),
    Holds.FIXED: marked("cannot be limited; counts at all it can draw"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A fact with its name; `title` is shown on demand."""

    name: str
    value: str
    title: str = ""


def lines_of(facts: Facts, charger: Charger, now: datetime) -> tuple[Line, ...]:
    """Tell what a charger is, and how it is set up."""
    zone, known = zone_of(facts.layout), facts_of(facts, charger)
    condition = known.condition
    circuits = [known.circuits.get(it, it) for it in facts.layout.path(charger.circuit_id)]
    place = " ‹ ".join(it for it in circuits if it != MAIN)
    model = " ".join(it for it in (condition.vendor, condition.model) if it)
    since = condition.since
    connection = _("online since") if condition.online else _("offline since")
    told = (
        Line(_("Serial number"), charger.serial),
        Line(_("Model"), model or UNKNOWN),
        Line(_("Firmware"), condition.firmware or UNKNOWN),
        Line(
            _("Connection"),
            _("never connected")
            if since is None
            else f"{connection} {clock_time(since, now, zone)}",
            "" if since is None else f"{since:%Y-%m-%d %H:%M:%S} UTC",
        ),
        Line(_("Circuit"), place),
        Line(_("Wiring"), _wiring(known)),
        Line(_("Gives"), _range(charger)),
        Line(_("Priority"), str(charger.priority)),
        Line(_("Limits"), *_limiting(condition.limiting)),
    )
    return tuple(it for it in told if it.value)


def _wiring(facts: ChargerFacts) -> str:
    wired = " ".join(facts.charger.wiring)
    counted_on = () if facts.share is None else facts.share.phases
    parts = [
        wired,
        _(SWITCHING[facts.charger.phase_switching])
        if SWITCHING[facts.charger.phase_switching]
        else "",
        _("counted on %(lines)s", lines=lines_text(counted_on, facts.grid))
        if counted_on and facts.condition.session is not None
        else "",
    ]
    return ", ".join(it for it in parts if it)


def _limiting(limiting: Limiting | None) -> tuple[str, str]:
    """Say what is particular about how it is limited, and why; nothing of most chargers."""
    if limiting is None:
        return ("", "")
    shown_a = max(limiting.limit_shown_a or 0.0, limiting.fail_safe_shown_a or 0.0)
    parts = [_(WAYS[limiting.holds]) if limiting.holds in WAYS else ""]
    if shown_a > 0:
        parts.append(
            _(
                "its own schedule allows %(shown)s A, more than it has confirmed; it counts at that",
                shown=plain(shown_a),
            )
        )
    return ("; ".join(it for it in parts if it), limiting.reason)


def _range(charger: Charger) -> str:
    text = _("%(least)s to %(most)s A", least=plain(charger.min_a), most=plain(charger.max_a))
    if charger.breaker_a is None:
        return text
    return f"{text}, {_('own breaker %(breaker)s A', breaker=plain(charger.breaker_a))}"
