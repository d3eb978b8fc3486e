"""Asynchronous chats: the events of synchronous ones, several at a time, connections closed with their event loop."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from flowagents import Agent, ConversableAgent
from flowagents.errors import HistoryChanged
from tests.classic.acting import (
    Humans,
    answers_of,
    awaited,
    calling,
    conversable,
    count,
    proposing,
    requests,
    said,
    speaker,
)

Pair = tuple[ConversableAgent, ConversableAgent]


async def echo(text: str) -> str:
    """Return the text, later."""
    await asyncio.sleep(0)
    return f"later {text}"


def with_tools() -> Pair:
    user = conversable("user", function_map={"echo": echo, "size": len})
    calls = proposing(("1", "echo", '{"text": "x"}'), ("2", "size", '{"obj": "abc"}'), ("3", "echo", '{"text": "y"}'))
    return user, speaker("bot", calls, calling("echo", '{"text": "z"}'), "TERMINATE")


def with_humans() -> Pair:
    return (
        conversable("user", human=Humans(["", "words", "exit"])),
        speaker("bot", "1", "2", "3", human_input_mode="TERMINATE", max_consecutive_auto_reply=5),
    )


def with_functions() -> Pair:
    user, bot = (
        conversable("user", is_termination_msg=lambda message: "3" in message["content"]),
        speaker("bot", *"123"),
    )
    bot.register_reply([Agent, None], lambda *_, **__: (False, None), 2)
    bot.register_reply(lambda sender: False, lambda *_, **__: (True, "never"))
    user.register_reply("bot", lambda agent, messages, sender, config: (len(messages) > 2, "f"), 2)
    bot.register_hook("process_last_received_message", lambda text: text + "!")
    bot.register_hook("process_all_messages_before_reply", lambda messages: messages[-2:])
    user.register_hook("process_message_before_send", lambda sender, message, recipient, silent: message)
    return user, bot


def with_limits() -> Pair:
    return conversable("user", max_consecutive_auto_reply=3), speaker("bot", *"12345")


def with_failure() -> Pair:
    return conversable("user"), speaker("bot", "1")


PAIRS: dict[str, Callable[[], Pair]] = {
    make.__name__: make for make in (with_tools, with_humans, with_functions, with_limits, with_failure)
}


def played(make: Callable[[], Pair], *, asynchronous: bool, **options: Any) -> Any:
    user, bot = make()
    error = None
    try:
        if asynchronous:
            result = awaited(lambda: user.a_initiate_chat(bot, message="hi", silent=True, **options))
        else:
            result = user.initiate_chat(bot, message="hi", silent=True, **options)
        run, summary = result.run, result.summary
    except Exception as raised:
        error, run, summary = (type(raised), str(raised)), raised.run, None  # type: ignore[attr-defined]
    kept = user.chat_messages[bot], bot.chat_messages[user], count(user, bot), count(bot, user)
    return answers_of(run.events), run.state.digest, run.stop, summary, error, kept


@pytest.mark.parametrize("turns", [None, 2])
@pytest.mark.parametrize("make", PAIRS.values(), ids=PAIRS.keys())
def test_an_asynchronous_chat_has_the_events_of_a_synchronous_one(make: Callable[[], Pair], turns: int | None) -> None:
    one = played(make, asynchronous=False, max_turns=turns)
    other = played(make, asynchronous=True, max_turns=turns)
    assert sorted(map(repr, one[0])) == sorted(map(repr, other[0]))
    assert one[1:] == other[1:]


def test_messages_and_single_replies_are_the_same_asynchronously() -> None:
    def sync(user: ConversableAgent, bot: ConversableAgent) -> Any:
        user.send("hi", bot, request_reply=True, silent=True)
        bot.receive("ho", user, request_reply=True, silent=True)
        return bot.generate_reply(sender=user), bot.generate_reply([{"role": "user", "content": "x"}])

    async def later(user: ConversableAgent, bot: ConversableAgent) -> Any:
        await user.a_send("hi", bot, request_reply=True, silent=True)
        await bot.a_receive("ho", user, request_reply=True, silent=True)
        return await bot.a_generate_reply(sender=user), await bot.a_generate_reply([{"role": "user", "content": "x"}])

    one, other = (conversable("user"), speaker("bot", *"1234")), (conversable("user"), speaker("bot", *"1234"))
    assert sync(*one) == awaited(lambda: later(*other)) == ("3", "4")
    assert said(*one) == said(*other) == ["hi", "1", "ho", "2"]
    assert count(one[1], one[0]) == count(other[1], other[0])


def test_an_asynchronous_reply_function_answers_in_an_asynchronous_chat() -> None:
    async def answer(agent: Any, messages: Any, sender: Any, config: Any) -> Any:
        await asyncio.sleep(0)
        return True, f"later {messages[-1]['content']}"

    user, bot = conversable("user"), speaker("bot")
    bot.register_reply([Agent, None], answer)
    awaited(lambda: user.a_initiate_chat(bot, message="hi", max_turns=1, silent=True))
    assert said(user, bot) == ["hi", "later hi"]


def test_a_synchronous_chat_works_inside_a_running_event_loop() -> None:
    async def inside() -> Any:
        user, bot = with_tools()
        return user.initiate_chat(bot, message="hi", silent=True).stop.name

    assert asyncio.run(inside()) == "ended"


def test_other_tasks_go_on_while_a_human_thinks() -> None:
    asked, answered = threading.Event(), threading.Event()

    class Thinking(ConversableAgent):
        def get_human_input(self, prompt: str) -> str:
            asked.set()
            assert answered.wait(10)
            return "exit"

    async def both() -> Any:
        chat = asyncio.ensure_future(
            Thinking("user", human_input_mode="ALWAYS").a_initiate_chat(speaker("bot", "1"), message="hi", silent=True)
        )
        while not asked.is_set():  # noqa: ASYNC110  - set by a thread
            await asyncio.sleep(0.001)
        answered.set()
        return (await chat).stop.name

    assert asyncio.run(both()) == "left"


# -- several chats at a time


class Gate:
    """A model that answers only when several have asked: all chats are under way then."""

    def __init__(self, parties: int) -> None:
        self.barrier = asyncio.Barrier(parties)

    def create(self, request: Any, on_delta: Any = None) -> Any:
        return self._later()

    async def _later(self) -> Any:
        from flowagents.ports import ModelReply

        await self.barrier.wait()
        return ModelReply({"content": "ok"}, "gate", source="scripted")


def test_one_agent_can_be_in_several_chats_at_a_time() -> None:
    async def several() -> tuple[ConversableAgent, list[ConversableAgent], list[Any]]:
        gate = Gate(3)
        user = conversable("user", human=Humans(["a", "b", "c", "exit", "exit", "exit"]))
        bots = [conversable(f"bot {number}", llm_config=gate) for number in range(3)]
        chats = [user.a_initiate_chat(bot, message=f"hi {bot.name}", silent=True) for bot in bots]
        return user, bots, await asyncio.gather(*chats)

    user, bots, results = asyncio.run(several())
    assert sorted(typed for result in results for typed in result.human_input) == ["a", "b", "c", *["exit"] * 3]
    assert sorted(user.ledger.typed) == ["a", "b", "c", *["exit"] * 3]
    for bot in bots:
        assert (said(user, bot)[:2], len(said(user, bot)), count(bot, user)) == ([f"hi {bot.name}", "ok"], 4, 2)


def two_at_once(*, clear: bool) -> tuple[Pair, list[Any]]:
    async def run() -> tuple[Pair, list[Any]]:
        user, bot = conversable("user"), conversable("bot", llm_config=Gate(2))
        chats = [
            user.a_initiate_chat(bot, message=text, max_turns=1, silent=True, clear_history=clear) for text in "ab"
        ]
        return (user, bot), await asyncio.gather(*chats, return_exceptions=True)

    return asyncio.run(run())


def test_of_two_chats_of_a_pair_that_keep_the_history_the_later_is_told_that_it_changed() -> None:
    (user, bot), results = two_at_once(clear=False)
    (problem,) = (result for result in results if isinstance(result, Exception))
    assert isinstance(problem, HistoryChanged)
    assert "the history of user and bot changed while this run worked on it" in str(problem)
    assert "give parallel chats agents of their own" in str(problem)
    assert len(problem.run.events) > 1
    assert len(said(user, bot)) == 2


def test_of_two_chats_of_a_pair_that_begin_anew_the_later_is_the_history() -> None:
    (user, bot), results = two_at_once(clear=True)
    assert [[message["content"] for message in result.messages][1] for result in results] == ["ok", "ok"]
    assert len(said(user, bot)) == 2


def test_a_failure_is_told_rather_than_that_the_history_changed() -> None:
    user, bot = conversable("user"), speaker("bot")

    def change(*_: Any, **__: Any) -> Any:
        user.ledger.pairs[bot].version += 1
        raise ValueError("the real reason")

    bot.register_reply([Agent, None], change)
    with pytest.raises(ValueError, match="the real reason"):
        user.initiate_chat(bot, message="hi", clear_history=False, silent=True)


def test_what_another_run_changed_meanwhile_is_not_undone() -> None:
    user, bot, other = conversable("user"), conversable("bot"), speaker("other", "x")

    def meanwhile(*_: Any, **__: Any) -> Any:
        user.initiate_chat(other, message="hi", max_turns=1, silent=True)
        user.ledger.typed += ("typed elsewhere",)
        return True, "ok"

    bot.register_reply([Agent, None], meanwhile)
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    assert (said(user, bot), said(user, other), user.ledger.typed) == (
        ["hi", "ok"],
        ["hi", "x"],
        ("typed elsewhere",),
    )


# -- connections


class Server(ThreadingHTTPServer):
    """A server that speaks enough of chat.completions; ``open`` counts connections that nobody closed."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.open = 0
        self.changed = threading.Condition()
        super().__init__(("127.0.0.1", 0), Answering)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def count(self, change: int) -> None:
        with self.changed:
            self.open += change
            self.changed.notify_all()

    def wait_until_closed(self) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self.open == 0, timeout=10)


class Answering(BaseHTTPRequestHandler):
    """Answers every request with one message and keeps the connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.count(1)

    def finish(self) -> None:
        super().finish()
        self.server.count(-1)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append(body)
        message = {"role": "assistant", "content": f"answer {len(self.server.asked)}"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        answer = json.dumps({"id": "x", "object": "chat.completion", "model": body["model"], "choices": [choice]})
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Generator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def configured(server: Server, name: str = "bot") -> ConversableAgent:
    entry = {"model": "gpt-4", "api_key": "sk-0123456789abcdef", "base_url": server.url}
    return conversable(name, llm_config={"config_list": [entry], "temperature": 0})


def test_connections_are_closed_when_their_event_loop_ends(server: Server) -> None:
    user, bot = conversable("user"), configured(server)
    for number in (1, 2):
        asyncio.run(user.a_initiate_chat(bot, message="hi", max_turns=2, silent=True))
        assert server.wait_until_closed()
        assert said(user, bot)[1] == f"answer {2 * number - 1}"
    gc.collect()


def test_a_connection_is_kept_between_chats_of_one_event_loop(server: Server) -> None:
    user, bot = conversable("user"), configured(server)
    opened: list[int] = []

    async def twice() -> None:
        for _ in range(2):
            await user.a_initiate_chat(bot, message="hi", max_turns=1, silent=True)
            opened.append(server.open)

    asyncio.run(twice())
    assert opened == [1, 1]
    assert server.wait_until_closed()


def test_chats_at_a_time_share_an_agent_and_its_connections(server: Server) -> None:
    bot = configured(server)
    users = [conversable(f"user {number}") for number in range(4)]

    async def all_at_once() -> Any:
        return await asyncio.gather(
            *(user.a_initiate_chat(bot, message="hi", max_turns=1, silent=True) for user in users)
        )

    results = asyncio.run(all_at_once())
    assert sorted(result.summary for result in results) == [f"answer {number}" for number in (1, 2, 3, 4)]
    assert server.wait_until_closed()


def test_a_loop_that_was_closed_without_its_end_is_forgotten(server: Server) -> None:
    user, bot = conversable("user"), configured(server)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(user.a_initiate_chat(bot, message="hi", max_turns=1, silent=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(asyncio.sleep(0.05))
    loop.close()
    asyncio.run(user.a_initiate_chat(bot, message="hi", max_turns=1, silent=True))
    assert len(server.asked) == 2
    assert len(getattr(bot.client, "_closers", {})) == 1


def test_synchronous_and_asynchronous_chats_of_one_agent_follow_each_other(server: Server) -> None:
    user, bot = conversable("user"), configured(server)
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    asyncio.run(user.a_initiate_chat(bot, message="hi", max_turns=1, silent=True))
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    assert said(user, bot) == ["hi", "answer 3"]


def test_requests_of_a_scripted_model_are_the_same_both_ways() -> None:
    one, other = with_limits(), with_limits()
    one[0].initiate_chat(one[1], message="hi", silent=True)
    awaited(lambda: other[0].a_initiate_chat(other[1], message="hi", silent=True))
    assert requests(one[1]) == requests(other[1])
