"""The assistant's prompt is part of the product: whoever does what it says gets code that runs and a chat that ends."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flowagents import AssistantAgent, ScriptedModel, UserProxyAgent
from flowagents.adapters.code.files import file_directive
from flowagents.adapters.code.languages import LANGUAGES, language_name
from flowagents.classic.texts import ASSISTANT_SYSTEM
from flowagents.coding import LocalCommandLineCodeExecutor
from flowagents.core.guards import Says
from flowagents.patterns.fences import find_blocks

NAMED = re.findall(r"```(\w+)", ASSISTANT_SYSTEM)
PROGRAMS = {"python": "print(6 * 7)", "sh": "echo 42"}


def test_the_prompt_names_the_languages_of_its_fences() -> None:
    assert NAMED == ["python", "sh"]


def test_the_prompt_itself_holds_no_code() -> None:
    assert find_blocks(ASSISTANT_SYSTEM) == ()


@pytest.mark.parametrize("language", NAMED)
def test_a_block_as_the_prompt_asks_for_is_run(language: str, tmp_path: Path) -> None:
    assert language_name(language) in LANGUAGES
    block = f"This prints the answer.\n```{language}\n{PROGRAMS[language]}\n```"
    assistant = AssistantAgent("assistant", llm_config=ScriptedModel([block, "42. TERMINATE"]))
    executor = LocalCommandLineCodeExecutor(work_dir=tmp_path)
    user = UserProxyAgent(
        "user", human_input_mode="NEVER", max_consecutive_auto_reply=1, code_execution_config={"executor": executor}
    )
    history = user.initiate_chat(assistant, message="6 x 7?", silent=True).chat_history
    assert history[2]["content"] == "exitcode: 0 (execution succeeded)\nCode output: 42\n"


def test_two_blocks_run_in_order_and_stop_at_the_first_failure(tmp_path: Path) -> None:
    blocks = "```sh\necho one; exit 3\n```\nand then\n```python\nprint('two')\n```"
    assistant = AssistantAgent("assistant", llm_config=ScriptedModel([blocks, "I see."]))
    executor = LocalCommandLineCodeExecutor(work_dir=tmp_path)
    user = UserProxyAgent(
        "user", human_input_mode="NEVER", max_consecutive_auto_reply=1, code_execution_config={"executor": executor}
    )
    history = user.initiate_chat(assistant, message="go", silent=True).chat_history
    assert history[2]["content"] == "exitcode: 3 (execution failed)\nCode output: one\n"


def test_a_file_is_kept_under_the_name_the_prompt_tells_to_write(tmp_path: Path) -> None:
    (line,) = re.findall(r"# filename: NAME", ASSISTANT_SYSTEM)
    code = line.replace("NAME", "answer.py") + "\nprint(42)"
    assert file_directive(code) == "answer.py"


def test_the_word_the_prompt_asks_for_ends_the_chat() -> None:
    (word,) = re.findall(r"reply with the single word (\w+)", ASSISTANT_SYSTEM)
    assert UserProxyAgent("user").spec_for(None, synchronous=True).ended == Says("heard", word)
