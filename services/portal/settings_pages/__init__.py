"""
Settings: what an installation is, whether drivers show who they are, its meters, and whether it is in use.

pages        the page, and its forms
meter_pages  the meters at its breakers, and their tokens
"""
