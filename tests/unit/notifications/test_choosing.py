"""Choices, webhooks and ordered reports: given what happened, when it is wished, then this follows."""

from typing import Any

import pytest

from services.notifications.addresses import Allowed
from services.notifications.choosing import OLD_SECRET_LASTS, WEBHOOKS_MAX, Around, choosing
from services.notifications.refusals import (
    NoSuchReportOrder,
    NoSuchWebhook,
    NotARecipient,
    ReportOrderKnown,
    TooManyWebhooks,
    UnsafeAddress,
    WebhookKnown,
)
from shared.decider import Refused
from shared.messages.notifications import (
    AddWebhook,
    CancelReportOrder,
    ChooseNotifications,
    NotificationsChosen,
    NotificationsCommand,
    OrderReport,
    Pace,
    PingWebhook,
    RemoveWebhook,
    ReportOrderCancelled,
    ReportOrdered,
    RotateWebhookSecret,
    Unsubscribe,
    WarningKind,
    WebhookAdded,
    WebhookRemoved,
    WebhookSecretRotated,
)
from shared.messages.reports import ReportFormat
from tests.unit.notifications.facts import GARAGE, T0

AROUND = Around(T0, Allowed().check_url, {"ada"})
URL = "https://ops.example.com/hook"
HERE: dict[str, Any] = {"installation_id": GARAGE}
ADDED = WebhookAdded(**HERE, webhook_id="ops", url=URL, kinds=(WarningKind.FAULT,))
ORDERED = ReportOrdered(
    **HERE, order_id="monthly", day=3, formats=(ReportFormat.PDF,), recipients=("ada",)
)


def wish(kind: type[NotificationsCommand], **fields: Any) -> NotificationsCommand:
    return kind(command_id="c-1", **HERE, **fields)


def decided(history: list[Any], command: Any) -> Any:
    decider = choosing(AROUND)
    try:
        return list(decider.decide(command, decider.fold(history)))
    except Refused as refusal:
        return type(refusal)


def add(url: str = URL, webhook_id: str = "ops") -> NotificationsCommand:
    return wish(AddWebhook, webhook_id=webhook_id, url=url, kinds=[WarningKind.FAULT])


def order(**more: Any) -> NotificationsCommand:
    fields = {"order_id": "monthly", "day": 3, "formats": ["pdf"], "recipients": ["ada"]}
    return wish(OrderReport, **fields | more)


def test_somebody_chooses_and_what_is_so_already_changes_nothing() -> None:
    fields = {"person_id": "ada", "kinds": [WarningKind.FAULT], "pace": Pace.DAILY}
    chosen = NotificationsChosen(**HERE, **fields)  # type: ignore[arg-type]

    assert decided([], wish(ChooseNotifications, **fields)) == [chosen]
    assert decided([chosen], wish(ChooseNotifications, **fields)) == []


def test_the_link_in_an_e_mail_ends_e_mails_and_keeps_what_was_chosen_otherwise() -> None:
    chosen = NotificationsChosen(
        **HERE, person_id="ada", kinds=(WarningKind.FAULT,), pace=Pace.DAILY, language="nb"
    )
    ended = chosen.model_copy(update={"pace": Pace.NEVER})
    command = wish(Unsubscribe, person_id="ada", mark="0" * 64)

    assert decided([chosen], command) == [ended]
    assert decided([chosen, ended], command) == []
    assert decided([], command)[0].pace is Pace.NEVER


def test_a_webhook_is_added_once_under_an_id_that_never_comes_again() -> None:
    removed = WebhookRemoved(**HERE, webhook_id="ops")

    assert decided([], add()) == [ADDED]
    assert decided([ADDED], add()) is WebhookKnown
    assert decided([ADDED, removed], add()) is WebhookKnown


def test_there_are_so_many_webhooks_and_no_more() -> None:
    many = [ADDED.model_copy(update={"webhook_id": f"w-{it}"}) for it in range(WEBHOOKS_MAX)]

    assert decided(many, add()) is TooManyWebhooks


def test_nothing_is_delivered_in_the_open() -> None:
    assert decided([], add("http://ops.example.com/hook")) is UnsafeAddress


def test_a_secret_is_rotated_and_the_one_before_counts_for_a_day() -> None:
    rotated = WebhookSecretRotated(
        **HERE, webhook_id="ops", generation=2, old_until=T0 + OLD_SECRET_LASTS
    )
    command = wish(RotateWebhookSecret, webhook_id="ops")

    assert decided([ADDED], command) == [rotated]
    assert decided([ADDED, rotated], command)[0].generation == 3


@pytest.mark.parametrize("kind", [RotateWebhookSecret, RemoveWebhook, PingWebhook])
def test_of_a_webhook_that_is_not_there_nothing_is_done(
    kind: type[NotificationsCommand],
) -> None:
    assert decided([], wish(kind, webhook_id="ops")) is NoSuchWebhook


def test_a_webhook_is_removed_once() -> None:
    removed = WebhookRemoved(**HERE, webhook_id="ops")

    assert decided([ADDED], wish(RemoveWebhook, webhook_id="ops")) == [removed]
    assert decided([ADDED, removed], wish(RemoveWebhook, webhook_id="ops")) == []


def test_a_report_goes_to_people_with_a_role_there_only() -> None:
    assert decided([], order()) == [ORDERED]
    assert decided([], order(recipients=["ada", "eve"])) is NotARecipient


def test_an_order_is_not_changed_but_cancelled() -> None:
    cancel = wish(CancelReportOrder, order_id="monthly")
    cancelled = ReportOrderCancelled(**HERE, order_id="monthly")

    assert decided([ORDERED], order()) == []
    assert decided([ORDERED], order(day=4)) is ReportOrderKnown
    assert decided([ORDERED], cancel) == [cancelled]
    assert decided([ORDERED, cancelled], cancel) == []
    assert decided([ORDERED, cancelled], order()) is ReportOrderKnown
    assert decided([], cancel) is NoSuchReportOrder
