"""The classic ``llm_config``, read into values: merging, choosing, keys.

Which fields there are is in ``model_fields.py``, the client in ``openai.py``. Nothing here connects.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from flowagents.adapters.model_fields import FIELDS, PARAMS, REFUSED, TOP_FIELDS, is_object
from flowagents.core.value import replaced, value
from flowagents.errors import ConfigError, MissingKey
from flowagents.ports import Json

TIMEOUT_SECONDS = 120.0
TRIES_MAX = 3
PLACEHOLDER_KEY = "no-key"


NOTHING: Mapping[str, Json] = {}
"""No entries; nobody changes a value's fields, so all share it."""


class Secret:
    """A text that no repr, str or format shows; ``reveal()`` gives it out.

    >>> Secret("abc"), str(Secret("abc")), Secret("abc").reveal()
    (Secret('***'), '***', 'abc')
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself.

        >>> Secret("abc").reveal()
        'abc'
        """
        return self._text

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


@value
class ModelConfig:
    """One way to reach one model. ``price`` is dollars per 1,000 prompt and per 1,000 completion tokens.

    ``params`` go into the request as they are. ``timeout_seconds`` is for one whole try, ``tries_max`` counts
    the first try too.
    """

    model: str
    api_key: Secret | None = None
    base_url: str | None = None
    api_type: str = "openai"
    api_version: str | None = None
    organization: str | None = None
    timeout_seconds: float = TIMEOUT_SECONDS
    tries_max: int = TRIES_MAX
    stream: bool = False
    params: Mapping[str, Json] = NOTHING
    extra_body: Mapping[str, Json] = NOTHING
    default_headers: Mapping[str, Secret] = NOTHING
    price: tuple[float, float] | None = None
    tags: tuple[str, ...] = ()


@value
class ModelSettings:
    """The configurations of one agent, in the order they are asked; no cache if ``cache_seed`` is None."""

    configs: tuple[ModelConfig, ...]
    cache_seed: int | None = None
    cache: object | None = None
    agent: str = "agent"

    def require_keys(self, environ: Mapping[str, str]) -> ModelSettings:
        """Fill in missing keys from the environment, or raise MissingKey before anything runs.

        ``OPENAI_BASE_URL`` is read too; a configuration with a ``base_url`` needs no key.

        >>> settings = parse_llm_config({"model": "gpt-4o"}, agent="bob")
        >>> settings.require_keys({"OPENAI_API_KEY": "k-1"}).configs[0].api_key
        Secret('***')
        """
        return replaced(self, configs=tuple(_with_key(each, self.agent, environ) for each in self.configs))


def parse_llm_config(llm_config: Mapping[str, Json], *, agent: str) -> ModelSettings:
    """Read a classic ``llm_config`` dict, flat or with a ``config_list``, or raise ConfigError.

    What stands beside ``config_list`` is a default for each of its entries.

    >>> settings = parse_llm_config({"config_list": [{"model": "gpt-4o"}], "temperature": 0}, agent="bob")
    >>> settings.configs[0].model, dict(settings.configs[0].params), settings.cache_seed
    ('gpt-4o', {'temperature': 0}, None)
    """
    say = _Complaint(agent)
    if not isinstance(llm_config, Mapping):
        raise say(f"llm_config must be a dict or False, not {_kind(llm_config)}")
    if not llm_config:
        raise say('llm_config is empty. Give {"model": "NAME"} or {"config_list": [...]}, or False for no model')
    shared = {name: given for name, given in llm_config.items() if name not in TOP_FIELDS}
    entries = _entries(llm_config, say)
    merged = [_checked({**shared, **entry}, where, say) for where, entry in entries]
    chosen = [entry for entry in merged if _passes(entry, llm_config.get("filter_dict"), say)]
    if not chosen:
        raise say(
            f"filter_dict {llm_config['filter_dict']!r} leaves none of the {len(merged)} configuration(s)."
            " Change the filter, or the tags of a configuration"
        )
    return ModelSettings(
        configs=tuple(_config(entry, say) for entry in chosen),
        cache_seed=_cache_seed(chosen, say),
        cache=llm_config.get("cache"),
        agent=agent,
    )


class _Complaint:
    """Makes the ConfigErrors of one agent, so that each names it."""

    def __init__(self, agent: str) -> None:
        self.agent = agent

    def __call__(self, text: str) -> ConfigError:
        return ConfigError(f"agent {self.agent!r}: {text}.")


def _kind(given: object) -> str:
    return type(given).__name__


def _entries(llm_config: Mapping[str, Json], say: _Complaint) -> list[tuple[str, Mapping[str, Json]]]:
    if "config_list" not in llm_config:
        return [("llm_config", {})]
    listed = llm_config["config_list"]
    if not isinstance(listed, list | tuple):
        raise say(f"config_list must be a list of dicts, not {_kind(listed)}")
    if not listed:
        raise say('config_list is empty. Give at least one entry such as {"model": "NAME"}')
    for index, entry in enumerate(listed):
        if not isinstance(entry, Mapping):
            raise say(f'config_list[{index}] must be a dict such as {{"model": "NAME"}}, not {_kind(entry)}')
        for name in TOP_FIELDS:
            if name in entry:
                raise say(f"config_list[{index}] has {name!r}, which belongs beside config_list")
    return [(f"config_list[{index}]", entry) for index, entry in enumerate(listed)]


def _checked(entry: Mapping[str, Json], where: str, say: _Complaint) -> dict[str, Json]:
    """Return the entry without its nulls; every field is known and has the right type."""
    for name, given in entry.items():
        if name in REFUSED:
            raise say(f"{where} has the field {name!r}, which is not taken: {REFUSED[name]}")
        if name not in FIELDS and name not in PARAMS:
            raise say(_unknown(name, where))
        check, expected = FIELDS.get(name) or PARAMS[name]
        if given is not None and not check(given):
            shown = "" if name in ("api_key", "default_headers", "base_url") else f" {given!r}"
            raise say(f"{where}: {name} must be {expected}, not the {_kind(given)}{shown}")
    kept = {name: given for name, given in entry.items() if given is not None}
    if not kept.get("model"):
        found = ", ".join(repr(name) for name in kept) or "nothing"
        raise say(f'{where} names no model; it has {found}. Add "model": "NAME"')
    if kept.get("n", 1) != 1:
        raise say(f"{where}: n is {kept['n']}, but a turn is one answer. Leave n out")
    _check_body(kept, where, say)
    _check_azure(kept, where, say)
    return kept


def _unknown(name: object, where: str) -> str:
    from difflib import get_close_matches

    known = [*FIELDS, *PARAMS, *TOP_FIELDS]
    near = get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known fields: {', '.join(sorted(known))}."
    return f"{where} has the unknown field {name!r}. {hint} What only one provider knows goes into extra_body"


def _check_body(entry: Mapping[str, Json], where: str, say: _Complaint) -> None:
    sent = {name: given for name, given in entry.items() if name in PARAMS or name == "extra_body"}
    for name, given in sent.items():
        try:
            json.dumps(given, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise say(f"{where}: {name} cannot be written as JSON ({error})") from None
    for name in ("messages", "model", "stream", "n"):
        if name in entry.get("extra_body", ()):
            raise say(f"{where}: extra_body must not replace {name!r}")


def _check_azure(entry: Mapping[str, Json], where: str, say: _Complaint) -> None:
    api_type = entry.get("api_type", "openai").lower()
    if api_type not in ("openai", "azure"):
        raise say(
            f"{where}: api_type {entry['api_type']!r} is not known; there are 'openai' and 'azure'."
            " For another provider give the base_url of its OpenAI-compatible endpoint and leave api_type out"
        )
    for name in ("base_url", "api_version"):
        if api_type == "azure" and not entry.get(name):
            raise say(f"{where}: api_type 'azure' needs {name}")


def _passes(entry: Mapping[str, Json], filter_dict: Json, say: _Complaint) -> bool:
    """Tell whether each filtered field has one of the accepted values; of tags, one shared tag is enough."""
    if filter_dict is None:
        return True
    if not is_object(filter_dict):
        raise say(f"filter_dict must be a dict from field to accepted values, not {_kind(filter_dict)}")
    return all(_accepts(entry.get(name), accepted) for name, accepted in filter_dict.items())


def _accepts(given: Json, accepted: Json) -> bool:
    options = list(accepted) if isinstance(accepted, list | tuple | set | frozenset) else [accepted]
    if isinstance(given, list | tuple):
        return any(each in options for each in given)
    return given in options


def _cache_seed(entries: Iterable[Mapping[str, Json]], say: _Complaint) -> int | None:
    seeds = list(dict.fromkeys(entry.get("cache_seed") for entry in entries))
    if len(seeds) > 1:
        raise say(f"the configurations name different cache_seed values: {seeds}. Give one beside config_list")
    seed: int | None = seeds[0]
    return seed


def _config(entry: Mapping[str, Json], say: _Complaint) -> ModelConfig:
    return ModelConfig(
        model=entry["model"],
        api_key=_secret(entry.get("api_key"), "api_key", say),
        base_url=entry.get("base_url") or None,
        api_type=entry.get("api_type", "openai").lower(),
        api_version=entry.get("api_version"),
        organization=entry.get("organization"),
        timeout_seconds=float(entry.get("timeout", TIMEOUT_SECONDS)),
        tries_max=entry.get("max_retries", TRIES_MAX - 1) + 1,
        stream=entry.get("stream", False),
        params={name: given for name, given in entry.items() if name in PARAMS and name != "n"},
        extra_body=dict(entry.get("extra_body", {})),
        default_headers={name: Secret(text) for name, text in entry.get("default_headers", {}).items()},
        price=_price(entry.get("price")),
        tags=tuple(entry.get("tags", ())),
    )


def _price(given: Json) -> tuple[float, float] | None:
    if given is None:
        return None
    pair: Sequence[float] = given if isinstance(given, list | tuple) else (given, given)
    return float(pair[0]), float(pair[1])


def _secret(given: str | None, name: str, say: _Complaint) -> Secret | None:
    """Return a key without the white space around it; a broken one would show in errors of lower layers."""
    text = (given or "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isprintable() or " " in text:
        raise say(f"{name} has a space, a line break or a character that no key has (it is not shown here)")
    return Secret(text)


def _with_key(config: ModelConfig, agent: str, environ: Mapping[str, str]) -> ModelConfig:
    variable = "AZURE_OPENAI_API_KEY" if config.api_type == "azure" else "OPENAI_API_KEY"
    base_url = config.base_url or environ.get("OPENAI_BASE_URL", "").strip() or None
    found = config.api_key or _secret(environ.get(variable), variable, _Complaint(agent))
    if found is None and base_url is None:
        raise MissingKey(
            f"agent {agent!r}: model {config.model!r} needs a key, and there is none.\n"
            f'  Give "api_key" in llm_config, or set {variable} in the environment,\n'
            '  or give the "base_url" of a server that needs no key, such as http://localhost:11434/v1,\n'
            "  or use a scripted model: llm_config=ScriptedModel([...]) answers without any model."
        )
    return replaced(config, api_key=found or Secret(PLACEHOLDER_KEY), base_url=base_url)
