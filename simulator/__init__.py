"""
The world outside: chargers, cars and breakers, behind real OCPP 1.6J sockets.

The simulator stands in for what no test can plug in. Its chargers are independent OCPP clients
that speak the protocol by a small implementation of their own, its cars come, draw and leave as
real drivers' sessions say, and its breakers trip by the fastest curve the standard allows. It
shares the electrical vocabulary with the services (units, phases, ids, the clock) and nothing
else, so that it cannot inherit their mistakes.

    scene.py          what stands in the building: breakers, circuits, chargers
    sessions.py       who comes when, for how much energy (real sessions, see data/README.md)
    cars.py           how a car follows the current it is offered
    breakers.py       when a breaker trips
    grid.py           what every breaker carries, given what every car draws
    profiles.py       OCPP charging profiles: which limit is in force now
    configuration.py  OCPP configuration keys
    registration.py   BootNotification, and the charger's clock
    outlet.py         the electrical side of a charger: limit, car, meter
    readings.py       OCPP meter values
    transactions.py   drivers and their transactions
    reservations.py   for whom a charger is kept
    roots.py          root certificates, and signatures of firmware
    outbox.py         what a charger has to tell, in order, until it is answered
    charger.py        one charger
    requests.py       what a server may ask of a charger
    upkeep_requests.py  the same, about its hardware
    payloads.py       reading what a server sent
    ocppj.py          OCPP-J framing on a WebSocket
    tongues.py        the version of OCPP that a charger speaks
    ocpp2/            OCPP 2.0.1 and 2.1
    link.py           one charger's socket: connect, boot, tell, come back
    garage.py         all of it together, stepped through time
    report.py         the figures, counted step by step
    world.py          the shell: clock, sockets, files, signals

Only link, ocppj and world do I/O (and sessions and scene read their files); in everything else
time and randomness are arguments.
"""
