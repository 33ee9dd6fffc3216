"""One sentence for every event about warnings, and who is told of them."""

from collections.abc import Callable
from typing import Any, Final

from shared.history.wording import Words
from shared.messages import Event
from shared.messages import notifications as told
from shared.warning_words import headline, kind_name

_PACES: Final = {
    told.Pace.AT_ONCE: "at once",
    told.Pace.HOURLY: "once an hour",
    told.Pace.DAILY: "once a day",
    told.Pace.NEVER: "never",
}


def _chosen(it: told.NotificationsChosen, words: Words) -> str:
    if it.pace is told.Pace.NEVER or not it.kinds:
        return f"{words.person(it.person_id)} gets no e-mails about this installation"
    kinds = ", ".join(kind_name(kind).lower() for kind in it.kinds)
    return f"{words.person(it.person_id)} is told {_PACES[it.pace]} by e-mail of: {kinds}"


def _whom(it: told.DeliveryEvent, words: Words) -> str:
    what = "A report" if it.order_id else f"{len(it.warning_ids) or 'A test'} notification(s)"
    whom = words.person(it.person_id) if it.person_id else f"webhook {it.webhook_id}"
    return f"{what} to {whom}"


OF_NOTIFICATIONS: Final[dict[type[Event], Callable[[Any, Words], str]]] = {
    told.WarningRaised: lambda it, _: f"Warning: {headline(it)}",
    told.WarningCleared: lambda it, _: f"No more: {kind_name(it.kind).lower()} ({it.about})",
    told.WarningAcknowledged: lambda it, _: (
        f"Warning {it.warning_id} was taken notice of{f': {it.note}' if it.note else ''}"
    ),
    told.NotificationsChosen: _chosen,
    told.WebhookAdded: lambda it, _: f"Warnings are delivered to {it.url}",
    told.WebhookSecretRotated: lambda it, _: (
        f"What webhook {it.webhook_id} gets is signed with secret {it.generation}"
    ),
    told.WebhookRemoved: lambda it, _: (
        f"Nothing is delivered to webhook {it.webhook_id} any more"
    ),
    told.ReportOrdered: lambda it, _: (
        f"The report of every month is sent on day {it.day} to {len(it.recipients)} people"
    ),
    told.ReportOrderCancelled: lambda it, _: f"Report {it.order_id} is sent no more",
    told.NotificationSent: lambda it, w: f"{_whom(it, w)}: sent",
    told.NotificationFailed: lambda it, w: (
        f"{_whom(it, w)}: given up after {it.attempts} attempts: {it.reason}"
    ),
}
