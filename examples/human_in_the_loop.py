"""A writer drafts a sentence, you say what to change, until you type ``exit``.

    python examples/human_in_the_loop.py
    OPENAI_API_KEY=... flowagents run examples/human_in_the_loop.py --model openai:<name>

Without a terminal, pipe a line for each question into it: first "Shorter, please.", then "exit".
"""

from __future__ import annotations

from model_choice import scripted

from flowagents import AssistantAgent, UserProxyAgent

TASK = "Invite our neighbours to a street party on Saturday, in one sentence."

REPLIES = {
    TASK: "We would be delighted to see you this Saturday from four o'clock at our street party, with cake and music.",
    "horter": "Street party this Saturday at four: join us for cake and music!",
}
NO_REPLY = "I am only a script and know one change: ask me for something shorter, or type exit."


def main(llm_config: object = None) -> None:
    writer = AssistantAgent(
        "writer",
        system_message="You write invitations, one sentence each. Change them as you are told.",
        llm_config=llm_config or scripted(__file__, REPLIES, default=NO_REPLY),
    )
    editor = UserProxyAgent("editor", human_input_mode="ALWAYS")
    result = editor.initiate_chat(writer, message=TASK)
    print(f"You typed {len(result.human_input)} answer(s). The last draft:\n{result.summary}")


if __name__ == "__main__":
    main()
