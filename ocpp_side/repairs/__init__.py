"""Repairs of what real chargers get wrong: named by Q-id, counted, switchable (section 3 of the notes)."""
