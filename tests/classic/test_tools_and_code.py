"""What an agent does with proposed calls and with code: shapes, texts that reach the model, what is scanned."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from flowagents import AssistantAgent, ConversableAgent, ScriptedModel, UserProxyAgent, register_function, replaying
from flowagents.coding import LocalCommandLineCodeExecutor
from flowagents.errors import ConfigError
from flowagents.ports import CodeBlock, CodeResult, ModelReply, ModelRequest
from tests.classic.acting import answers_of, calling, conversable, proposing, requests, said, speaker, user_proxy


def add(a: Any, b: Any) -> Any:
    """Add two values."""
    return a + b


def fail(text: str = "") -> None:
    """Raise."""
    raise ValueError("boom" + text)


async def later(text: str) -> str:
    """Return a text, later."""
    await asyncio.sleep(0)
    return f"later {text}"


def executing(*functions: Any) -> ConversableAgent:
    user = conversable("user")
    for function in functions:
        user.register_for_execution(name=function.__name__)(function)
    return user


def results(user: ConversableAgent, *calls: tuple[str, str, str]) -> list[str]:
    """Return what a partner is told that its calls gave."""
    bot = speaker("bot", proposing(*calls), "done")
    user.initiate_chat(bot, message="go", max_turns=2, silent=True)
    return [response["content"] for response in user.chat_messages[bot][2]["tool_responses"]]


# -- calls


def test_the_results_of_several_calls_are_one_message_in_the_order_of_the_calls() -> None:
    user = executing(add, later)
    bot = speaker("bot", proposing(("c1", "later", '{"text": "x"}'), ("c2", "add", '{"a": 1, "b": 2}')), "done")
    user.initiate_chat(bot, message="go", max_turns=2, silent=True)
    assert user.chat_messages[bot][2] == {
        "role": "tool",
        "content": "later x\n\n3",
        "name": "user",
        "tool_responses": [
            {"tool_call_id": "c1", "role": "tool", "content": "later x"},
            {"tool_call_id": "c2", "role": "tool", "content": "3"},
        ],
    }


def test_a_legacy_call_is_answered_under_the_name_of_its_function() -> None:
    user = conversable("user", function_map={"add": add})
    bot = speaker("bot", calling("add", '{"a": 1, "b": 2}'), "done")
    user.initiate_chat(bot, message="go", max_turns=2, silent=True)
    assert user.chat_messages[bot][2] == {"role": "function", "name": "add", "content": "3"}


def test_of_a_message_with_both_kinds_of_calls_only_the_legacy_one_is_answered() -> None:
    user = conversable("user", function_map={"add": add})
    both = {**proposing(("c", "add", '{"a": 1, "b": 2}')), **calling("add", '{"a": 3, "b": 4}')}
    bot = speaker("bot", both, "done")
    user.initiate_chat(bot, message="go", max_turns=2, silent=True)
    assert (said(user, bot)[2], user.chat_messages[bot][2]["role"]) == ("7", "function")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("null", "Error: add() argument after ** must be a mapping, not NoneType"),
        ("[1, 2]", "Error: add() argument after ** must be a mapping, not list"),
        ("", "Error: Expecting value: line 1 column 1 (char 0)\n The argument must be in JSON format."),
        ('{"a": 1', "Error: Expecting ',' delimiter: line 1 column 8 (char 7)\n The argument must be in JSON format."),
        ('{"a": 1}', "Error: add() missing 1 required positional argument: 'b'"),
        ('{"a": 1,\n "b":\n 2}', "3"),
        ('{"a": "x\ny", "b": "\tz"}', "x\ny\tz"),
    ],
)
@pytest.mark.parametrize("legacy", [True, False])
def test_arguments_are_mended_and_what_is_wrong_with_them_is_told(arguments: str, text: str, *, legacy: bool) -> None:
    user = conversable("user", function_map={"add": add})
    call = calling("add", arguments) if legacy else proposing(("c", "add", arguments))
    bot = speaker("bot", call, "done")
    user.initiate_chat(bot, message="go", max_turns=2, silent=True)
    assert said(user, bot)[2] == text


def test_a_call_of_an_unknown_function_is_told_so_and_the_others_run() -> None:
    assert results(executing(add), ("c1", "sub", "{}"), ("c2", "add", '{"a": 1, "b": 2}')) == [
        "Error: Function sub not found.",
        "3",
    ]


def test_an_agent_without_tools_answers_a_call_and_does_not_ask_its_model() -> None:
    user, bot = speaker("user"), speaker("bot", proposing(("c", "f", "{}")), "done")
    user.initiate_chat(bot, message="go", max_turns=2, silent=True)
    assert (said(user, bot)[2], requests(user)) == ("Error: Function f not found.", [])


def test_a_tool_that_raises_tells_what_it_raised() -> None:
    assert results(executing(fail), ("c", "fail", '{"text": "!"}')) == ["Error: boom!"]


def test_a_tool_whose_result_cannot_be_written_says_so() -> None:
    def thing() -> Any:
        """Return an object."""
        return object()

    (text,) = results(executing(thing), ("c", "thing", "{}"))
    assert text.startswith("Error: thing returned a object, which cannot be written as JSON")


def test_two_calls_of_one_id_are_both_answered() -> None:
    user = executing(add)
    bot = conversable("bot", default_auto_reply="x")
    message = proposing(("c", "add", '{"a": 1, "b": 2}'), ("c", "add", '{"a": 3, "b": 4}'))
    bot.send(message, user, silent=True)
    reply = user.generate_reply(sender=bot)
    assert [(each["tool_call_id"], each["content"]) for each in reply["tool_responses"]] == [
        ("c", "3"),
        ("c", "7"),
    ]


class Careless:
    """A model client that puts anything where a call has its arguments."""

    def __init__(self, message: Any) -> None:
        self.message = message

    def create(self, request: ModelRequest, on_delta: Any = None) -> Any:
        return ModelReply(self.message, "careless", source="scripted")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([1, 2], "Error: add() argument after ** must be a mapping, not list"),
        ({"a": 1, "b": 2}, "3"),
        (None, "Error: add() argument after ** must be a mapping, not NoneType"),
    ],
)
def test_arguments_that_are_no_text_are_taken_as_the_json_they_are(arguments: Any, text: str) -> None:
    user = executing(add)
    message = {"content": None, "tool_calls": [{"id": "c", "function": {"name": "add", "arguments": arguments}}]}
    bot = conversable("bot", llm_config=Careless(message))
    user.initiate_chat(bot, message="go", max_turns=2, silent=True)
    assert said(user, bot)[2] == text


def test_a_call_without_arguments_has_empty_ones() -> None:
    user = executing(add)
    bot = conversable("bot")
    bot.send({"tool_calls": [{"function": {"name": "add"}}]}, user, silent=True)
    reply = user.generate_reply(sender=bot)
    assert reply["tool_responses"][0]["tool_call_id"] == ""
    assert "must be in JSON format" in reply["content"]


def test_registered_functions_answer_json_and_mapped_ones_answer_text() -> None:
    def give() -> Any:
        """Give a dict."""
        return {"a": None}

    user = executing(give)
    assert results(user, ("c", "give", "{}")) == ['{"a": null}']
    assert results(conversable("user", function_map={"give": give}), ("c", "give", "{}")) == ["{'a': None}"]


def test_a_function_is_offered_by_one_and_run_by_another() -> None:
    def sum_of(a: int, b: int) -> int:
        return a + b

    bot, user = speaker("bot", proposing(("c", "plus", '{"a": 1, "b": 2}')), "done"), conversable("user")
    register_function(sum_of, caller=bot, executor=user, name="plus", description="Add.")
    user.initiate_chat(bot, message="go", max_turns=2, silent=True)
    assert isinstance(bot.client, ScriptedModel)
    assert [tool["function"]["name"] for tool in bot.client.requests[0].tools] == ["plus"]
    assert said(user, bot)[2] == "3"
    assert user.can_execute_function(["plus"])
    assert not user.can_execute_function("add")


def test_a_function_offered_again_replaces_the_one_of_its_name() -> None:
    bot = speaker("bot", "1")
    for text in ("old", "new"):
        bot.register_for_llm(name="add", description=text)(add)
        bot.register_for_llm(name="add", description=text, api_style="function")(add)
    bot.generate_reply([{"role": "user", "content": "hi"}])
    assert isinstance(bot.client, ScriptedModel)
    request = bot.client.requests[0]
    assert [tool["function"]["description"] for tool in request.tools] == ["new"]
    assert [function["description"] for function in request.functions] == ["new"]


def test_the_functions_of_an_agent_can_be_looked_at_and_taken_away() -> None:
    user = conversable("user", function_map={"add": add})
    assert user.function_map == {"add": add}
    user.register_function({"add": None})
    assert user.function_map == {}
    with pytest.raises(ConfigError, match="'user' was to forget the function 'add', which it does not have"):
        user.register_function({"add": None})


def test_offering_a_function_needs_a_model_a_description_and_a_known_style() -> None:
    def bare() -> None: ...

    with pytest.raises(ConfigError, match="'user' has no model to offer 'add' to; give it an llm_config"):
        conversable("user").register_for_llm()(add)
    with pytest.raises(ConfigError, match="the tool 'bare' needs a description; give one, or a docstring"):
        speaker("bot").register_for_llm()(bare)
    with pytest.raises(ConfigError, match="api_style is 'x'; give 'tool' or 'function'"):
        speaker("bot").register_for_llm(api_style="x")


def test_a_function_that_takes_no_mark_keeps_its_name() -> None:
    user = conversable("user")
    user.register_for_execution(name="size")(len)
    assert user.can_execute_function("size")


@pytest.mark.parametrize("name", ["", "a b", "a" * 65, "ä"])
def test_a_name_no_model_could_call_is_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        conversable("user", function_map={name: add})


# -- code


class Machine:
    """An executor object of the kind that programs pass: it notes the code and answers."""

    def __init__(self, exit_code: int = 0, output: str = "out") -> None:
        self.result = CodeResult(exit_code, output)
        self.ran: list[list[tuple[str, str]]] = []

    def execute_code_blocks(self, blocks: Sequence[CodeBlock]) -> CodeResult:
        self.ran.append([(block.language, block.code) for block in blocks])
        return self.result


class LaterMachine:
    """An executor object of our own kind."""

    async def execute(self, blocks: Sequence[CodeBlock], *, timeout_seconds: float | None = None) -> CodeResult:
        return CodeResult(3, f"{len(blocks)} blocks")


def block(code: str) -> str:
    return f"```python\n{code}\n```"


def runner(machine: Any, **config: Any) -> ConversableAgent:
    return user_proxy("user", human_input_mode="NEVER", code_execution_config={"executor": machine, **config})


def test_code_is_run_and_told_in_the_words_models_know() -> None:
    machine = Machine()
    user, bot = runner(machine), speaker("bot", block("print(1)") + " and " + "\n```sh\nls\n```", "done")
    user.initiate_chat(bot, message="go", max_turns=2, silent=True)
    assert machine.ran == [[("python", "print(1)"), ("sh", "ls")]]
    assert said(user, bot)[2] == "exitcode: 0 (execution succeeded)\nCode output: out"


def test_an_asynchronous_executor_works_too_and_failing_is_told() -> None:
    user, bot = runner(LaterMachine()), speaker("bot", block("x"), "done")
    user.initiate_chat(bot, message="go", max_turns=2, silent=True)
    assert said(user, bot)[2] == "exitcode: 3 (execution failed)\nCode output: 1 blocks"


def scanned(scan: Any, messages: list[tuple[str, str]]) -> list[str]:
    machine = Machine()
    user = runner(machine, **({} if scan is None else {"last_n_messages": scan}))
    user.generate_reply([{"role": role, "content": content} for role, content in messages])
    return [code for ran in machine.ran for _, code in ran]


@pytest.mark.parametrize(
    ("scan", "messages", "ran"),
    [
        ("auto", [("user", block("1")), ("user", "words")], ["1"]),
        (None, [("user", block("1")), ("user", "words")], ["1"]),
        ("auto", [("user", block("1")), ("user", block("2"))], ["2"]),
        ("auto", [("user", block("1")), ("assistant", "x"), ("user", "words")], []),
        ("auto", [("user", block("1")), ("assistant", block("2"))], []),
        ("auto", [("user", block("1")), ("tool", "x")], []),
        (1, [("user", block("1")), ("user", "words")], []),
        (2, [("user", block("1")), ("user", "words")], ["1"]),
        (2, [("user", "a"), ("assistant", block("1")), ("user", "words")], ["1"]),
        (3, [("user", block("1")), ("user", "a"), ("user", "b")], ["1"]),
        (0, [("user", block("1"))], []),
        (9, [("user", block("1"))], ["1"]),
        ("auto", [], []),
    ],
)
def test_what_is_scanned_for_code(scan: Any, messages: list[tuple[str, str]], ran: list[str]) -> None:
    assert scanned(scan, messages) == ran


def test_a_message_without_roles_is_not_scanned() -> None:
    machine = Machine()
    runner(machine).generate_reply([{"content": block("1")}])
    assert machine.ran == []


def test_a_negative_number_of_messages_to_scan_fails_when_it_is_used() -> None:
    user = runner(Machine(), last_n_messages=-1)
    with pytest.raises(Exception, match="'user': last_n_messages is -1; give 0 or more, or 'auto'"):
        user.generate_reply([{"role": "user", "content": block("1")}])


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (True, "code_execution_config True; give False or a dict"),
        ("yes", "give False or a dict"),
        ({"executor": object()}, "has neither execute_code_blocks nor execute"),
        ({"executor": "docker-swarm"}, "asks for the executor 'docker-swarm'; give"),
        ({"executor": Machine(), "last_n_messages": "all"}, "has last_n_messages 'all'; give a whole number or"),
        ({"executor": Machine(), "last_n_messages": True}, "has last_n_messages True"),
    ],
)
def test_a_code_setting_that_nobody_could_obey_is_refused(config: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        conversable("user", code_execution_config=config)


def test_an_executor_can_be_named(tmp_path: Any) -> None:
    config = {"executor": "commandline-local", "commandline-local": {"work_dir": str(tmp_path)}}
    assert isinstance(conversable("user", code_execution_config=config).executor, LocalCommandLineCodeExecutor)


def test_a_run_with_tools_replays_to_the_same_answers(tmp_path: Any) -> None:
    user, bot = executing(add), speaker("bot", proposing(("c", "add", '{"a": 1, "b": 2}')), "done")
    result = user.initiate_chat(bot, message="go", max_turns=2, silent=True)
    result.run.save(tmp_path / "trace.jsonl")
    with replaying(tmp_path / "trace.jsonl"):
        again = executing().initiate_chat(speaker("bot"), message="go", max_turns=2, silent=True)
    assert answers_of(again.run.events) == answers_of(result.run.events)
    assert again.messages == result.messages


def test_a_tool_cannot_change_agents_while_they_talk() -> None:
    calls = [{"id": "c", "type": "function", "function": {"name": "forget", "arguments": "{}"}}]
    bot = AssistantAgent("bot", llm_config=ScriptedModel([{"content": None, "tool_calls": calls}, "done"]))
    user = UserProxyAgent("user", human_input_mode="NEVER", max_consecutive_auto_reply=1)

    def forget() -> str:
        user.clear_history(bot)
        return "forgotten"

    user.register_for_execution()(forget)
    history = user.initiate_chat(bot, message="go", silent=True).chat_history
    assert history[2]["content"].startswith("Error: a tool, a model or a human cannot change agents")
    assert len(history) == 4
