"""The public names of flowagents, loaded when they are first asked for. Nothing else lives here."""

from __future__ import annotations

__version__ = "0.1.0.dev0"
