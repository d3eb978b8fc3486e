"""What the documentation needs before Markdown reads it. The pages stay readable without it."""

from __future__ import annotations

import re

NO_RUN = re.compile(r"^( *```(?:python|console)) no-run .*$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: object) -> str:
    """Take the tests' tag off a block, because Markdown knows no tags after the language."""
    return NO_RUN.sub(r"\1", markdown)
