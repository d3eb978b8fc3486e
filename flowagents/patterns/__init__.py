"""Conversations as graphs. Pure; nothing is run here."""
