"""One charger, for whoever wants to know everything about it: pure, from facts to sentences and figures."""
