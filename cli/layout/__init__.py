"""
Setting up an installation: `ampledger installation|circuit|charger|meter|limit|tariff`.

    installation.py, circuit.py, charger.py, meter.py, limit.py, tariff.py
                        one module per noun, one function per command
    credential.py       `charger credential`: passwords of chargers
    certificate.py      `charger certificate`: certificates of chargers, and who signs them
    token.py            `meter token`: tokens of meters
    passwords.py        passwords are asked for, and shown once
    values.py           what people type for currents, moments and times of the week
    looking.py          `installation show` and `check`
    importing.py        such a file, checked against the log and assigned
    ways_on.py          deactivating what has chargers: who they are, and what can be done
    portrait.py         an installation as a tree
    carrying_out.py     a wish is sent, or rehearsed
    rehearsal.py        what would become of it, by the installation service's own decider
    telling.py          what has become of it, in words or in JSON
    options.py          what every command may be told
    places.py           where NATS and the log are
"""

from cli.layout import certificate as _certificate
from cli.layout import charger as _charger
from cli.layout import circuit as _circuit
from cli.layout import installation as _installation
from cli.layout import limit as _limit
from cli.layout import meter as _meter
from cli.layout import tariff as _tariff

installation = _installation.app
circuit = _circuit.app
charger = _charger.app
certificate = _certificate.app
meter = _meter.app
limit = _limit.app
tariff = _tariff.app

__all__ = ["certificate", "charger", "circuit", "installation", "limit", "meter", "tariff"]
