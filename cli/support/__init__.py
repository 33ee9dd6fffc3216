"""
Support: reading the past of a stack, running or not, from its logs; and mending it by new events only.

    places.py        where its databases and NATS are
    reading.py       the logs, byte by byte and event by event
    subjects.py      what somebody asks about: an installation, a serial, a person
    finding.py       which of these a name means, and the events that tell of it
    naming.py        what people are called, and who is meant by an address
    showing.py       how it looks
    output.py        text for people or JSON for programs, and what the command exits with
    asking.py        a question about the past: its subject, time zone, moments
    history.py       `ampledger history`
    chargers.py      which charger somebody means, and where it stood
    explaining.py    `ampledger explain`
    replaying.py     `ampledger diff` and `replay`
    serials.py       `ampledger serial`
    logs.py          `ampledger log verify|head|export`
    verifying.py     a log compared with everything that is kept beside it
    reports.py       what was found of one log
    announced.py     what the jetstreams hold
    ndjson.py        events as lines of JSON, there and back
    registry.py      every read model of every service, by name
    folding.py       read models folded in memory
    comparing.py     documents compared with what the log folds to
    projections.py   `ampledger projections`
    rebuilding.py    a read model folded anew beside the old one, compared, swapped
    check.py         `ampledger check --history`
    checker.py       what must hold of a run, decided from what was read
    gathering.py     what the checker reads
    registration.py  which commands there are, and where they hang
"""
