"""How many chargers one gateway holds, how fast it hears them, and how soon it tells them."""
