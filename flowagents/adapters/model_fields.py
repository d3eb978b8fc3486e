"""The fields that a model configuration may have, each with the check of its type.

Tables only: what the fields mean together is in ``model_config.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from flowagents.ports import Json

Check = Callable[[Json], bool]


def _of(kind: type) -> Check:
    return lambda given: isinstance(given, kind)


def _is_url(given: Json) -> bool:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(given) if isinstance(given, str) and given.isprintable() else None
        valid = parts is not None and parts.port != 0 and bool(parts.hostname)
    except ValueError:
        return False
    return given == "" or (valid and given.startswith(("http://", "https://")))


def _is_integer(given: Json) -> bool:
    return isinstance(given, int) and not isinstance(given, bool)


def _is_count(given: Json) -> bool:
    return _is_integer(given) and given >= 0


def _is_number(given: Json) -> bool:
    return (_is_integer(given) or isinstance(given, float)) and math.isfinite(given)


def _is_texts(given: Json) -> bool:
    return isinstance(given, list | tuple) and all(isinstance(each, str) for each in given)


def _is_stop(given: Json) -> bool:
    return isinstance(given, str) or _is_texts(given)


def is_object(given: Json) -> bool:
    """Tell whether ``given`` is a dict with texts as keys.

    >>> is_object({"a": 1}), is_object([]), is_object({1: 1})
    (True, False, False)
    """
    return isinstance(given, Mapping) and all(isinstance(name, str) for name in given)


def _is_headers(given: Json) -> bool:
    return is_object(given) and all(isinstance(each, str) for each in given.values())


def _is_objects(given: Json) -> bool:
    return isinstance(given, list | tuple) and all(is_object(each) for each in given)


def _is_choice(given: Json) -> bool:
    return isinstance(given, str) or is_object(given)


def _is_price(given: Json) -> bool:
    if isinstance(given, list | tuple):
        return len(given) == 2 and all(_is_number(each) and each >= 0 for each in given)
    return _is_number(given) and given >= 0


NUMBER = (_is_number, "a number")
INTEGER = (_is_integer, "a whole number")
COUNT = (_is_count, "a whole number of at least 0")
FLAG = (_of(bool), "True or False")
TEXT = (_of(str), "a text")
TEXTS = (_is_texts, "a list of texts")
OBJECT = (is_object, "a dict")
OBJECTS = (_is_objects, "a list of dicts")
CHOICE = (_is_choice, "a text or a dict")

PARAMS: Mapping[str, tuple[Check, str]] = {
    "audio": OBJECT,
    "frequency_penalty": NUMBER,
    "function_call": CHOICE,
    "functions": OBJECTS,
    "logit_bias": OBJECT,
    "logprobs": FLAG,
    "max_completion_tokens": COUNT,
    "max_tokens": COUNT,
    "metadata": OBJECT,
    "modalities": TEXTS,
    "moderation": OBJECT,
    "n": INTEGER,
    "parallel_tool_calls": FLAG,
    "prediction": OBJECT,
    "presence_penalty": NUMBER,
    "prompt_cache_key": TEXT,
    "prompt_cache_options": OBJECT,
    "prompt_cache_retention": TEXT,
    "reasoning_effort": TEXT,
    "response_format": OBJECT,
    "safety_identifier": TEXT,
    "seed": INTEGER,
    "service_tier": TEXT,
    "stop": (_is_stop, "a text or a list of texts"),
    "store": FLAG,
    "stream_options": OBJECT,
    "temperature": NUMBER,
    "tool_choice": CHOICE,
    "tools": OBJECTS,
    "top_logprobs": COUNT,
    "top_p": NUMBER,
    "user": TEXT,
    "verbosity": TEXT,
    "web_search_options": OBJECT,
}
"""The parameters of chat.completions.create that are handed on. Those that are not: see REFUSED."""

FIELDS: Mapping[str, tuple[Check, str]] = {
    "model": TEXT,
    "api_key": TEXT,
    "base_url": (_is_url, "a text that begins with http:// or https:// and names a host"),
    "api_type": TEXT,
    "api_version": TEXT,
    "organization": TEXT,
    "tags": TEXTS,
    "price": (_is_price, "[dollars per 1,000 prompt tokens, dollars per 1,000 completion tokens]"),
    "timeout": (lambda given: _is_number(given) and given > 0, "a number of seconds above 0"),
    "max_retries": COUNT,
    "cache_seed": INTEGER,
    "default_headers": (_is_headers, "a dict of texts"),
    "extra_body": OBJECT,
    "stream": FLAG,
}
"""The fields of a configuration that are not parameters of the request."""

TOP_FIELDS = ("config_list", "filter_dict", "cache")
"""The fields that belong beside ``config_list``, never into one of its entries."""

REFUSED = {
    "messages": "the messages come from the conversation",
    "extra_headers": "use default_headers",
    "extra_query": "put the query into base_url",
    "filter_func": "answers are not filtered; use a guard or a reply function",
    "context": "templates are not filled in; build the message in a function",
    "allow_format_str_template": "templates are not filled in; build the message in a function",
    "api_base": "it is called base_url",
    "azure_endpoint": "it is called base_url",
    "azure_deployment": "the deployment is given as model",
    "engine": "it is called model",
    "deployment_id": "it is called model",
    "request_timeout": "it is called timeout",
    "use_cache": "it is called cache_seed",
}
"""Fields that people try, and what to do instead."""
