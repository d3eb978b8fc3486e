"""A conversation on the screen, message by message, and how texts are kept from playing tricks on a terminal.

Nothing here decides or records; the runtime says when a message was delivered.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping

from flowagents.ports import Json

Write = Callable[[str], object]
"""Takes a piece of text for the reader; what it returns is ignored."""

RULE = "─" * 60
_SUSPICIOUS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, escape sequences among them
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # directions, invisible marks
    "\ud800-\udfff\U000e0000-\U000e007f]"  # lone surrogates, invisible tags
)
_PLAIN_SIGNS = str.maketrans({"─": "-", "→": ">", "←": "<"})


def visible(text: str) -> str:
    r"""Show control characters, direction changes and invisible marks as escapes; newlines and tabs stay.

    >>> print(visible("\x1b[2Jhi\u202e"))
    \x1b[2Jhi\u202e
    """
    return _SUSPICIOUS.sub(_escaped, text.replace("\r\n", "\n"))


def _escaped(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape").decode("ascii")


def sayable(text: str) -> str:
    """Replace what the encoding of standard output cannot say, so that writing never fails for it.

    >>> sayable("a rule: ─")
    'a rule: ─'
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN_SIGNS).encode(encoding, "backslashreplace").decode(encoding)
    return text


def write_to_screen(text: str) -> None:
    r"""Write to standard output at once, whatever its encoding can say.

    >>> write_to_screen("done\n")
    done
    """
    if sys.stdout is not None:
        sys.stdout.write(sayable(text))
        sys.stdout.flush()


def print_message(sender: str, recipient: str, message: Mapping[str, Json], *, write: Write = write_to_screen) -> None:
    """Show one delivered message: who says it to whom, its text, its calls or answers, a thin rule.

    >>> print_message("user", "bot", {"content": "Tell me a joke."})
    user (to bot):
    Tell me a joke.
    ────────────────────────────────────────────────────────────
    """
    body = [*_answers(message), *_calls(message)] or ["(no text)"]
    write("\n".join([_heading(sender, recipient), *body, RULE, ""]))


def print_beginning(sender: str, recipient: str, *, write: Write = write_to_screen) -> None:
    """Show who is about to say something, before its first word.

    >>> print_beginning("bot", "user")
    bot (to user):
    """
    write(f"{_heading(sender, recipient)}\n")


def print_rest(message: Mapping[str, Json], *, write: Write = write_to_screen) -> None:
    """Show what is left of a message whose text was shown as it arrived: its calls, a thin rule.

    >>> print_rest({"content": "Why did"})
    <BLANKLINE>
    ────────────────────────────────────────────────────────────
    """
    write("\n".join(["", *_calls(message), RULE, ""]))


def print_delta(text: str, *, write: Write = write_to_screen) -> None:
    """Show a piece of a model's answer as it arrives, without a newline of its own.

    >>> print_delta("Why did")
    Why did
    """
    write(visible(text))


def _heading(sender: str, recipient: str) -> str:
    return f"{_name(sender)} (to {_name(recipient)}):"


def _name(name: str) -> str:
    return visible(name).replace("\n", "\\n")


def _answers(message: Mapping[str, Json]) -> Iterator[str]:
    """Show the text; the joined text of several tool answers is shown as its parts."""
    responses = message.get("tool_responses")
    if responses:
        for response in responses:
            yield f"← {_name(str(response.get('tool_call_id')))}: {_content(response.get('content'))}"
    elif message.get("role") == "function":
        yield f"← {_name(str(message.get('name')))}: {_content(message.get('content'))}"
    elif _content(message.get("content")):
        yield _content(message.get("content"))


def _calls(message: Mapping[str, Json]) -> Iterator[str]:
    for call in message.get("tool_calls") or ():
        yield f"→ {_call(call.get('function') or {})}  [{_name(str(call.get('id')))}]"
    if message.get("function_call"):
        yield f"→ {_call(message['function_call'])}"


def _call(proposed: Mapping[str, Json]) -> str:
    return f"{_name(str(proposed.get('name')))} {visible(str(proposed.get('arguments', '')))}"


def _content(content: Json) -> str:
    if isinstance(content, list):
        parts = (part.get("text") or f"<{part.get('type')}>" if isinstance(part, dict) else part for part in content)
        return visible("\n".join(map(str, parts)))
    return "" if content is None else visible(str(content))
