"""Two agents, two jokes: the smallest conversation there is.

python examples/tell_a_joke.py
OPENAI_API_KEY=... flowagents run examples/tell_a_joke.py --model openai:<name>
"""

from __future__ import annotations

from model_choice import scripted

from flowagents import AssistantAgent, UserProxyAgent

REPLIES = {
    "a joke": "Why did the edge break up with the node? It wanted to go somewhere.",
    "Another": "A graph walks into a bar. The bartender says: we do not serve loops here. It keeps asking.",
}


def main(llm_config: object = None) -> None:
    comedian = AssistantAgent(
        "comedian",
        system_message="You tell short, friendly jokes, one at a time.",
        llm_config=llm_config or scripted(__file__, REPLIES),
    )
    listener = UserProxyAgent("listener", human_input_mode="NEVER", default_auto_reply="Another one, please.")
    result = listener.initiate_chat(comedian, message="Tell me a joke about graphs.", max_turns=2)
    print(f"It ended because {result.stop.rule}.")


if __name__ == "__main__":
    main()
