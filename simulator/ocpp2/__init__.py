"""
A charger that speaks OCPP 2.0.1 or 2.1, written from the specification.

It is the same charger: what it has to tell, in order, and what it does when it is asked, is told by its own
parts in the terms of OCPP 1.6. Here that becomes 2.x on the wire, and back.

    tongue.py     both directions of one connection
    saying.py     what it tells: transactions by their events, connectors, readings
    asked.py      what a server may ask of it
    variables.py  its device model
    profiles.py   charging profiles by their purposes
    words.py      what is called otherwise
"""

from simulator.ocpp2.tongue import Tongue2

__all__ = ["Tongue2"]
