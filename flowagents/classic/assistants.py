"""The two usual agents: one with a model that writes, one that stands in for a user and runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flowagents.classic.agent import ConversableAgent
from flowagents.classic.texts import ASSISTANT_DESCRIPTION, ASSISTANT_SYSTEM, USER_PROXY_DESCRIPTIONS


class AssistantAgent(ConversableAgent):
    """An agent that solves tasks with its model; it asks no human and runs no code.

    >>> AssistantAgent("assistant").human_input_mode
    'NEVER'
    """

    def __init__(
        self,
        name: str,
        system_message: str | None = ASSISTANT_SYSTEM,
        llm_config: Any = None,
        is_termination_msg: Callable[[dict[str, Any]], Any] | None = None,
        max_consecutive_auto_reply: int | None = None,
        human_input_mode: str = "NEVER",
        description: str | None = None,
        **settings: Any,
    ) -> None:
        """Set up the agent; further settings are those of ConversableAgent."""
        super().__init__(
            name,
            system_message,
            is_termination_msg,
            max_consecutive_auto_reply,
            human_input_mode,
            llm_config=llm_config,
            description=description,
            **settings,
        )
        if description is None and system_message == ASSISTANT_SYSTEM:
            self.description = ASSISTANT_DESCRIPTION


class UserProxyAgent(ConversableAgent):
    """An agent that stands in for a user: it asks the user, runs tools and code, and has no model unless given one.

    >>> UserProxyAgent("user").human_input_mode
    'ALWAYS'
    """

    def __init__(
        self,
        name: str,
        is_termination_msg: Callable[[dict[str, Any]], Any] | None = None,
        max_consecutive_auto_reply: int | None = None,
        human_input_mode: str = "ALWAYS",
        function_map: Mapping[str, Callable[..., Any]] | None = None,
        code_execution_config: Mapping[str, Any] | bool | None = False,
        default_auto_reply: Any = "",
        llm_config: Any = False,
        system_message: str | None = "",
        description: str | None = None,
        **settings: Any,
    ) -> None:
        """Set up the agent; further settings are those of ConversableAgent."""
        super().__init__(
            name,
            system_message,
            is_termination_msg,
            max_consecutive_auto_reply,
            human_input_mode,
            function_map,
            code_execution_config,
            llm_config,
            default_auto_reply,
            description,
            **settings,
        )
        if description is None:
            self.description = USER_PROXY_DESCRIPTIONS[human_input_mode]
