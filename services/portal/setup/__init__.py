"""
Setting up: which installations there are, a new one, its circuits, its chargers.

`pages` puts the routes together; `..._pages` answer requests; the others are pure and build what is shown.
"""
