"""The rules: what decides. Pure; no clock, randomness, input or output lives here."""
