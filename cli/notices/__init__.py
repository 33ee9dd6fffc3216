"""
Notifications from the command line: `ampledger warning|webhook|subscription`.

    warning.py         what has been warned of, and taking notice of it
    webhook.py         programs that are told, their secrets, and what was given up
    subscription.py    what people are told by e-mail, and reports that are sent to them
    asking.py          questions to notifications; kinds of warnings by name
"""

from cli.notices import subscription as _subscription
from cli.notices import warning as _warning
from cli.notices import webhook as _webhook

warning = _warning.app
webhook = _webhook.app
subscription = _subscription.app

__all__ = ["subscription", "warning", "webhook"]
