"""
Faults of all kinds against the real stack, while cars charge: `ampledger chaos`.

    plan.py         what happens when, from a seed; pure
    fault.py        what a fault is
    processes.py    processes are killed, put to sleep, and started anew one after the other
    line_server.py  TCP lines that can be cut, silenced, slowed: a process of its own
    frames.py       WebSocket frames, and what a disturbed connection makes of them; pure
    lines.py        those lines from outside, and the faults that they can have
    yard.py         the stack, with a line between any two of it, and the garages with their cars
    callers.py      people who have things done all the time, and write down what was acknowledged
    causes.py       which fault it was that somebody was not ready after; pure
    recovering.py   how soon who was hit is ready again
    deciding.py     how soon garages are decided about again
    judging.py      what is to hold, and what does
    running.py      all of it together
    messages.py     what comes by NATS comes twice, late, or is garbage; or somebody never reads
    later.py        events of later versions come into a log
    rollbacks.py    data of a while ago come back
    loads.py        what breakers carry
    reporting.py    what a run tells in the end
    picture.py      a run, drawn
    commands.py     `ampledger chaos`
"""
