"""
Every way in which the permissions service says no; the text of each says what to do.

Refused
    of people      UnknownPerson, PersonExists
    of groups      UnknownGroup, GroupExists, GroupElsewhere
    of roles       UnknownPlace, UnknownClient, NotAnInstaller, NotAtCharger, LastOwner, EndHasPassed
    of requests    UnknownRequest, RequestExists, RequestClosed, TooManyRequests
    of cards       UnknownCard, CardExists, CardTaken, TooManyCards
"""

from shared.decider import Refused

# --- Of people ---


class UnknownPerson(Refused):
    """Only somebody who was invited, and is not forgotten, has roles, cards or a name."""


class PersonExists(Refused):
    """There is, or was, a person with this id already."""


# --- Of groups ---


class UnknownGroup(Refused):
    """Only a group that was created, and is not dissolved, has members and roles."""


class GroupExists(Refused):
    """There is, or was, a group with this id already."""


class GroupElsewhere(Refused):
    """A group that the owners of an installation keep has roles there only."""


# --- Of roles ---


class UnknownPlace(Refused):
    """A role is given at an installation that exists, or at a charger that is assigned there."""


class UnknownClient(Refused):
    """Only a program that is registered can have roles."""


class NotAnInstaller(Refused):
    """The role SERVICE is for authorised installers and service partners."""


class NotAtCharger(Refused):
    """The role SERVICE is given at a whole installation."""


class LastOwner(Refused):
    """An installation that has an owner keeps one, unless the platform's operator says otherwise."""


class EndHasPassed(Refused):
    """A role ends in the future, or not by itself."""


# --- Of requests ---


class UnknownRequest(Refused):
    """Only what was asked for can be answered."""


class RequestExists(Refused):
    """There is another request with this id already."""


class RequestClosed(Refused):
    """A request is answered once."""


class TooManyRequests(Refused):
    """Who asks for very much at once is made to wait for answers first."""


# --- Of cards ---


class UnknownCard(Refused):
    """Only a card that is registered for the person can be blocked or removed."""


class CardExists(Refused):
    """There is another card with this id already."""


class CardTaken(Refused):
    """A card stands for one person."""


class TooManyCards(Refused):
    """Nobody needs so many cards."""
