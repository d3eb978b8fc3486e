"""The conversable-agent classes. Thin: graphs come from patterns, runs from runtime."""
