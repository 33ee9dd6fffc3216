"""
Power management: what all chargers together may draw, who comes first, and what would be otherwise.

amounts        currents and moments as people write them
week           a week of a schedule: drawn, and as the rows of a form
bounds         what bounds the installation at this moment, and why
limit_pages    limits of others and the contract's peak, entered and lifted
what_if        what would be otherwise: question and answer as they are shown
what_if_pages  the page that asks
pages          the page of power management, and its forms
"""
