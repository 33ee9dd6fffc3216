"""The page of one charger: why it gives what it gives, how that went lately, and what can be done."""
