"""
The past, told: what the logs say, as people ask for it.

Everything here is pure. It gets events that somebody else has read, of one log or of several, and
knows none of the services: the command line uses it as any page may.

    states.py       what an installation was at one moment
    folding.py      from events to states
    differences.py  what differs between two such states
    wording.py      how people say values, and what differs
    why.py          why a limit is what it is, and what would be next
    limits.py       what a charger may draw at a moment
    explained.py    a charger at a moment, as its explanation needs it
    explaining.py   why, in a few sentences
    queue.py        who waits at which place
    sentences.py    one sentence for every event
    merging.py      several logs, which know no common order, told as one story
    timeline.py     that story: who, when, why, and what it changed
    replaying.py    event by event: the states around each
    deeds.py        who did what by what right, and who was refused what
    moments.py      how people name a moment, and where it cuts the logs
    serials.py      everything the logs say of one serial number
    serial_story.py from events to that
    unlocking.py    why a serial is locked, whether it was moved, what would unlock it
    serial_words.py all of this in sentences
    chain.py        the hash that ties every event to the one before it
    integrity.py    what is wrong with a log, beginning with its first bad event
    acts.py         every command counts once
    claims.py       one serial, one place: folded with no regard to how it was decided
"""
