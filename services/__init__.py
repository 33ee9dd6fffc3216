"""
The services of Ampledger, one package each.

A service owns one part of the truth, keeps it in its own log in its own database, takes commands
over NATS and announces events. It never imports another one, never reads another one's tables and
never calls another one's HTTP: what it needs of others it projects from their events.

installation   the electrical layout: breakers, circuits, chargers, serial numbers
telemetry      the connection to every charger; readings and charging sessions
balancer       how much current each charger may draw
permissions    people, and what they may do
notifications  warnings, and who is told of them
portal         pages; owns nothing, decides nothing
"""
