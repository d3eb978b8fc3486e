"""From a message to the blocks that a code engine takes: fences found, missing languages inferred."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowagents.adapters.code.languages import infer_language
from flowagents.patterns.fences import find_blocks
from flowagents.ports import CodeBlock, Json


def extract_blocks(text: str) -> list[CodeBlock]:
    r"""Return the code blocks of a text; ``language`` is "" only where none was named and none fits.

    >>> extract_blocks("```\nprint(1)\n```")
    [CodeBlock(code='print(1)', language='python', filename=None)]
    """
    return [CodeBlock(block.code, block.language or infer_language(block.code)) for block in find_blocks(text)]


class MarkdownCodeExtractor:
    """Finds the fenced code blocks of a message, under the classic name."""

    def extract_code_blocks(self, message: str | Sequence[Mapping[str, Json]] | None) -> list[CodeBlock]:
        r"""Return the code blocks of a message's content: a text, a list of content parts, or None.

        >>> MarkdownCodeExtractor().extract_code_blocks("```sh\nls\n```")[0].code
        'ls'
        """
        if message is None:
            return []
        if isinstance(message, str):
            return extract_blocks(message)
        texts = [part["text"] for part in message if part.get("type") == "text"]
        return [block for text in texts for block in extract_blocks(text)]


__all__ = ["MarkdownCodeExtractor", "extract_blocks"]
