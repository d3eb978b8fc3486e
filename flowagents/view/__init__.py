"""One picture model and its writers. Nothing is run here."""
