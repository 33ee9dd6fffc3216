"""
People from the command line: `ampledger person|role|group|card|request`, and `charger start|stop`.

    person.py, role.py, group.py, card.py, request.py    one module per noun, one function per command
    session.py                                           sessions begun and ended in place of a card
    asking.py                                            questions to permissions; who is meant by a name
    carrying_out.py                                      a wish is sent, or rehearsed by permissions itself
"""

from cli.people import card as _card
from cli.people import group as _group
from cli.people import person as _person
from cli.people import request as _request
from cli.people import role as _role
from cli.people import session as _session

person = _person.app
role = _role.app
group = _group.app
card = _card.app
request = _request.app
session = _session.app

__all__ = ["card", "group", "person", "request", "role", "session"]
