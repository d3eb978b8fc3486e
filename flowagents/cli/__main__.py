"""Lets ``python -m flowagents.cli`` be the command line."""

from __future__ import annotations

from flowagents.cli import main

main()
