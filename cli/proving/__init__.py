"""
The promise that no breaker trips, proven: `ampledger prove`.

By walking through every state of a small model:

    states.py        a walk through all states that a model can come to, and the way to a bad one
    standpoints.py   what may be in force, as the balancer's own code counts it
    one_charger.py   a charger of the model: limits on their way, in force, replaced, over
    limit_model.py   two balancers, one gateway, two chargers, one breaker

And by chance, in an unfriendly world that grows by the second:

    moments.py       time and chance
    buildings.py     buildings, and what an installation service announces of them
    installers.py    people who change their minds about a building
    sites.py         worlds to begin with
    chargers.py      chargers and cars, by the book
    loads.py         what cars put on breakers, by physics
    minds.py         balancers: what they have heard and read
    gateways.py      one gateway between balancers and chargers
    world.py         all of it together, and its judge
    happenings.py    what happens in a second
    trials.py        runs that are to keep the promise
    commands.py      `ampledger prove`
"""
