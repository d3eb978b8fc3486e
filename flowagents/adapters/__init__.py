"""The outside world, one thing per file. No rule lives here."""
