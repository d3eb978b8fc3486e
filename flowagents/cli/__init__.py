"""The command line. It prints and exits; all else is done by the library."""

from __future__ import annotations


def main() -> None:
    """Run the command line on the arguments of the process, and exit with its code."""
    from flowagents.cli.app import main as run

    run()


__all__ = ["main"]
