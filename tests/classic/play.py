"""Plays scenarios of the classic API and prints one JSON result a line: play.py FILE...

A scenario declares agents and operations; models and humans are scripted. The result has the form of its golden.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from flowagents import AssistantAgent, ConversableAgent, UserProxyAgent, watching  # noqa: E402
from flowagents.adapters.cache import Cache, CachedModel  # noqa: E402
from flowagents.classic import texts  # noqa: E402
from flowagents.coding import LocalCommandLineCodeExecutor  # noqa: E402
from flowagents.core.events import Started  # noqa: E402
from flowagents.core.guards import text_of  # noqa: E402
from flowagents.errors import ModelRefused, RunFailed  # noqa: E402
from flowagents.patterns.pair import thread_of  # noqa: E402
from flowagents.ports import ModelReply, ModelRequest  # noqa: E402

KINDS = {"conversable": ConversableAgent, "assistant": AssistantAgent, "user_proxy": UserProxyAgent}
TOKENS = {
    texts.ASSISTANT_SYSTEM: "<DEFAULT:assistant_system_message>",
    texts.ASSISTANT_DESCRIPTION: "<DEFAULT:assistant_description>",
    texts.REFLECTION_PROMPT: "<DEFAULT:summary_prompt>",
    **{text: f"<DEFAULT:user_proxy_description_{mode}>" for mode, text in texts.USER_PROXY_DESCRIPTIONS.items()},
}
SETTINGS = (
    "system_message",
    "description",
    "human_input_mode",
    "max_consecutive_auto_reply",
    "default_auto_reply",
)


# -- the fixed tools


def add(a: Any, b: Any) -> Any:
    """Add two values."""
    return a + b


def echo(text: Any) -> Any:
    """Return the text."""
    return text


def fail(text: Any = "") -> Any:
    """Raise."""
    raise ValueError("boom" + text)


def nothing() -> None:
    """Return nothing."""


def record(key: Any) -> Any:
    """Return what was recorded."""
    return {"key": key, "ok": True}


async def aecho(text: Any) -> Any:
    """Return the text, later."""
    return f"async:{text}"


async def afail(text: Any = "") -> Any:
    """Raise, later."""
    raise ValueError("aboom" + text)


TOOLS: dict[str, Callable[..., Any]] = {
    function.__name__: function for function in (add, echo, fail, nothing, record, aecho, afail)
}


class Model:
    """A scripted model that keeps every request in the form of the golden."""

    def __init__(self, stage: Stage, name: str, script: Mapping[str, Any]) -> None:
        self.stage = stage
        self.name = name
        self.model = script.get("id", "scripted-model")
        self.price = tuple(value for value in script["price"]) if "price" in script else None
        replies = script.get("replies", [])
        self.rules = replies if isinstance(replies, dict) else None
        self.endpoint = {"model": self.model}
        self.left = deque([] if isinstance(replies, dict) else replies)

    def create(self, request: ModelRequest, on_delta: Any = None) -> ModelReply:
        """Answer with the next reply of the script."""
        self.stage.model_requests.append(self._asked(request))
        reply = self._next(request)
        if isinstance(reply, str):
            reply = {"content": reply}
        if "error" in reply:
            raise ModelRefused(f"scripted error {reply['error']}", status=reply["error"].get("status"))
        usage = reply.get("usage") or {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        return ModelReply(_message(reply), self.model, usage, "stop", source="scripted", price=self.price)

    def _next(self, request: ModelRequest) -> Any:
        """Return the next reply."""
        if self.rules is not None:
            last = text_of(dict(request.messages[-1]))
            for rule in self.rules.get("rules", []):
                if rule["last_contains"] in last:
                    return rule["reply"]
            return self.rules.get("default", {"error": {"status": 400}})
        return self.left.popleft() if self.left else {"error": {"status": 400}}

    def _asked(self, request: ModelRequest) -> dict[str, Any]:
        """Return a request in the form of the golden."""
        messages = [
            {key: value for key, value in message.items() if value is not None or key == "content"}
            for message in request.messages
        ]
        asked: dict[str, Any] = {"agent": self.name, "messages": tokens(messages)}
        if request.tools:
            asked["tools"] = [tool["function"]["name"] for tool in request.tools]
        if request.functions:
            asked["functions"] = [function["name"] for function in request.functions]
        if self.model != "scripted-model":
            asked["model"] = self.model
        return asked


def _message(reply: Mapping[str, Any]) -> dict[str, Any]:
    """Return a scripted reply as a message."""
    message: dict[str, Any] = {"content": reply.get("content")}
    if reply.get("tool_calls"):
        message["tool_calls"] = [
            {"id": call["id"], "type": "function", "function": _function(call)} for call in reply["tool_calls"]
        ]
    if reply.get("function_call"):
        message["function_call"] = _function(reply["function_call"])
    return message


def _function(call: Mapping[str, Any]) -> dict[str, Any]:
    """Return a proposed call; its name cleaned as the wire check does, its arguments as text."""
    from flowagents.adapters.wire import clean_tool_name

    arguments = call.get("arguments", "")
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"name": clean_tool_name(call["name"]), "arguments": text}


def tokens(value: Any) -> Any:
    """Return a value with our built-in texts replaced by their tokens."""
    if isinstance(value, str):
        return TOKENS.get(value, value)
    if isinstance(value, list):
        return [tokens(item) for item in value]
    return {key: tokens(item) for key, item in value.items()} if isinstance(value, dict) else value


# -- declarations to functions


def termination(rule: Mapping[str, Any]) -> Callable[[dict[str, Any]], bool]:
    """Return the function that a termination rule declares."""

    def text(message: Mapping[str, Any]) -> str:
        content = message.get("content")
        if isinstance(content, list):
            return "".join(part.get("text", "") for part in content)
        return content or ""

    ((kind, wanted),) = rule.items()
    match kind:
        case "content_contains":
            return lambda message: wanted in text(message)
        case "content_ends_with":
            return lambda message: text(message).rstrip().endswith(wanted)
        case "content_equals":
            return lambda message: text(message) == wanted
        case "name_is":
            return lambda message: message.get("name") == wanted
        case "has_tool_calls":
            return lambda message: bool(message.get("tool_calls")) == wanted
    return lambda message: wanted


class Stage:
    """The agents of one scenario, and everything that is observed while it is played."""

    def __init__(self, scenario: Mapping[str, Any], folder: Path) -> None:
        self.scenario = scenario
        self.folder = folder
        self.agents: dict[str, ConversableAgent] = {}
        self.human_inputs: dict[str, deque[Any]] = {}
        self.model_requests: list[dict[str, Any]] = []
        self.human_requests: list[str] = []
        self.reply_function_calls: list[dict[str, Any]] = []
        self.deliveries: list[dict[str, Any]] = []
        self.threads: dict[tuple[str, ...], Any] = {}

    # -- construction

    def build(self) -> None:
        """Make all agents, then what refers to others."""
        for number, declared in enumerate(self.scenario["agents"]):
            self._agent(declared, number)
        for declared in self.scenario["agents"]:
            for function in declared.get("reply_functions", []):
                self._reply_function(self.agents[declared["name"]], function)

    def _agent(self, declared: Mapping[str, Any], number: int) -> None:
        name = declared["name"]
        settings: dict[str, Any] = {key: declared[key] for key in SETTINGS if key in declared}
        if "termination" in declared:
            settings["is_termination_msg"] = termination(declared["termination"])
        settings["llm_config"] = self._model(name, declared["model"]) if "model" in declared else False
        settings["code_execution_config"] = self._code(declared.get("code_execution"), number)
        if "function_map" in declared:
            settings["function_map"] = {tool: TOOLS[tool] for tool in declared["function_map"]}
        self.human_inputs[name] = deque(declared.get("human_inputs", []))
        kind = KINDS[declared["kind"]]
        agent = type(kind.__name__, (kind,), {"get_human_input": self._human(name)})(name, **settings)
        for tool in declared.get("exec_tools", []):
            agent.register_for_execution(name=tool)(TOOLS[tool])
        for tool in declared.get("llm_tools", []):
            style = declared.get("tool_style", "tool")
            agent.register_for_llm(name=tool, description=tool, api_style=style)(TOOLS[tool])
        for hook in declared.get("hooks", []):
            self._hook(agent, hook)
        self.agents[name] = agent

    def _model(self, name: str, script: Mapping[str, Any]) -> Any:
        seed = script.get("cache_seed")
        model = Model(self, name, script)
        return CachedModel(model, Cache.disk(seed, self.folder)) if isinstance(seed, int) else model

    def _code(self, declared: Mapping[str, Any] | None, number: int) -> Any:
        if declared is None:
            return False
        folder = self.folder / str(number)
        folder.mkdir()
        options = {key: declared[key] for key in ("last_n_messages",) if key in declared}
        timeout = {"timeout": declared["timeout"]} if "timeout" in declared else {}
        if declared["executor"] == "legacy":
            return {"work_dir": str(folder), "use_docker": False, **timeout, **options}
        if declared["executor"] != "local":
            return {"executor": declared["executor"], **options}
        policies = {"execution_policies": declared["execution_policies"]} if "execution_policies" in declared else {}
        return {"executor": LocalCommandLineCodeExecutor(work_dir=folder, **timeout, **policies), **options}

    def _human(self, name: str) -> Callable[..., str]:
        def get_human_input(agent: Any, prompt: str) -> str:
            self.human_requests.append(name)
            answer = self.human_inputs[name].popleft()
            if isinstance(answer, dict):
                raise KeyboardInterrupt
            return str(answer)

        return get_human_input

    def _hook(self, agent: ConversableAgent, hook: Mapping[str, Any]) -> None:
        def before_send(sender: Any, message: Any, recipient: Any, silent: Any) -> Any:
            if isinstance(message, str):
                return message + hook["append"]
            return {**message, "content": (message.get("content") or "") + hook["append"]}

        match hook["at"]:
            case "before_send":
                agent.register_hook("process_message_before_send", before_send)
            case "last_received":
                agent.register_hook("process_last_received_message", lambda content: content + hook["append"])
            case "all_messages":
                agent.register_hook(
                    "process_all_messages_before_reply", lambda messages: messages[-hook["keep_last"] :]
                )

    def trigger(self, declared: Any) -> Any:
        """Return the trigger that is declared."""
        if declared == "any":
            return [ConversableAgent, None]
        ((kind, wanted),) = declared.items()
        match kind:
            case "agent":
                return self.agents[wanted]
            case "agents":
                return [self.agents[name] for name in wanted]
            case "name":
                return wanted
            case "kind":
                return KINDS[wanted]
        return lambda sender: sender is not None and sender.name not in wanted

    def _reply_function(self, agent: ConversableAgent, declared: Mapping[str, Any]) -> None:
        answered = 0

        def answer(recipient: Any, messages: Any = None, sender: Any = None, config: Any = None) -> Any:
            nonlocal answered
            call = {"agent": agent.name, "label": declared.get("label"), "sender": sender.name if sender else None}
            self.reply_function_calls.append(call)
            if answered >= declared.get("times", answered + 1):
                return False, None
            answered += 1
            return declared.get("final", True), declared.get("reply")

        async def answer_later(recipient: Any, messages: Any = None, sender: Any = None, config: Any = None) -> Any:
            return answer(recipient, messages, sender, config)

        agent.register_reply(
            self.trigger(declared["trigger"]),
            answer_later if declared.get("async") else answer,
            declared.get("position", 0),
            ignore_async_in_sync_chat=declared.get("ignore_async", False),
            remove_other_reply_funcs=declared.get("remove_others", False),
        )

    # -- operations

    def message(self, declared: Any) -> Any:
        """Return the message that is declared."""
        if not isinstance(declared, dict) or "$template" not in declared:
            return declared

        def make(sender: Any, recipient: Any, context: Mapping[str, Any]) -> Any:
            carried = context.get("carryover", "")
            text = " | ".join(carried) if isinstance(carried, list) else carried
            values = {**context, "carryover": text, "sender": sender.name, "recipient": recipient.name}
            made = declared["$template"].format(**values)
            return {"content": made} if declared.get("as_dict") else made

        return make

    def chat_options(self, op: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keyword arguments of a chat."""
        options: dict[str, Any] = {"silent": True}
        for key in ("max_turns", "clear_history", "summary_method", "summary_args", "carryover"):
            if key in op:
                options[key] = op[key]
        if isinstance(op.get("summary_method"), dict):
            options["summary_method"] = summary_function(op["summary_method"]["$summary"])
        options.update(op.get("context", {}))
        if "cache" in op:
            options["cache"] = Cache.disk(op["cache"]["seed"], self.folder)
        return options

    def play(self, op: Mapping[str, Any]) -> dict[str, Any]:
        """Play one operation and return its part of the result."""
        self.deliveries = []
        with watching(self):
            return getattr(self, f"op_{op['op']}")(op) or {}

    def op_initiate_chat(self, op: Mapping[str, Any]) -> dict[str, Any]:
        """Chat."""
        sender, recipient = self.agents[op["sender"]], self.agents[op["recipient"]]
        options = self.chat_options(op)
        message = self.message(op.get("message"))
        if op.get("async"):
            result = asyncio.run(sender.a_initiate_chat(recipient, message=message, **options))
        else:
            result = sender.initiate_chat(recipient, message=message, **options)
        return {"chats": [self.chat_of(result)]}

    def chat_of(self, result: Any) -> dict[str, Any]:
        """Return a chat result in the form of the golden."""
        return {
            "chat_id": result.chat_id,
            "chat_history": self.clean(result.chat_history),
            "summary": self.clean(result.summary),
            "cost": result.cost,
            "human_input": result.human_input,
        }

    def op_send(self, op: Mapping[str, Any]) -> None:
        """Send a bare message."""
        reply = {"request_reply": op["request_reply"]} if "request_reply" in op else {}
        self.agents[op["from"]].send(op["message"], self.agents[op["to"]], silent=True, **reply)

    def op_generate_reply(self, op: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for one reply."""
        sender = self.agents[op["sender"]] if op.get("sender") else None
        return {"reply": self.clean(self.agents[op["agent"]].generate_reply(op.get("messages"), sender))}

    def op_reset(self, op: Mapping[str, Any]) -> None:
        """Reset an agent."""
        self.agents[op["agent"]].reset()

    def op_clear_history(self, op: Mapping[str, Any]) -> None:
        """Clear a history."""
        peer = self.agents[op["peer"]] if op.get("peer") else None
        self.agents[op["agent"]].clear_history(peer, op.get("keep_last"))

    def op_update_max_consecutive_auto_reply(self, op: Mapping[str, Any]) -> None:
        """Change a limit."""
        peer = self.agents[op["peer"]] if op.get("peer") else None
        self.agents[op["agent"]].update_max_consecutive_auto_reply(op["value"], peer)

    def op_update_system_message(self, op: Mapping[str, Any]) -> None:
        """Change a system message."""
        self.agents[op["agent"]].update_system_message(op.get("system_message", op.get("value", op.get("message"))))

    def op_last_message(self, op: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for the last message."""
        peer = self.agents[op["peer"]] if op.get("peer") else None
        return {"message": self.clean(self.agents[op["agent"]].last_message(peer))}

    # -- what is observed

    def on_event(self, run: Any, event: Any) -> None:
        """Note what an event added to the threads, in time order."""
        if isinstance(event, Started):
            self.threads = {key: thread for key, thread in event.memory.items() if key[0] == "thread"}
        memories = [task.memory for task in run.state.tasks.values()] or [run.state.memory]
        for memory in memories:
            for key, thread in memory.items():
                if key[0] == "thread" and thread is not self.threads.get(key):
                    self._deliver(key, thread)

    def on_delta(self, place: str, text: str) -> None:
        """Pieces of answers are not delivered."""

    def _deliver(self, key: tuple[str, ...], thread: Any) -> None:
        """Note the entries that a thread has more than before."""
        older = self.threads.get(key)
        start = len(older) if older is not None and thread.continues(older) else 0
        self.threads[key] = thread
        for entry in thread.entries(start):
            (recipient,) = (name for name in self.agents if key[1] == thread_of(name, entry.author))
            made = {"from": entry.author, "to": recipient, "content": self.clean(entry.body.get("content"))}
            calls = [call["function"]["name"] for call in entry.body.get("tool_calls", [])]
            if "function_call" in entry.body:
                calls = [entry.body["function_call"]["name"]]
            self.deliveries.append({**made, "calls": calls} if calls else made)

    def clean(self, value: Any) -> Any:
        """Return a value without the names of folders and generated files."""
        if isinstance(value, str):
            import re

            value = re.sub(re.escape(str(self.folder)) + r"/\d+", "<WORKDIR>", value)
            return re.sub(r"tmp_code_[0-9a-f]+\.\w+", "<CODEFILE>", value)
        if isinstance(value, list):
            return [self.clean(item) for item in value]
        return {key: self.clean(item) for key, item in value.items()} if isinstance(value, dict) else value

    def result(self) -> dict[str, Any]:
        """Return what is observed at the end."""
        conversations = {}
        counters = {}
        for name, agent in self.agents.items():
            said = {peer.name: self.clean(list(messages)) for peer, messages in agent.chat_messages.items() if messages}
            if said:
                conversations[name] = said
            counts = {peer.name: count for peer, count in agent.ledger.counts.items() if peer and count}
            if counts:
                counters[name] = counts
        found = {
            "model_requests": self.clean(self.model_requests),
            "human_requests": self.human_requests,
            "conversations": tokens(conversations),
            "counters": counters,
        }
        if self.reply_function_calls:
            found["reply_function_calls"] = self.reply_function_calls
        return found


def summary_function(kind: str) -> Callable[..., Any]:
    """Return the summary function that is declared."""

    def make(sender: Any, recipient: Any, args: Mapping[str, Any]) -> Any:
        messages = sender.chat_messages[recipient]
        contents = [text_of(message) for message in messages]
        match kind:
            case "all":
                return " / ".join(contents)
            case "count":
                return str(len(messages))
            case "number":
                return len(messages)
            case "first":
                return contents[0]
            case "args":
                return "args:" + ",".join(f"{key}={value}" for key, value in sorted(args.items()) if key != "cache")
            case "dict":
                return {"content": contents[-1]}
        raise ValueError("summary failed")

    return make


def play(scenario: Mapping[str, Any]) -> dict[str, Any]:
    """Play a scenario; return its result in the form of the golden."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(scenario, Path(folder))
        ops: list[dict[str, Any]] = []
        exception = None
        try:
            stage.build()
        except (Exception, KeyboardInterrupt) as error:
            exception = {"type": type(error).__name__, "op": -1}
        for number, op in enumerate(scenario["run"] if exception is None else ()):
            try:
                made = stage.play(op)
                ops.append({**made, "deliveries": stage.deliveries})
            except (Exception, KeyboardInterrupt) as error:
                failed = {"type": _type(error), "op": number}
                made = {"exception": failed} if op.get("expect_error") else {}
                ops.append({**made, "deliveries": stage.deliveries})
                if not op.get("expect_error"):
                    exception = failed
                    break
        return {"ops": ops, "exception": exception, **stage.result()}


def _type(error: BaseException) -> str:
    """Return the name of an error's type."""
    return error.failure.error if isinstance(error, RunFailed) else type(error).__name__


def main(files: Sequence[str]) -> None:
    """Play each file and print its result."""
    for file in files:
        scenario = json.loads(Path(file).read_text())
        print(json.dumps({"id": scenario["id"], "actual": play(scenario)}))


if __name__ == "__main__":
    main(sys.argv[1:])
