"""Registering tools: whose model may propose them, and who runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from flowagents.classic.base import Agent
from flowagents.errors import ConfigError

F = TypeVar("F", bound=Callable[..., Any])


class Tooling(Agent):
    """The tools of an agent: what its model is offered, and what it runs when a partner's model proposes it."""

    def _set_up_tools(
        self, tools: list[Any], functions: list[Any], function_map: Mapping[str, Callable[..., Any]] | None
    ) -> None:
        """Begin with what the configuration lists."""
        self._offered_tools = tools
        self._offered_functions = functions
        self.tools = {}
        if function_map:
            self.register_function(function_map)

    def offered_tools(self) -> tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]:
        """Return what its model is told it may call: tools, and functions of the legacy kind."""
        return self._offered_tools, self._offered_functions

    @property
    def function_map(self) -> dict[str, Callable[..., Any]]:
        """The functions this agent runs, by name; a copy."""
        return {name: tool.function for name, tool in self.tools.items()}

    def can_execute_function(self, name: str | Sequence[str]) -> bool:
        """Tell whether this agent runs a function, or all of several."""
        names = [name] if isinstance(name, str) else name
        return all(one in self.tools for one in names)

    def register_function(self, function_map: Mapping[str, Callable[..., Any] | None]) -> None:
        """Let this agent run functions by name; None takes one away. Results are told with Python's ``str``."""
        from flowagents.adapters.tool_schema import check_tool_name
        from flowagents.adapters.tools import Tool as make

        for name, function in function_map.items():
            check_tool_name(name)
            if function is None:
                if name not in self.tools:
                    raise ConfigError(f"{self.name!r} was to forget the function {name!r}, which it does not have")
                del self.tools[name]
            else:
                self.tools[name] = make(function, name, raw=True)

    def register_for_execution(self, name: str | None = None) -> Callable[[F], F]:
        """Return a decorator that lets this agent run a function; arguments are converted, results told as JSON."""

        def register(function: F) -> F:
            from flowagents.adapters.tools import Tool as make

            chosen = _named(function, name)
            self.tools[chosen] = make(function, chosen)
            return function

        return register

    def register_for_llm(
        self, name: str | None = None, description: str | None = None, api_style: str = "tool"
    ) -> Callable[[F], F]:
        """Return a decorator that offers a function to this agent's model. It needs a description or a docstring."""
        if api_style not in ("tool", "function"):
            raise ConfigError(f"api_style is {api_style!r}; give 'tool' or 'function'")

        def register(function: F) -> F:
            from flowagents.adapters.tool_schema import function_schema

            if self.client is None:
                raise ConfigError(
                    f"{self.name!r} has no model to offer {_named(function, name)!r} to; give it an llm_config"
                )
            schema = function_schema(function, name=_named(function, name), description=description)
            if not schema["function"].get("description"):
                raise ConfigError(
                    f"the tool {schema['function']['name']!r} needs a description; give one, or a docstring"
                )
            self._offer(schema, api_style)
            return function

        return register

    def _offer(self, schema: dict[str, Any], api_style: str) -> None:
        """Offer a tool to the model, in place of one of the same name."""
        chosen = schema["function"]["name"]
        if api_style == "tool":
            kept = [tool for tool in self._offered_tools if (tool.get("function") or {}).get("name") != chosen]
            self._offered_tools = [*kept, schema]
        else:
            kept = [function for function in self._offered_functions if function.get("name") != chosen]
            self._offered_functions = [*kept, schema["function"]]


def _named(function: Callable[..., Any], name: str | None) -> str:
    """Return the name of a tool: the given one, the one it was registered under before, or the function's own."""
    from flowagents.adapters.tool_schema import check_tool_name, function_name

    chosen = name or getattr(function, "_flowagents_name", None) or function_name(function)
    if name is not None:
        with suppress(AttributeError):
            function._flowagents_name = name  # type: ignore[attr-defined]  # a mark for the next decorator
    return check_tool_name(chosen)


def register_function(
    f: Callable[..., Any], *, caller: Tooling, executor: Tooling, name: str | None = None, description: str
) -> None:
    """Offer a function to the model of ``caller`` and let ``executor`` run it."""
    caller.register_for_llm(name=name, description=description)(f)
    executor.register_for_execution(name=name)(f)
