"""
Decides how much current each charger may draw, so that no breaker trips.

Takes      nothing: it decides by itself
Announces  CurrentLimitAllocated, LeasesRenewed, ChargerQueued, OverloadDetected, LimitIgnored;
           SiteBalance (telemetry)
Listens to installation and telemetry, and to every MeterReading.

How a decision comes about, in the order of the modules:

site         the tree of breakers as arrays
allocation   shares: who is admitted, and how much each gets (pure arithmetic)
commitments  the highest current that may still be in force, now and later
behaviour    what readings tell of a car: its phases, what it leaves unused, whether it obeys
turns        whose turn it is, so that a queue rotates
planning     what of a target may be announced already
decider      facts and time -> limits that may be announced now, each with its reason
projections  facts folded from events
"""
