"""The cache: what is the same question, what is kept, many at once, and files that are not what they should be."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from flowagents.adapters.cache import Cache, CachedModel, with_cache
from flowagents.adapters.cache_key import asked_text, differences, endpoint_of
from flowagents.adapters.model_config import ModelSettings, parse_llm_config
from flowagents.adapters.scripted import ScriptedModel
from flowagents.classic.agent import ConversableAgent
from flowagents.core.canonical import sha256_of
from flowagents.core.value import replaced
from flowagents.errors import CacheError, ConfigError, MessageError, MissingKey, ModelServerError
from flowagents.ports import Json, ModelClient, ModelReply, ModelRequest

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk-0123456789abcdef"
LOCAL = {"model": "m", "base_url": "http://localhost:8000/v1"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.sqlite"


@pytest.fixture
def cache(path: Path) -> Cache:
    return Cache.disk(7, path=path)


def question(text: Json = "hi") -> ModelRequest:
    return ModelRequest([{"role": "user", "content": text}])


def settings(**llm_config: Json) -> ModelSettings:
    return parse_llm_config(llm_config or LOCAL, agent="bob")


def ask(model: ModelClient, request: ModelRequest | None = None) -> ModelReply:
    reply = model.create(request or question())
    assert isinstance(reply, ModelReply)
    return reply


def texts(*models: ModelClient) -> list[Json]:
    return [ask(model).message["content"] for model in models]


class Slow:
    """A model that answers when it is told to, and counts how often it was asked."""

    endpoint = "slow"

    def __init__(self, *outcomes: ModelReply | Exception) -> None:
        self.outcomes = list(outcomes)
        self.asked = 0
        self.gate = asyncio.Event()

    async def create(self, request: ModelRequest, on_delta: Callable[[str], None] | None = None) -> ModelReply:
        self.asked += 1
        outcome = self.outcomes.pop(0)
        await self.gate.wait()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def reply(text: str = "yes") -> ModelReply:
    return ModelReply({"content": text}, "m", {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}, "stop")


async def awaited(model: ModelClient, request: ModelRequest | None = None) -> ModelReply:
    answer = model.create(request or question())
    return answer if isinstance(answer, ModelReply) else await answer


# -- what is the same question


def test_the_second_time_the_answer_comes_from_the_cache(cache: Cache) -> None:
    model = ScriptedModel(["one", "two"], name="m")
    first, second = ask(CachedModel(model, cache)), ask(CachedModel(model, cache))
    assert (first.source, second.source) == ("scripted", "cache")
    assert second == replaced(first, source="cache")
    assert len(model.requests) == 1


def test_another_message_is_another_question(cache: Cache) -> None:
    model = CachedModel(ScriptedModel(["one", "two"]), cache)
    assert ask(model, question("a")).message != ask(model, question("b")).message


def test_the_order_of_keys_does_not_matter(cache: Cache) -> None:
    model = CachedModel(ScriptedModel(["one", "two"]), cache)
    ask(model, ModelRequest([{"role": "user", "content": "hi"}], [{"type": "function", "function": {"name": "f"}}]))
    again = ModelRequest(({"content": "hi", "role": "user"},), [{"function": {"name": "f"}, "type": "function"}])
    assert ask(model, again).source == "cache"


def test_each_seed_has_answers_of_its_own(path: Path) -> None:
    model = ScriptedModel(["one", "two"])
    one, two = (CachedModel(model, Cache.disk(seed, path=path)) for seed in (1, 2))
    assert texts(one, two, one, two) == ["one", "two", "one", "two"]


def test_two_servers_with_a_model_of_one_name_do_not_share(cache: Cache) -> None:
    model = ScriptedModel(["one", "two"])
    here = CachedModel(model, cache, settings(model="m", base_url="http://localhost:8000/v1"))
    there = CachedModel(model, cache, settings(model="m", base_url="http://localhost:8001/v1"))
    assert texts(here, there, here) == ["one", "two", "one"]


@pytest.mark.parametrize(
    "change",
    [
        {"model": "n"},
        {"base_url": "https://localhost:8000/v1"},
        {"base_url": "http://localhost:8000/v2"},
        {"base_url": "http://localhost:8000/v1?deployment=b"},
        {"temperature": 1},
        {"seed": 3},
        {"max_tokens": 5},
        {"response_format": {"type": "json_object"}},
        {"stop": ["x"]},
        {"extra_body": {"top_k": 1}},
        {"api_version": "2024-10-21"},
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        {"config_list": [{}, {"model": "n"}]},
    ],
)
def test_what_may_change_the_answer_is_part_of_the_question(change: dict[str, Json]) -> None:
    assert asked_text(settings(**{**LOCAL, **change}), question()) != asked_text(settings(), question())


@pytest.mark.parametrize(
    "change",
    [
        {"api_key": KEY},
        {"timeout": 3},
        {"max_retries": 0},
        {"stream": True},
        {"price": 1},
        {"tags": ["a"]},
        {"user": "u"},
        {"metadata": {"a": "b"}},
        {"default_headers": {"x": KEY}},
        {"organization": "o"},
        {"base_url": "http://LOCALHOST:8000/v1/"},
        {"base_url": f"http://me:{KEY}@localhost:8000/v1"},
    ],
)
def test_what_cannot_change_the_answer_is_no_part_of_it(change: dict[str, Json]) -> None:
    assert asked_text(settings(**{**LOCAL, **change}), question()) == asked_text(settings(), question())


def test_a_query_is_told_apart_without_being_shown() -> None:
    asked = asked_text(settings(model="m", base_url=f"http://localhost/v1?key={KEY}"), question())
    assert KEY not in asked
    assert asked != asked_text(settings(model="m", base_url="http://localhost/v1?key=other"), question())


def test_a_client_that_does_not_say_whom_it_asks_is_refused(cache: Cache) -> None:
    class Nameless:
        def create(self, request: ModelRequest, on_delta: Callable[[str], None] | None = None) -> ModelReply:
            return reply()

    with pytest.raises(ConfigError, match="does not say which model it asks"):
        CachedModel(Nameless(), cache)
    assert ask(CachedModel(Nameless(), cache, {"model": "m"})).source == "live"


def test_a_client_can_say_whom_it_asks() -> None:
    assert endpoint_of(Slow()) == "slow"


def test_a_question_that_is_no_json_is_refused(cache: Cache) -> None:
    for model in (CachedModel(ScriptedModel(["a"]), cache), CachedModel(ScriptedModel(["a"]), cache, settings())):
        with pytest.raises(MessageError):
            ask(model, question(object()))


# -- what is kept


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_an_answer_that_broke_off_is_not_kept(reason: str, cache: Cache) -> None:
    model = ScriptedModel([{"content": "half", "finish_reason": reason}, "whole"])
    assert texts(CachedModel(model, cache), CachedModel(model, cache)) == ["half", "whole"]


def test_an_error_is_not_kept(cache: Cache) -> None:
    model = CachedModel(ScriptedModel([ModelServerError("down", status=500), "up"]), cache)
    with pytest.raises(ModelServerError):
        ask(model)
    assert texts(model) == ["up"]


def test_a_reply_comes_back_as_it_was(cache: Cache) -> None:
    calls = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": "ä\\ud800"}'}}]
    message = {"content": None, "tool_calls": calls}
    whole = ModelReply(message, "m-1", {"prompt_tokens": 1}, "tool_calls", 1, price=(1.0, 2.0))
    assert cache.keep("{}", replaced(whole, attempts=({"status": 200},)))
    assert cache.find(sha256_of("{}")) == replaced(whole, source="cache")


def test_the_price_is_that_of_the_configuration_today(cache: Cache) -> None:
    model = ScriptedModel([{"content": "x", "usage": {"prompt_tokens": 1}}])
    ask(CachedModel(model, cache, settings(**LOCAL, price=[1, 1])))
    assert ask(CachedModel(model, cache, settings(**LOCAL, price=[2, 3]))).price == (2.0, 3.0)


def test_a_kept_text_is_told_to_who_watches(cache: Cache) -> None:
    model = CachedModel(ScriptedModel(["one two"]), cache)
    ask(model)
    pieces: list[str] = []
    model.create(question(), pieces.append)
    assert pieces == ["one two"]


def test_no_key_is_ever_written(path: Path, cache: Cache) -> None:
    configured = settings(
        model="m", api_key=KEY, base_url=f"http://u:{KEY}@localhost/v1?k={KEY}", default_headers={"x": KEY}
    )
    ask(CachedModel(ScriptedModel(["one"]), cache, configured))
    cache.close()
    assert all(KEY.encode() not in file.read_bytes() for file in path.parent.iterdir())


def test_entries_show_what_was_asked(cache: Cache) -> None:
    ask(CachedModel(ScriptedModel(["one"], name="m"), cache))
    (entry,) = cache.entries()
    assert entry.asked["messages"] == [{"role": "user", "content": "hi"}]
    assert entry.asked["endpoint"] == {"client": "ScriptedModel", "name": "m"}
    assert entry.reply.message == {"content": "one"}


def test_a_miss_is_explained_by_the_nearest_entry(cache: Cache) -> None:
    model = CachedModel(ScriptedModel(["one", "two"]), cache, settings(**LOCAL, temperature=0))
    assert "nothing is kept for seed 7" in cache.explain(model.asked(question()))
    ask(model)
    ask(model, ModelRequest([*question("x").messages, *question("y").messages]))
    warmer = CachedModel(ScriptedModel([]), cache, settings(**LOCAL, temperature=1))
    assert cache.explain(warmer.asked(question())) == (
        "not kept; the nearest entry differs in\n  configs[0].body.temperature: 0 kept, 1 asked"
    )
    assert cache.explain(model.asked(question())).startswith("kept under ")


def test_lists_of_different_length_differ_in_one_line() -> None:
    assert list(differences({"a": [1]}, {"a": [1, 2]})) == ["a: 1 item(s) kept, 2 asked"]


def test_a_seed_can_be_cleared(path: Path) -> None:
    model = ScriptedModel(["one", "two", "three"])
    one, two = (Cache.disk(seed, path=path) for seed in (1, 2))
    texts(CachedModel(model, one), CachedModel(model, two))
    one.clear()
    assert [len(list(each.entries())) for each in (one, two)] == [0, 1]


# -- making one


def test_a_cache_lies_in_a_folder_of_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Cache.disk() as cache:
        assert cache.seed == "42"
        assert (tmp_path / ".cache" / "flowagents.sqlite").is_file()


def test_a_cache_can_lie_in_another_folder(tmp_path: Path) -> None:
    with Cache.disk(1, str(tmp_path / "a" / "b")):
        assert (tmp_path / "a" / "b" / "flowagents.sqlite").is_file()


def test_nothing_is_opened_before_it_is_used(path: Path) -> None:
    Cache.disk(1, path=path)
    assert not path.exists()


def test_a_cache_that_was_closed_opens_again(cache: Cache) -> None:
    model = CachedModel(ScriptedModel(["one"]), cache)
    ask(model)
    cache.close()
    assert ask(model).source == "cache"


def test_one_process_opens_one_file_once(path: Path) -> None:
    assert Cache.disk(1, path=path).store() is Cache.disk(2, path=path).store()


@pytest.mark.parametrize("seed", [None, True, 1.5, [1]])
def test_a_seed_that_is_none_is_refused(seed: Json) -> None:
    with pytest.raises(ConfigError, match="cache_seed is"):
        Cache.disk(seed)


def test_two_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="give one of them"):
        Cache.disk(1, tmp_path, path=tmp_path / "x")


def test_a_given_cache_takes_precedence(tmp_path: Path) -> None:
    model = ScriptedModel(["one", "two"])
    own, given = Cache.disk(1, tmp_path), Cache.disk(2, tmp_path)
    ask(CachedModel(model, own))
    assert texts(with_cache(CachedModel(model, own), given)) == ["two"]
    assert ask(CachedModel(model, own)).message == {"content": "one"}


def test_what_is_no_cache_is_refused() -> None:
    with pytest.raises(ConfigError, match="give Cache"):
        with_cache(ScriptedModel([]), {"seed": 1})  # type: ignore[arg-type]  # what is tested


def test_keys_are_still_asked_for(cache: Cache) -> None:
    from flowagents.classic.model import ConfiguredModel

    model = CachedModel(ConfiguredModel(settings(model="m")), cache)
    with pytest.raises(MissingKey):
        model.require_keys({})


def test_an_agent_can_talk_through_a_cache(cache: Cache) -> None:
    model = ScriptedModel(["one", "two"])
    user = ConversableAgent("user", human_input_mode="NEVER")
    bot = ConversableAgent("bot", llm_config=CachedModel(model, cache), human_input_mode="NEVER")
    chats = [user.initiate_chat(bot, message="x", max_turns=1, silent=True) for _ in range(2)]
    assert [chat.summary for chat in chats] == ["one", "one"]
    assert chats[1].cost["usage_excluding_cached_inference"] == {"total_cost": 0}
    assert len(model.requests) == 1


def test_loading_the_cache_opens_no_database_and_no_loop() -> None:
    program = "import sys, flowagents.adapters.cache; print(*{'sqlite3', 'asyncio', 'openai'} & set(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={}, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == []


# -- many at once


def test_equal_questions_at_the_same_time_share_one_request(cache: Cache) -> None:
    async def main() -> tuple[list[ModelReply], int]:
        slow = Slow(reply())
        answers = [asyncio.ensure_future(awaited(CachedModel(slow, cache))) for _ in range(20)]
        await asyncio.sleep(0.01)
        slow.gate.set()
        return await asyncio.gather(*answers), slow.asked

    answers, asked = asyncio.run(main())
    assert asked == 1
    assert [answer.source for answer in answers] == ["live"] + ["cache"] * 19
    assert {answer.message["content"] for answer in answers} == {"yes"}


def test_different_questions_at_the_same_time_do_not_wait_for_each_other(cache: Cache) -> None:
    async def main() -> int:
        slow = Slow(reply(), reply())
        model = CachedModel(slow, cache)
        answers = [asyncio.ensure_future(awaited(model, question(text))) for text in ("a", "b")]
        await asyncio.sleep(0.01)
        asked = slow.asked
        slow.gate.set()
        await asyncio.gather(*answers)
        return asked

    assert asyncio.run(main()) == 2


def test_those_who_wait_get_the_error_each_in_a_copy(cache: Cache) -> None:
    async def main() -> list[ModelReply | BaseException]:
        slow = Slow(ModelServerError("down", status=503, attempts=("a",)))
        answers = [asyncio.ensure_future(awaited(CachedModel(slow, cache))) for _ in range(3)]
        await asyncio.sleep(0.01)
        slow.gate.set()
        return await asyncio.gather(*answers, return_exceptions=True)

    errors = asyncio.run(main())
    assert len({id(error) for error in errors}) == 3
    for error in errors:
        assert isinstance(error, ModelServerError)
        assert (str(error), error.status, error.attempts) == ("down", 503, ("a",))


def test_when_the_first_is_cancelled_the_next_one_asks(cache: Cache) -> None:
    async def main() -> tuple[ModelReply, int]:
        slow = Slow(reply("first"), reply("second"))
        first, second = (asyncio.ensure_future(awaited(CachedModel(slow, cache))) for _ in range(2))
        await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.sleep(0.01)
        slow.gate.set()
        return await second, slow.asked

    answer, asked = asyncio.run(main())
    assert (answer.message["content"], answer.source, asked) == ("second", "live", 2)


def test_one_who_waits_can_be_cancelled_alone(cache: Cache) -> None:
    async def main() -> ModelReply:
        slow = Slow(reply())
        first, second = (asyncio.ensure_future(awaited(CachedModel(slow, cache))) for _ in range(2))
        await asyncio.sleep(0.01)
        second.cancel()
        await asyncio.sleep(0.01)
        slow.gate.set()
        return await first

    assert asyncio.run(main()).source == "live"


def test_threads_with_their_own_loops_share_one_request(cache: Cache) -> None:
    asked: list[int] = []

    class Model:
        endpoint = "m"

        async def create(self, request: ModelRequest, on_delta: Callable[[str], None] | None = None) -> ModelReply:
            asked.append(1)
            await asyncio.sleep(0.1)
            return reply()

    sources = in_threads(8, lambda: asyncio.run(awaited(CachedModel(Model(), cache))).source)
    assert len(asked) == 1
    assert sorted(sources) == ["cache"] * 7 + ["live"]


def test_threads_without_loops_share_one_request(cache: Cache) -> None:
    def slowly(request: ModelRequest) -> str:
        time.sleep(0.1)
        return "yes"

    model = ScriptedModel([slowly, "again"])
    sources = in_threads(8, lambda: ask(CachedModel(model, cache)).source)
    assert len(model.requests) == 1
    assert sorted(sources) == ["cache"] * 7 + ["scripted"]


def in_threads(count: int, work: Callable[[], str]) -> list[str]:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(work())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.parametrize("given", [{"content": "x"}, None, "x"])
def test_what_is_no_reply_is_passed_on_and_not_kept(given: Json, cache: Cache) -> None:
    class Wrong:
        endpoint = "m"

        def create(self, request: ModelRequest, on_delta: Callable[[str], None] | None = None) -> ModelReply:
            return given  # type: ignore[no-any-return]  # what is tested

    class WrongLater:
        endpoint = "m"

        async def create(self, request: ModelRequest, on_delta: Callable[[str], None] | None = None) -> ModelReply:
            return given  # type: ignore[no-any-return]  # what is tested

    assert CachedModel(Wrong(), cache).create(question()) == given
    assert asyncio.run(awaited(CachedModel(WrongLater(), cache))) == given
    assert list(cache.entries()) == []


def test_a_client_that_asks_itself_does_not_wait_for_itself(cache: Cache) -> None:
    class Twice:
        endpoint = "m"

        def create(self, request: ModelRequest, on_delta: Callable[[str], None] | None = None) -> Awaitable[ModelReply]:
            return self._answer(request)

        async def _answer(self, request: ModelRequest) -> ModelReply:
            return await awaited(CachedModel(Once(), cache, "m"), request)

    class Once:
        endpoint = "m"

        async def create(self, request: ModelRequest, on_delta: Callable[[str], None] | None = None) -> ModelReply:
            return reply()

    assert asyncio.run(awaited(CachedModel(Twice(), cache, "m"))).message["content"] == "yes"


HAMMER = """
import sys
from flowagents.adapters.cache import Cache, CachedModel
from flowagents.adapters.scripted import ScriptedModel
from flowagents.ports import ModelRequest

path, offset = sys.argv[1], int(sys.argv[2])
model = ScriptedModel(default=lambda request: "answer to " + request.messages[0]["content"])
hits = 0
with Cache.disk(7, path=path) as cache:
    cached = CachedModel(model, cache)
    for number in range(300):
        text = str((number + offset) % 150)
        reply = cached.create(ModelRequest([{"role": "user", "content": text}]))
        assert reply.message["content"] == "answer to " + text
        hits += reply.source == "cache"
print(hits)
"""


def test_four_processes_use_one_file(path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", HAMMER, str(path), str(number * 10)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    outcomes = [process.communicate() for process in processes]
    assert [error for _, error in outcomes] == [""] * 4
    assert all(150 <= int(hits) <= 300 for hits, _ in outcomes)
    assert len(list(Cache.disk(7, path=path).entries())) == 150


def test_a_forked_child_opens_the_file_for_itself(cache: Cache) -> None:
    model = CachedModel(ScriptedModel(["one", "two"]), cache)
    ask(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads that others may have left behind
        child = os.fork()
    if child == 0:
        fine = ask(model).source == "cache" and ask(model, question("b")).source == "scripted"
        os._exit(0 if fine else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert ask(model, question("b")).source == "cache"


# -- files that are not what they should be


def changed(path: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement, values)
    connection.close()


@pytest.mark.parametrize(
    "planted",
    [
        "no JSON",
        "[" * 100_000,
        "null",
        '"text"',
        "[]",
        "{}",
        '{"message": {"content": "bad"}}',
        '{"message": "bad", "model": "m"}',
        '{"message": {}, "model": "m"}',
        '{"message": {"content": "bad", "tool_calls": "rm"}, "model": "m"}',
        '{"message": {"content": "bad"}, "model": "m", "usage": {"prompt_tokens": "1"}}',
        '{"message": {"content": "bad"}, "model": "m", "usage": [1]}',
        '{"message": {"content": "bad"}, "model": "m", "price": [1]}',
        '{"message": {"content": "bad"}, "model": "m", "price": ["1", 2]}',
        '{"message": {"content": "bad"}, "model": "m", "price": [1e999, 2]}',
        '{"message": {"content": "bad", "mood": NaN}, "model": "m"}',
        '{"message": {"content": "bad"}, "model": "m", "config": "0"}',
        '{"message": {"content": "bad"}, "model": 3}',
        '{"message": {"content": "bad"}, "model": "m", "finish_reason": 3}',
        b"\xff\xfe",
        b"cos\nsystem\n(S'exit 1'\ntR.",
        3,
    ],
)
def test_a_bad_row_is_a_miss_and_is_replaced(planted: object, path: Path, cache: Cache) -> None:
    model = CachedModel(ScriptedModel(["one", "two", "three"]), cache)
    ask(model)
    changed(path, "UPDATE answers SET reply = ?", planted)
    assert list(cache.entries()) == []
    assert ask(model).message == {"content": "two"}
    assert ask(model).source == "cache"


def test_an_answer_to_another_question_is_a_miss(path: Path, cache: Cache) -> None:
    model = CachedModel(ScriptedModel(["one", "two"]), cache)
    ask(model)
    changed(path, "UPDATE answers SET asked = replace(asked, 'hi', 'ho')")
    assert texts(model) == ["two"]


def test_fields_that_a_later_release_added_are_left_out(path: Path, cache: Cache) -> None:
    model = CachedModel(ScriptedModel(["one"]), cache)
    ask(model)
    changed(path, "UPDATE answers SET reply = json_insert(reply, '$.mood', 'good')")
    assert ask(model).source == "cache"


def refused_file(path: Path) -> str:
    model = ScriptedModel(["one"])
    with pytest.raises(CacheError) as caught:
        ask(CachedModel(model, Cache.disk(1, path=path)))
    assert model.requests == ()
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"these are not the bytes of a database" * 100)
    text = refused_file(path)
    assert "not a database" in text
    assert "remove it, or give another path" in text
    assert path.read_bytes().startswith(b"these are")


def test_a_damaged_database_is_refused(path: Path, cache: Cache) -> None:
    model = CachedModel(ScriptedModel(default="x" * 500), cache)
    for number in range(200):
        ask(model, question(f"{number}"))
    cache.close()
    found = path.read_bytes()
    path.write_bytes(found[:4096] + b"\x5a" * (len(found) - 4096))
    assert "malformed" in refused_file(path)


def test_a_database_of_another_program_is_refused_and_not_touched(path: Path) -> None:
    changed(path, "CREATE TABLE mine (x)")
    before = path.read_bytes()
    assert "of another program" in refused_file(path)
    assert path.read_bytes() == before


def test_a_file_of_another_version_is_refused(path: Path, cache: Cache) -> None:
    with cache:
        pass
    changed(path, "PRAGMA user_version = 99")
    assert "version 99" in refused_file(path)


def test_a_place_where_no_file_can_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "can be written" in refused_file(tmp_path / "file" / "answers.sqlite")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert "can be written" in refused_file(tmp_path)


FULL = """
import resource, sys, warnings
from flowagents.adapters.cache import Cache, CachedModel
from flowagents.adapters.scripted import ScriptedModel
from flowagents.ports import ModelRequest

model = ScriptedModel(default="x" * 1_000)
cached = CachedModel(model, Cache.disk(7, path=sys.argv[1]))
ask = lambda text: cached.create(ModelRequest([{"role": "user", "content": text}]))
ask("kept")
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    replies = [ask(str(number)) for number in range(50)]
print(len(replies), len(told), told[0].category.__name__, ask("kept").source)
print(told[0].message)
"""


def test_a_full_disk_loses_no_answer_and_is_told_once(path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    summary, text = found.stdout.splitlines()
    assert summary == "50 1 RuntimeWarning cache"
    assert text.startswith(f"Answers of models are not kept: the cache {path} cannot be used: ")
