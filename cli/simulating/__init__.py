"""
Days and weeks of garages in one process, with a clock and chance of their own: `ampledger sim`.

A seed decides everything that happens; the same seed is the same run. Built upon the chargers, loads and
judges of `cli/proving`; what decides is the product's own code.

Garages, for many hours:

    database.py      a log in memory that keeps the promises of the real one
    built.py         buildings, as the log of installations tells of them
    gateway.py       a gateway that refuses and answers by the gateway's own rules
    garage.py        buildings, people who change them, balancers, cars with needs
    wishes.py        what people want to have changed
    founding.py      worlds to begin with
    misfortunes.py   what goes wrong, and when
    agenda.py        what is to happen, and what has
    drivers.py       when cars come and leave; crowds of them
    days.py          hours of that: from one thing that happens to the next
    verdicts.py      what must hold at all times, and what once all is well again

Logs and their copies, for some minutes:

    virtual.py       an event loop whose time passes at once
    consumers.py     durable consumers of jetstreams
    wire.py          JetStream, and lines that break
    pool.py          what is asked of a log's database beside its events
    followed.py      cursors, documents and parked events of who follows
    plant.py         writers, relays and followers: the product's own, killed at any await
    mishaps.py       what goes wrong with them
    logs.py          who wishes what, and what must hold in the end

Balancers that share out their work, for some minutes:

    sessions.py      a database's sessions, and the locks that they hold
    balancers.py     processes with the product's own partitions, take-over and log
    shares.py        what goes wrong, and what must hold

    mutations.py     rules switched off, to show that it is noticed
    runs.py          seeds, workers, figures
    commands.py      `ampledger sim`
"""
