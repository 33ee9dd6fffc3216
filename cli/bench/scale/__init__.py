"""How many chargers one machine carries with everything running, what limits it, what each costs."""
