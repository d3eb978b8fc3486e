"""An assistant proposes calls of a Python function, a user proxy makes them: two in one message, side by side.

python examples/tool_use.py
OPENAI_API_KEY=... flowagents run examples/tool_use.py --model openai:<name>
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from model_choice import scripted

from flowagents import AssistantAgent, UserProxyAgent, register_function

TASK = "Which flight was longer, Apollo 8 (21 to 27 December 1968) or Apollo 11 (16 to 24 July 1969), by how much?"


def days_between(
    first: Annotated[str, "A date as YYYY-MM-DD"], last: Annotated[str, "A later date as YYYY-MM-DD"]
) -> int:
    """Count the days from one date to another."""
    return (date.fromisoformat(last) - date.fromisoformat(first)).days


def call(number: int, first: str, last: str) -> dict[str, Any]:
    """Write down a call as a model proposes it."""
    function = {"name": "days_between", "arguments": {"first": first, "last": last}}
    return {"id": f"call_{number}", "type": "function", "function": function}


REPLIES = {
    TASK: {"tool_calls": [call(1, "1968-12-21", "1968-12-27"), call(2, "1969-07-16", "1969-07-24")]},
    "8": "Apollo 11 took 8 days, Apollo 8 took 6: Apollo 11 was longer, by two days.",
}


def main(llm_config: object = None) -> None:
    assistant = AssistantAgent("assistant", llm_config=llm_config or scripted(__file__, REPLIES))
    user = UserProxyAgent(
        "user",
        human_input_mode="NEVER",
        is_termination_msg=lambda message: not message.get("tool_calls"),
    )
    register_function(
        days_between, caller=assistant, executor=user, description="Count the days from one date to another."
    )
    result = user.initiate_chat(assistant, message=TASK)
    print(f"Answer: {result.summary}")


if __name__ == "__main__":
    main()
