"""Lists of configurations from files and the environment; keys never show."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from flowagents.adapters.config_lists import (
    config_list_from_dotenv,
    config_list_from_json,
    config_list_from_models,
    filter_config,
    get_config_list,
)
from flowagents.adapters.model_config import parse_llm_config
from flowagents.errors import ConfigError
from flowagents.ports import Json

KEY = "sk-0123456789abcdef"
LIST = [{"model": "a", "api_key": KEY, "tags": ["cheap", "fast"]}, {"model": "b", "tags": ["good"]}]
VARIABLES = ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_API_BASE", "AZURE_OPENAI_API_VERSION", "CONFIGS")


@pytest.fixture(autouse=True)
def empty_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, without any variable that is read."""
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def refusal(read: Callable[[], object]) -> str:
    with pytest.raises(ConfigError) as caught:
        read()
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return str(caught.value)


def models(entries: list[dict[str, Json]]) -> list[Json]:
    return [entry["model"] for entry in entries]


# -- JSON


def test_a_list_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "configs.json").write_text(json.dumps(LIST))
    assert config_list_from_json("configs.json", file_location=tmp_path) == LIST
    assert config_list_from_json("configs.json") == LIST
    assert config_list_from_json(str(tmp_path / "configs.json")) == LIST


def test_a_list_is_read_from_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFIGS", json.dumps(LIST))
    assert config_list_from_json("CONFIGS") == LIST


def test_a_variable_can_name_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.json").write_text(json.dumps(LIST))
    monkeypatch.setenv("CONFIGS", str(tmp_path / "other.json"))
    assert config_list_from_json("CONFIGS") == LIST


def test_a_variable_wins_over_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "CONFIGS").write_text(json.dumps(LIST))
    monkeypatch.setenv("CONFIGS", '[{"model": "c"}]')
    assert models(config_list_from_json("CONFIGS")) == ["c"]


def test_a_filter_chooses_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFIGS", json.dumps(LIST))
    assert models(config_list_from_json("CONFIGS", filter_dict={"tags": ["good", "best"]})) == ["b"]


def test_a_filter_that_leaves_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFIGS", json.dumps(LIST))
    text = refusal(lambda: config_list_from_json("CONFIGS", filter_dict={"api_key": [KEY], "model": "z"}))
    assert "leaves none of the 2 configuration(s)" in text


def test_what_is_nowhere_is_an_error_that_names_both_places() -> None:
    text = refusal(lambda: config_list_from_json("CONFIGS", file_location="folder"))
    assert "environment variable 'CONFIGS'" in text
    assert "folder/CONFIGS" in text


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (f'[{{"api_key": "{KEY}",,}}]', "holds no JSON"),
        (KEY, "holds no JSON"),
        (f'{{"api_key": "{KEY}"}}', "not dict"),
        (f'["{KEY}"]', "entry 0 must be a dict"),
        ("[]", "an empty list"),
        ("[" * 100_000, "holds no JSON"),
        ("x" * 100_000, "holds no JSON"),
    ],
)
def test_a_bad_list_is_refused_without_showing_it(given: str, problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFIGS", given)
    assert problem in refusal(lambda: config_list_from_json("CONFIGS"))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "CONFIGS").write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in refusal(lambda: config_list_from_json("CONFIGS"))


def test_a_list_from_a_file_is_a_config_list(tmp_path: Path) -> None:
    (tmp_path / "CONFIGS").write_text(json.dumps(LIST))
    settings = parse_llm_config({"config_list": config_list_from_json("CONFIGS")}, agent="bob")
    assert [config.model for config in settings.configs] == ["a", "b"]


# -- filters


def test_an_entry_without_the_field_matches_only_none() -> None:
    entries = [{"model": "a"}, {"model": "b", "api_type": "azure"}]
    assert models(filter_config(entries, {"api_type": ["azure"]})) == ["b"]
    assert models(filter_config(entries, {"api_type": ["azure", None]})) == ["a", "b"]


def test_a_filter_can_exclude() -> None:
    assert models(filter_config(LIST, {"tags": ["good"]}, exclude=True)) == ["a"]


def test_every_field_of_a_filter_must_match() -> None:
    assert filter_config(LIST, {"tags": ["good"], "model": ["a"]}) == []


def test_no_filter_leaves_everything_in_a_new_list() -> None:
    found = filter_config(LIST, None)
    assert found == LIST
    assert found is not LIST


def test_a_filter_that_is_no_dict_is_refused() -> None:
    assert "not list" in refusal(lambda: filter_config(LIST, ["good"]))  # type: ignore[arg-type]  # what is tested


# -- keys and models


def test_each_key_has_its_address() -> None:
    found = get_config_list([KEY, "k2"], ["http://one", "http://two"], api_type="azure", api_version="v")
    assert found[1] == {"api_key": "k2", "base_url": "http://two", "api_type": "azure", "api_version": "v"}


def test_keys_and_addresses_must_fit() -> None:
    assert "3 api_keys and 2 base_urls" in refusal(
        lambda: get_config_list([KEY, "b", "c"], ["http://one", "http://two"])
    )


def test_each_model_is_asked_with_each_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k1, k2")
    found = config_list_from_models(model_list=["a", "b"])
    assert [(entry["model"], entry["api_key"]) for entry in found] == [
        ("a", "k1"),
        ("a", "k2"),
        ("b", "k1"),
        ("b", "k2"),
    ]


def test_keys_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "key_openai.txt").write_text("k1\n\nk2\n")
    (tmp_path / "key_aoai.txt").write_text("z1\n")
    (tmp_path / "base_aoai.txt").write_text("https://me.openai.azure.com\n")
    found = config_list_from_models(key_file_path=tmp_path)
    assert [entry["api_key"] for entry in found] == ["z1", "k1", "k2"]
    assert found[0]["api_type"] == "azure"
    assert [entry["api_key"] for entry in config_list_from_models(tmp_path, exclude="aoai")] == ["k1", "k2"]
    assert [entry["api_key"] for entry in config_list_from_models(tmp_path, exclude="openai")] == ["z1"]


def test_without_any_key_there_is_one_entry_for_each_model() -> None:
    assert config_list_from_models(model_list=["a", "b"]) == [{"model": "a"}, {"model": "b"}]


def test_no_models_are_refused() -> None:
    assert "model_list is empty" in refusal(lambda: config_list_from_models(model_list=[]))


# -- .env


def test_keys_are_read_from_a_dotenv_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        f"# keys\nexport FIRST='{KEY}'\nSECOND = \"k2\" # mine\nTHIRD=k3 # mine\nEMPTY=\nno line\n"
    )
    found = config_list_from_dotenv(
        model_api_key_map={
            "a": "FIRST",
            "b": {"api_key_env_var": "SECOND", "base_url": "http://two", "api_type": None},
            "c": "THIRD",
            "d": "EMPTY",
        }
    )
    assert found == [
        {"model": "a", "api_key": KEY},
        {"model": "b", "api_key": "k2", "base_url": "http://two"},
        {"model": "c", "api_key": "k3"},
    ]


def test_a_dotenv_file_does_not_change_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text(f"OPENAI_API_KEY={KEY}\n")
    config_list_from_dotenv()
    monkeypatch.setenv("CONFIGS", "[]")
    assert "empty list" in refusal(lambda: config_list_from_json("CONFIGS"))
    assert config_list_from_models() == []


def test_no_key_at_all_is_an_error() -> None:
    assert "no variable" in refusal(lambda: config_list_from_dotenv())


def test_a_missing_dotenv_file_is_an_error() -> None:
    assert "there is no file" in refusal(lambda: config_list_from_dotenv("none.env"))
