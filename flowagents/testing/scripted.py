"""Humans and tools that do what they were told to, once each, and can say whether all of it was needed.

The scripted model is in ``adapters.scripted``; runs in production use it too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from inspect import Signature, signature
from typing import TypeVar

from flowagents.adapters.wire import excerpt
from flowagents.classic.agent import ConversableAgent
from flowagents.errors import ConfigError, ScriptExhausted

A = TypeVar("A", bound=ConversableAgent)


class _Script:
    """Prepared answers, given in order. What is an exception is raised."""

    def __init__(self, kind: str, answers: Iterable[object]) -> None:
        if isinstance(answers, str):
            raise ConfigError(f"{kind} takes a list of answers, not one text: [{answers!r}]")
        self._kind = kind
        self._answers = tuple(answers)
        self._given = 0

    def _next(self, asked: str) -> object:
        """Give the next answer."""
        if self._given == len(self._answers):
            raise ScriptExhausted(
                f"{self._kind} has given all {self._given} answers. It was asked: {excerpt(asked)!r}.\n"
                "  Add an answer, or end the conversation earlier."
            )
        self._given += 1
        answer = self._answers[self._given - 1]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def assert_used_up(self) -> None:
        """Raise AssertionError if an answer was never given.

        >>> ScriptedHuman(["yes"]).assert_used_up()
        Traceback (most recent call last):
        AssertionError: ScriptedHuman: 1 of 1 answers were never given. The next one: 'yes'
        """
        left = self._answers[self._given :]
        if left:
            raise AssertionError(
                f"{self._kind}: {len(left)} of {len(self._answers)} answers were never given. The next one: {left[0]!r}"
            )


class ScriptedHuman(_Script):
    """A human who types prepared answers; an exception among them is raised: KeyboardInterrupt is Ctrl-C.

    Attach it to an agent, or give it to ``flowagents.flow.human(ask=...)``. ``prompts`` keeps what was asked.

    >>> human = ScriptedHuman(["yes"])
    >>> human("Go on?"), human.prompts
    ('yes', ['Go on?'])
    """

    def __init__(self, answers: Iterable[str | BaseException]) -> None:
        """Take the answers."""
        super().__init__("ScriptedHuman", answers)
        self.prompts: list[str] = []

    def __call__(self, prompt: str) -> str:
        """Answer one question; raise ScriptExhausted if there is no answer left."""
        self.prompts.append(prompt)
        return str(self._next(prompt))

    def attach(self, agent: A) -> A:
        """Be the human behind an agent from now on; return the agent.

        >>> bot = ScriptedHuman(["exit"]).attach(ConversableAgent("bot"))
        >>> bot.get_human_input("Go on?")
        'exit'
        """
        vars(agent)["get_human_input"] = self  # in front of the method of the class, as an override would be
        return agent


class ScriptedTool(_Script):
    """A tool that gives prepared results; an exception among them is raised. ``calls`` keeps its arguments.

    With ``like``, a function, it has the name, the parameters and the documentation of that function.

    >>> def weather(city: str) -> str:
    ...     '''Tell the weather.'''
    ...     return ask_the_network(city)
    >>> tool = ScriptedTool(["rain"], like=weather)
    >>> tool(city="Bonn"), tool.calls
    ('rain', [{'city': 'Bonn'}])
    """

    def __init__(
        self, results: Iterable[object], *, like: Callable[..., object] | None = None, name: str = "tool"
    ) -> None:
        """Take the results."""
        self.__name__ = name if like is None else like.__name__
        super().__init__(f"ScriptedTool {self.__name__!r}", results)
        self.calls: list[Mapping[str, object]] = []
        if like is not None:
            self.__doc__ = like.__doc__
            self.__signature__: Signature = signature(like, eval_str=True)

    def __call__(self, **arguments: object) -> object:
        """Give one result; raise ScriptExhausted if there is none left."""
        self.calls.append(arguments)
        shown = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        return self._next(f"{self.__name__}({shown})")


__all__ = ["ScriptedHuman", "ScriptedTool"]
