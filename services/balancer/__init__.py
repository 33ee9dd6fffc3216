"""
Decides how much current each charger may draw, so that no breaker trips.

Takes      nothing: it decides by itself
Announces  CurrentLimitAllocated, LeasesRenewed, ChargerQueued, OverloadDetected, LimitIgnored,
           LimitObeyed, LayoutRequired, UnmanagedLoadCounted; SiteBalance (telemetry)
Listens to installation and telemetry, and to every MeterReading.

How a decision comes about, in the order of the modules:

phasors      what an ampere is on a line, as a phasor
forms        how currents add at a breaker: lines in TN grids, pairs of lines in IT grids
limits       what others allow at breakers, and when; the open period of a contract's peak
meters       what a meter at a breaker tells of load that is not ours
site         the tree of breakers as arrays, and each charger with its own limits
headroom     what is left of every breaker for cars, by physics and by contract
allocation   shares: who is admitted, how much each gets, and in which mode; with
             demands  what it is asked and answers, nets and tables  the same in arrays,
             fitting and filling  its compiled loops, loops  those as they are called,
             modes  three lines or one
commitments  the highest current that may still be in force at a charger, now and later
ledger       the sums of commitments on every breaker: what may still be added
behaviour    what readings tell of a car: its phases, what it leaves unused, whether it obeys, sleeps
angles       shares where some cars stand at an angle that nobody knows
switching    the ways in which a car may charge: on one phase or on three
turns        whose turn it is: priorities first, then so that a queue rotates
lifting      what a car would get if what stops it did not
waiting      places in the queue, and when a turn is expected
reasons      what held a limit down, and what would be next
planning     what of a target may be announced already
decider      facts and time -> limits that may be announced now, each with its reason

For whoever wonders what would be otherwise, or at another time:

forecasting  decisions taken one after another until limits settle
wondering    one question at a time, in slices between which everything else goes on

Beside them, for whoever knows when cars leave and what they need:

urgency      what an ampere is worth at a car
throughput   currents with the highest weighted sum within all limits
handout      the same as shares that cars can be offered

And how facts come about:

layouts      an installation as it is, and where its chargers stood before
loads        what is remembered of other load between decisions
limit_folds  events of meters and limits
layout_folds the installation service's events, one by one
reported     what chargers report
announced    what was announced to them
hardware     what of one charger counts where
standings    all of it together, as facts
recent       the same, where nothing has changed since it was put together
news         how much it matters what is heard
delivering   limits on their way to gateways, and what becomes of them
rounds       when it is decided again where nothing was heard
own_log      our own log, to which several processes append, folded in its order

And which process decides for what:

sharing      how many partitions each holds (pure arithmetic)
locks        who is there and who holds what, as locks of PostgreSQL sessions
partitions   what is held here, while that can be proven
taking_over  nothing is decided on before everything is known that was decided
"""
