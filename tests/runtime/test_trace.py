"""The trace as a file: written line by line, read strictly, cut anywhere, never holding a secret."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from flowagents import ConversableAgent, recording
from flowagents.core.effects import Effect
from flowagents.core.program import Program
from flowagents.core.task import State
from flowagents.errors import FlowAgentsError, TraceDamaged
from flowagents.runtime.performing import Ticket
from flowagents.runtime.trace import TraceWriter, is_begun, read_trace
from tests.runtime.building import in_line, run_of

KEY = "sk-test-0123456789abcdefghijklmnopqrstuv"


def recorded(path: Path) -> list[str]:
    """Record a short run; return the lines of its trace."""
    with recording(path):
        run_of(in_line("one", "two"))
    return path.read_text(encoding="ascii").splitlines()


def rewritten(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


def test_a_trace_is_a_header_a_line_for_each_event_and_the_stop(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in recorded(tmp_path / "chat.jsonl")]
    assert [line.get("event", "header") for line in lines] == [
        "header",
        "started",
        "answered",
        "answered",
        "stopped",
    ]


def test_the_header_names_graph_and_source(tmp_path: Path) -> None:
    path, program = tmp_path / "chat.jsonl", Program(in_line("one"))
    TraceWriter(path, program, "chat", source="examples/chat.py").close(State())
    trace = read_trace(path)
    assert (trace.graph, trace.run_id, trace.source) == ("line", "chat", "examples/chat.py")
    assert trace.fingerprint == program.fingerprint
    assert trace.stopped is None


def test_every_line_is_in_the_file_before_anything_acts_on_it(tmp_path: Path) -> None:
    path, found = tmp_path / "chat.jsonl", list[int]()

    def counts(effect: Effect, ticket: Ticket) -> None:
        found.append(path.read_bytes().count(b"\n"))

    with recording(path):
        run_of(in_line("one", "two"), one=counts, two=counts)
    assert found == [2, 3]


def test_a_trace_is_closed_once(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "chat.jsonl", Program(in_line("one")), "chat")
    writer.close(State())
    writer.close(State())
    assert len(read_trace(tmp_path / "chat.jsonl").events) == 0


# -- reading what is damaged


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "has no whole line, so it is no trace"),
        (b'{"flowagents":"trace"', "has no whole line"),
        (b"not json\n", "line 1 is no JSON"),
        (b"[1]\n", "line 1 is no JSON object"),
        (b"\xff\xfe\n", "line 1 is no JSON"),
        (b"[" * 100_000 + b"\n", "line 1 is no JSON"),
        (b'{"flowagents":"graph"}\n', "does not begin with the header of a trace"),
        (b'{"flowagents":"trace","version":2}\n', "has format version 2; this release reads version 1"),
        (b'{"flowagents":"trace"}\n', "has format version None"),
    ],
)
def test_a_file_that_is_no_trace_is_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "chat.jsonl"
    path.write_bytes(content)
    with pytest.raises(TraceDamaged, match=complaint):
        read_trace(path)


def test_a_line_in_the_middle_that_is_no_json_is_named_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    lines = recorded(path)
    lines[2] = lines[2][:40]
    with pytest.raises(TraceDamaged, match="line 3 is no JSON"):
        read_trace(rewritten(path, lines))


def test_more_after_the_stop_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    lines = recorded(path)
    with pytest.raises(TraceDamaged, match="line 6: there is more after the run had stopped"):
        read_trace(rewritten(path, [*lines, lines[2]]))


def test_a_last_line_that_was_cut_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    lines = recorded(path)
    path.write_text("\n".join(lines[:3]) + "\n" + lines[3][:30], encoding="ascii")
    trace = read_trace(path)
    assert len(trace.events) == 2
    assert trace.size == len("\n".join(lines[:3])) + 1


@pytest.mark.parametrize(
    ("content", "begun"),
    [
        (b"", False),
        (b'{"flowag', False),
        (b'{"flowagents":"trace","version":1,"gr', False),
        (b'{"flowagents":"trace","version":1}\n', True),
        (b"somebody's notes", True),
        (b"\n", True),
    ],
)
def test_only_a_file_that_was_cut_as_it_began_counts_as_not_begun(tmp_path: Path, content: bytes, begun: bool) -> None:
    path = tmp_path / "chat.jsonl"
    path.write_bytes(content)
    assert is_begun(path) is begun


# -- a full disk

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(
    not FULL.exists(), reason="no /dev/full here, which stands for a full disk; run the tests on Linux"
)


@needs_full
def test_a_run_whose_trace_cannot_be_begun_does_not_begin() -> None:
    asked: list[str] = []
    with recording(FULL), pytest.raises(OSError, match="No space left on device"):
        run_of(in_line("one"), one=lambda effect, ticket: asked.append(effect.at))
    assert asked == []


@needs_full
def test_a_disk_that_fills_up_ends_the_run_before_anything_acts_on_the_event(tmp_path: Path) -> None:
    path, asked = tmp_path / "chat.jsonl", list[str]()

    def fills_the_disk(effect: Effect, ticket: Ticket) -> str:
        asked.append(effect.at)
        file = ticket.driver.log._file  # type: ignore[union-attr]  # the file of the writer
        with FULL.open("w") as full:
            os.dup2(full.fileno(), file.fileno())
        return "x"

    with recording(path), pytest.raises(OSError, match="No space left on device"):
        run_of(in_line("one", "two"), one=fills_the_disk, two=fills_the_disk)
    assert asked == ["one"]
    assert len(read_trace(path).events) == 1


@needs_full
def test_a_trace_that_has_failed_fails_again_and_is_closed_quietly(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "chat.jsonl", Program(in_line("one")), "chat")
    with FULL.open("w") as full:
        os.dup2(full.fileno(), writer._file.fileno())  # type: ignore[union-attr]  # it is open
    for _ in range(2):
        with pytest.raises(OSError, match="No space left on device"):
            writer.line({"event": "interrupted", "at": 1.0, "reason": "test"})
    writer.close(State())


# -- what is never in it


class Tattling(BaseHTTPRequestHandler):
    """A server that repeats the key it was given, as some do."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers["Authorization"]
        body = json.dumps({"error": {"message": f"Incorrect API key provided: {key} ({KEY})."}}).encode()
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *unused: Any) -> None: ...


@pytest.fixture
def tattling_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Tattling) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def test_the_key_of_a_model_is_never_in_a_trace(tmp_path: Path, tattling_url: str) -> None:
    path = tmp_path / "chat.jsonl"
    config = {"config_list": [{"model": "gpt-4", "api_key": KEY, "base_url": tattling_url}]}
    bot = ConversableAgent("bot", llm_config=config, human_input_mode="NEVER")
    user = ConversableAgent("user", human_input_mode="NEVER")
    with recording(path), pytest.raises(FlowAgentsError, match="401"):
        user.initiate_chat(bot, message="hi", silent=True)
    written = path.read_text(encoding="ascii")
    assert '"event":"failed"' in written
    assert KEY not in written
    assert KEY[8:] not in written
