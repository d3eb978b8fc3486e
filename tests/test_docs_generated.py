"""What is written into docs/ by a script: the reference and the pictures are those that the scripts would write now."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import flowagents
from flowagents import coding, testing

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference.md"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_what_the_docstrings_say() -> None:
    text = script("write_reference").page()
    assert REFERENCE.read_text(encoding="utf-8") == text, "run scripts/write_reference.py if this was meant to change"


def test_the_reference_has_every_public_name() -> None:
    headings = {line.split()[1] for line in REFERENCE.read_text(encoding="utf-8").splitlines() if line[:4] == "### "}
    assert {*flowagents.__all__, *coding.__all__, *testing.__all__} <= headings


def test_every_public_name_of_the_reference_has_an_example() -> None:
    entries = REFERENCE.read_text(encoding="utf-8").split("\n## Runs and stops")[0].split("\n### ")[1:]
    public = {*flowagents.__all__, *coding.__all__, *testing.__all__}
    lacking = [
        entry.split()[0]
        for entry in entries
        if entry.split()[0] in public and ">>>" not in entry and "```python" not in entry
    ]
    assert lacking == []


def test_the_pictures_of_the_documentation_are_those_of_the_kept_runs() -> None:
    drawing = script("draw_docs")
    drawn = drawing.pictures("mermaid")
    kept = {path.stem: path.read_text(encoding="utf-8") for path in drawing.PICTURES.glob("*.mmd")}
    assert kept == drawn, "run scripts/draw_docs.py if this was meant to change"
    assert {path.stem for path in drawing.PICTURES.glob("*.svg")} == set(drawn)


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if f": {page}\n" not in navigation] == []
