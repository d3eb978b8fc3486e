from __future__ import annotations

import inspect

import pytest

from flowagents.adapters.model_config import ModelConfig, ModelSettings, Secret, parse_llm_config
from flowagents.adapters.model_fields import FIELDS, PARAMS, REFUSED
from flowagents.errors import ConfigError, MissingKey
from flowagents.ports import Json

KEY = "sk-0123456789abcdef"


def parse(**llm_config: Json) -> ModelSettings:
    return parse_llm_config(llm_config, agent="bob")


def only(**llm_config: Json) -> ModelConfig:
    (config,) = parse(**llm_config).configs
    return config


def refusal(llm_config: Json) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_llm_config(llm_config, agent="bob")
    assert "agent 'bob'" in str(caught.value)
    return str(caught.value)


def test_a_classic_config_with_a_list_is_read() -> None:
    settings = parse(config_list=[{"model": "gpt-4", "api_key": KEY}], cache_seed=41, temperature=0)
    assert settings.cache_seed == 41
    assert settings.configs[0].model == "gpt-4"
    assert settings.configs[0].params == {"temperature": 0}
    assert settings.configs[0].api_key == Secret(KEY)


def test_a_flat_config_is_read() -> None:
    config = only(model="gpt-4", timeout=5, max_retries=0, stream=True, organization="o", tags=["a"])
    assert config.timeout_seconds == 5.0
    assert config.tries_max == 1
    assert config.stream
    assert config.organization == "o"
    assert config.tags == ("a",)


def test_an_entry_wins_over_what_stands_beside_the_list() -> None:
    settings = parse(config_list=[{"model": "a", "temperature": 1}, {"model": "b"}], temperature=0, timeout=9)
    assert [config.params["temperature"] for config in settings.configs] == [1, 0]
    assert [config.timeout_seconds for config in settings.configs] == [9.0, 9.0]


def test_a_null_takes_a_shared_parameter_back() -> None:
    settings = parse(config_list=[{"model": "a", "temperature": None}], temperature=0)
    assert settings.configs[0].params == {}


def test_a_model_beside_the_list_is_the_default_of_its_entries() -> None:
    assert only(model="gpt-4", config_list=[{"api_key": KEY}]).model == "gpt-4"


def test_no_cache_without_a_seed() -> None:
    assert parse(model="a").cache_seed is None
    assert parse(model="a", cache_seed=None).cache_seed is None


def test_different_seeds_in_one_list_are_refused() -> None:
    text = refusal({"config_list": [{"model": "a", "cache_seed": 1}, {"model": "b", "cache_seed": 2}]})
    assert "[1, 2]" in text


@pytest.mark.parametrize(("given", "expected"), [(0.5, (0.5, 0.5)), ([1, 2], (1.0, 2.0)), (None, None)])
def test_a_price_is_a_pair_or_one_number_for_both(given: Json, expected: tuple[float, float] | None) -> None:
    assert only(model="a", price=given).price == expected


def test_the_table_of_parameters_is_that_of_the_installed_sdk() -> None:
    from openai.resources.chat.completions import AsyncCompletions

    signature = set(inspect.signature(AsyncCompletions.create).parameters) - {"self"}
    ours = {"messages", "model", "stream", "timeout", "extra_body", "extra_headers", "extra_query"}
    assert set(PARAMS) == signature - ours
    assert ours <= set(FIELDS) | set(REFUSED)


@pytest.mark.parametrize(
    ("llm_config", "said"),
    [
        ({}, "llm_config is empty"),
        (["gpt-4"], "must be a dict or False, not list"),
        ({"config_list": []}, "config_list is empty"),
        ({"config_list": {"model": "a"}}, "must be a list of dicts, not dict"),
        ({"config_list": ["gpt-4"]}, "config_list[0] must be a dict"),
        (
            {"config_list": [{"model": "a"}, {"api_key": "k"}]},
            "config_list[1] names no model; it has 'api_key'",
        ),
        ({"config_list": [{"model": ""}]}, "config_list[0] names no model"),
        ({"config_list": [{"model": ["a"]}]}, "model must be a text, not the list"),
        ({"config_list": [{"model": "a", "filter_dict": {}}]}, "belongs beside config_list"),
        ({"temperature": 0}, "names no model; it has 'temperature'"),
        ({"model": "a", "temprature": 0}, "unknown field 'temprature'. Did you mean 'temperature'?"),
        ({"model": "a", "confg_list": []}, "Did you mean 'config_list'?"),
        ({"model": "a", "zzzzzz": 0}, "Known fields: api_key"),
        ({"model": "a", 3: 0}, "unknown field 3"),
        ({"model": "a", "api_base": "u"}, "it is called base_url"),
        ({"model": "a", "messages": []}, "come from the conversation"),
        ({"model": "a", "temperature": "0"}, "temperature must be a number, not the str '0'"),
        ({"model": "a", "temperature": True}, "temperature must be a number"),
        ({"model": "a", "temperature": float("nan")}, "temperature must be a number"),
        ({"model": "a", "timeout": -1}, "timeout must be a number of seconds above 0, not the int -1"),
        ({"model": "a", "timeout": 0}, "timeout must be"),
        ({"model": "a", "base_url": "localhost:8000/v1"}, "base_url must be a text that begins with http://"),
        ({"model": "a", "base_url": "ftp://host"}, "base_url must be"),
        ({"model": "a", "base_url": "http://"}, "base_url must be"),
        ({"model": "a", "base_url": "http://host:port"}, "base_url must be"),
        ({"model": "a", "base_url": "http://host\n"}, "base_url must be"),
        ({"model": "a", "base_url": 1}, "base_url must be"),
        ({"model": "a", "max_retries": -1}, "max_retries must be"),
        ({"model": "a", "max_tokens": 1.5}, "max_tokens must be"),
        ({"model": "a", "stop": [1]}, "stop must be"),
        ({"model": "a", "tools": {}}, "tools must be a list of dicts"),
        ({"model": "a", "tool_choice": 1}, "tool_choice must be a text or a dict"),
        ({"model": "a", "price": [1]}, "price must be [dollars"),
        ({"model": "a", "price": [1, -1]}, "price must be"),
        ({"model": "a", "price": "cheap"}, "price must be"),
        ({"model": "a", "tags": "fast"}, "tags must be a list of texts"),
        ({"model": "a", "cache_seed": "41"}, "cache_seed must be a whole number"),
        ({"model": "a", "stream": 1}, "stream must be True or False"),
        ({"model": "a", "default_headers": {"x": 1}}, "default_headers must be a dict of texts"),
        ({"model": "a", "extra_body": []}, "extra_body must be a dict"),
        ({"model": "a", "extra_body": {"messages": []}}, "must not replace 'messages'"),
        ({"model": "a", "metadata": {"x": object()}}, "metadata cannot be written as JSON"),
        ({"model": "a", "n": 2}, "n is 2, but a turn is one answer"),
        ({"model": "a", "api_type": "anthropic"}, "api_type 'anthropic' is not known"),
        ({"model": "a", "api_type": "azure", "base_url": "http://h"}, "needs api_version"),
        ({"model": "a", "api_type": "azure", "api_version": "v"}, "needs base_url"),
        ({"model": "a", "filter_dict": ["fast"]}, "filter_dict must be a dict"),
        ({"model": "a", "filter_dict": {"tags": ["fast"]}}, "leaves none of the 1 configuration(s)"),
    ],
)
def test_what_cannot_be_meant_is_refused(llm_config: Json, said: str) -> None:
    assert said in refusal(llm_config)


@pytest.mark.parametrize(
    ("filter_dict", "left"),
    [
        ({"tags": ["fast"]}, ["b", "c"]),
        ({"tags": ["fast", "good"]}, ["a", "b", "c"]),
        ({"model": ["a", "c"]}, ["a", "c"]),
        ({"model": "a"}, ["a"]),
        ({"base_url": [None]}, ["a", "c"]),
        ({"model": ["b", "c"], "base_url": ["http://h"]}, ["b"]),
    ],
)
def test_a_filter_chooses_configurations(filter_dict: Json, left: list[str]) -> None:
    listed = [
        {"model": "a", "tags": ["good"]},
        {"model": "b", "tags": ["fast", "good"], "base_url": "http://h"},
        {"model": "c", "tags": ["fast"]},
    ]
    settings = parse(config_list=listed, filter_dict=filter_dict)
    assert [config.model for config in settings.configs] == left


def test_a_key_shows_up_in_no_text_of_the_settings() -> None:
    settings = parse(model="a", api_key=KEY, default_headers={"authorization": f"Bearer {KEY}"})
    for text in (repr(settings), str(settings), f"{settings}", repr(settings)):
        assert KEY not in text


def test_a_broken_key_is_refused_without_being_shown() -> None:
    for key in (f"{KEY}\n{KEY}", f"{KEY} x", f"{KEY}é"):
        text = refusal({"model": "a", "api_key": key})
        assert "line break" in text
        assert KEY not in text


def test_a_key_of_the_wrong_type_is_refused_without_being_shown() -> None:
    assert KEY not in refusal({"model": "a", "api_key": [KEY]})


def test_white_space_around_a_key_is_dropped() -> None:
    assert only(model="a", api_key=f"{KEY}\n").api_key == Secret(KEY)


def test_a_missing_key_comes_from_the_environment() -> None:
    assert parse(model="a").require_keys({"OPENAI_API_KEY": KEY}).configs[0].api_key == Secret(KEY)


def test_azure_has_its_own_variable() -> None:
    settings = parse(model="a", api_type="azure", base_url="http://h", api_version="v")
    environ = {"OPENAI_API_KEY": "other-key", "AZURE_OPENAI_API_KEY": KEY}
    assert settings.require_keys(environ).configs[0].api_key == Secret(KEY)


def test_a_configured_key_wins_over_the_environment() -> None:
    assert parse(model="a", api_key=KEY).require_keys({"OPENAI_API_KEY": "x"}).configs[0].api_key == Secret(KEY)


def test_a_server_with_an_address_needs_no_key() -> None:
    assert parse(model="a", base_url="http://localhost:1/v1").require_keys({}).configs[0].api_key is not None


def test_an_address_in_the_environment_is_used() -> None:
    settings = parse(model="a").require_keys({"OPENAI_BASE_URL": "http://h/v1"})
    assert settings.configs[0].base_url == "http://h/v1"


@pytest.mark.parametrize("given", [{}, {"api_key": ""}, {"api_key": None}])
def test_a_missing_key_is_an_error_with_the_ways_out(given: dict[str, Json]) -> None:
    settings = parse(config_list=[{"model": "gpt-4", **given}])
    with pytest.raises(MissingKey) as caught:
        settings.require_keys({"OPENAI_API_KEY": ""})
    for said in ("'bob'", "'gpt-4'", '"api_key"', "OPENAI_API_KEY", '"base_url"', "ScriptedModel"):
        assert said in str(caught.value)


def test_a_key_missing_from_a_later_configuration_is_found_before_anything_runs() -> None:
    settings = parse(config_list=[{"model": "a", "api_key": KEY}, {"model": "b"}])
    with pytest.raises(MissingKey, match="model 'b'"):
        settings.require_keys({})


def test_secrets_compare_and_hash_by_their_text() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert hash(Secret("a")) == hash(Secret("a"))
