"""Every way of saying no."""

from shared.decider import Refused


class NoSuchWarning(Refused):
    """There is no such warning here."""


class WarningOver(Refused):
    """What was warned of is so no more."""


class NoSuchWebhook(Refused):
    """There is no such webhook here."""


class WebhookKnown(Refused):
    """There is a webhook of this id."""


class TooManyWebhooks(Refused):
    """There are as many as there may be."""


class UnsafeAddress(Refused):
    """Nothing is delivered to such an address."""


class NothingToDeliver(Refused):
    """Nothing has been given up."""


class NoSuchReportOrder(Refused):
    """There is no such order here."""


class ReportOrderKnown(Refused):
    """There is another order of this id."""


class NotARecipient(Refused):
    """A report goes to people with a role at the installation only."""


class NoSuchInstallation(Refused):
    """There is no such installation."""


class LinkNotOurs(Refused):
    """The link was not made here, or was damaged on its way."""
