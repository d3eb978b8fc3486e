"""An assistant writes a program, a user proxy runs it. The program has a bug; its error goes back and is mended.

    python examples/two_agent_coding.py
    OPENAI_API_KEY=... flowagents run examples/two_agent_coding.py --model openai:<name>

The programs are really run, on this machine, in a temporary folder.
"""

from __future__ import annotations

from model_choice import scripted

from flowagents import AssistantAgent, UserProxyAgent
from flowagents.coding import LocalCommandLineCodeExecutor

TASK = "In which months of 2030 is the 13th a Friday?"

FIRST_TRY = """\
I look at the 13th of every month with a small program.

```python
# filename: fridays.py
from datetime import date

MONTHS = "January February March April May June July August September October November December".split()

for month in range(1, 13):
    if date(2030, month, 13).strftime("%a") == "Fri":
        print("Friday, 13", MONTHS[month])
```"""

SECOND_TRY = """\
The list begins with index 0, the months with 1. So October was wrong too: it has to be September. Corrected:

```python
# filename: fridays.py
from datetime import date

MONTHS = "January February March April May June July August September October November December".split()

for month in range(1, 13):
    if date(2030, month, 13).strftime("%a") == "Fri":
        print("Friday, 13", MONTHS[month - 1])
```"""

REPLIES = {
    TASK: FIRST_TRY,
    "exitcode: 1": SECOND_TRY,
    "exitcode: 0": "In 2030 the 13th is a Friday twice: in September and in December.",
    "Is anything left to do?": "TERMINATE",
}


def main(llm_config: object = None) -> None:
    assistant = AssistantAgent("assistant", llm_config=llm_config or scripted(__file__, REPLIES))
    with LocalCommandLineCodeExecutor(timeout=60) as executor:
        user = UserProxyAgent(
            "user",
            human_input_mode="NEVER",
            max_consecutive_auto_reply=10,
            code_execution_config={"executor": executor},
            default_auto_reply="Is anything left to do? If not, reply TERMINATE.",
        )
        result = user.initiate_chat(assistant, message=TASK)
    print(f"It ended because {result.stop.rule}, after {len(result.chat_history)} messages.")


if __name__ == "__main__":
    main()
