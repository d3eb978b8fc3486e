"""Languages: names, inference, quiet pip, and the seat belt for shell text."""

from __future__ import annotations

import pytest

from flowagents.adapters.code.extract import MarkdownCodeExtractor, extract_blocks
from flowagents.adapters.code.languages import infer_language, quiet_pip, refusal
from flowagents.ports import CodeBlock, Json


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("pip install rich", "sh"),
        ("python app.py", "sh"),
        ("python3 app.py", "sh"),
        ("print(1)", "python"),
        ("", "python"),
        ("print('\\d')", "python"),
        ("return 1", ""),
        ("x: (y := int) = 1", "python"),
        ("neither one, nor the other!", ""),
        ("x\0y", ""),
        ("(" * 5_000, ""),
        ("x = " + "-" * 100_000 + "1", ""),
    ],
)
def test_a_language_is_inferred(code: str, language: str) -> None:
    assert infer_language(code) == language


@pytest.mark.parametrize(
    ("code", "quiet"),
    [
        ("pip install rich", "pip install -qqq rich"),
        ("ls\n  pip3 install rich\n", "ls\n  pip3 install -qqq rich\n"),
        ("pip install -q rich", "pip install -q rich"),
        ("echo pip install", "echo pip install"),
        ("pip list", "pip list"),
    ],
)
def test_pip_install_is_made_quiet_once(code: str, quiet: str) -> None:
    assert quiet_pip(code) == quiet
    assert quiet_pip(quiet) == quiet


@pytest.mark.parametrize(
    "code",
    [
        "rm -rf ./x",
        "cd x && rm -r -f .",
        "sudo /bin/rm -fR x",
        "rm --recursive --force x",
        "dd if=/dev/zero of=x",
        ":(){ :|:& };:",
        "mv x /dev/null",
        "echo x > /dev/sda",
    ],
)
def test_dangerous_shell_text_is_refused(code: str) -> None:
    assert refusal(code)


@pytest.mark.parametrize(
    "code",
    [
        "rm x",
        "rm -f x",
        "rm -r x",
        "date +%dd",
        "echo add of=x",
        "ls > /dev/null",
        "mv x y",
        "ls -rf",
        "rm x; ls -rf",
    ],
)
def test_harmless_shell_text_is_not_refused(code: str) -> None:
    assert refusal(code) is None


@pytest.mark.parametrize("text", ["rm " * 300_000, "a" * 1_000_000, "> " * 500_000, ":(" * 500_000])
def test_hostile_shell_text_is_read_to_its_end(text: str) -> None:
    assert refusal(text) is None


def test_extracted_blocks_have_a_language_where_one_fits() -> None:
    blocks = extract_blocks("```\nprint(1)\n```\n```Rust\nfn\n```\n```\nwhat is this?\n```")
    assert [block.language for block in blocks] == ["python", "Rust", ""]


def test_the_extractor_reads_text_parts_and_nothing() -> None:
    extractor = MarkdownCodeExtractor()
    parts: list[dict[str, Json]] = [
        {"type": "image_url", "image_url": {"url": "x"}},
        {"type": "text", "text": "```sh\nls\n```"},
    ]
    assert extractor.extract_code_blocks(parts) == [CodeBlock("ls", "sh")]
    assert extractor.extract_code_blocks(None) == []
