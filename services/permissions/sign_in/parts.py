"""What all ways of signing in stand on."""

from dataclasses import dataclass
from typing import Any

import asyncpg

from services.permissions.sign_in.accounts import Accounts
from services.permissions.sign_in.facts import Facts
from services.permissions.sign_in.passwords import Passwords
from services.permissions.sign_in.people import People
from services.permissions.sign_in.sessions import Devices, Sessions
from services.permissions.sign_in.settings import SignInSettings
from services.permissions.sign_in.throttling import Throttling


@dataclass(frozen=True, slots=True)
class Parts:
    """The tables, the log, and who the people are."""

    pool: "asyncpg.Pool[Any]"
    settings: SignInSettings
    people: People
    facts: Facts
    accounts: Accounts
    sessions: Sessions
    devices: Devices
    throttling: Throttling
    passwords: Passwords
