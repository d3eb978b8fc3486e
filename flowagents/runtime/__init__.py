"""The shell: the loops that perform effects, and the trace. Nothing is decided here."""
