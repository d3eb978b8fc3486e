"""Lists of model configurations from files and the environment, for ``config_list`` of an ``llm_config``.

Entries are plain dicts; whether their fields make sense is checked in ``model_config.py``. Nothing here shows a key:
errors name files, variables and fields, never what is in them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from flowagents.errors import ConfigError
from flowagents.ports import Json

Entry = dict[str, Json]
Filter = Mapping[str, Json]
"""Accepted values by field: a list, or one value."""
FILTER_SHAPE = 'filter_dict must be a dict from field to accepted values, such as {"model": ["gpt-4o"]}'
DOTENV_MODELS = {"gpt-4": "OPENAI_API_KEY", "gpt-3.5-turbo": "OPENAI_API_KEY"}


def config_list_from_json(
    env_or_file: str, file_location: str | Path | None = "", filter_dict: Filter | None = None
) -> list[Entry]:
    """Read a list from the environment variable or the file of this name.

    The variable wins; it holds the JSON itself or the path of a file. A file is looked for in ``file_location``. Raises
    ConfigError if there is neither, if it is no list of dicts, or if the filter leaves nothing.

    >>> os.environ["DOCTEST_CONFIG_LIST"] = '[{"model": "a", "tags": ["cheap"]}, {"model": "b"}]'
    >>> config_list_from_json("DOCTEST_CONFIG_LIST", filter_dict={"tags": ["cheap"]})
    [{'model': 'a', 'tags': ['cheap']}]
    >>> del os.environ["DOCTEST_CONFIG_LIST"]
    """
    given = os.environ.get(env_or_file, "").strip()
    if not given:
        path = Path(file_location or "") / env_or_file
        if not path.is_file():
            raise ConfigError(
                f"there is no environment variable {env_or_file!r}, and no file {path}."
                " Set the one to a JSON list of configurations, or write the other."
            )
        found = _read_list(_text_of(path), str(path))
    elif given[0] in "[{" or not _is_file(given):
        found = _read_list(given, f"the environment variable {env_or_file!r}")
    else:
        found = _read_list(_text_of(Path(given)), f"the file that the environment variable {env_or_file!r} names")
    chosen = filter_config(found, filter_dict)
    if found and not chosen:
        raise ConfigError(f"{env_or_file!r}: {_nothing_left(filter_dict, len(found))}")
    return chosen


def filter_config(config_list: Sequence[Entry], filter_dict: Filter | None, exclude: bool = False) -> list[Entry]:
    """Return the entries that have an accepted value in every field of the filter; with ``exclude``, in none.

    Of a list such as ``tags`` one shared value is enough. An entry without the field matches only if None is accepted.

    >>> filter_config([{"model": "a"}, {"model": "b"}], {"model": ["b", "c"]})
    [{'model': 'b'}]
    """
    if filter_dict is None:
        return list(config_list)
    if not isinstance(filter_dict, Mapping):
        raise ConfigError(f"{FILTER_SHAPE}, not {type(filter_dict).__name__}.")
    for index, entry in enumerate(config_list):
        _check_entry(entry, f"config_list[{index}]")
    return [
        entry
        for entry in config_list
        if all(_accepts(entry.get(name), accepted) is not exclude for name, accepted in filter_dict.items())
    ]


def get_config_list(
    api_keys: Sequence[str] | str,
    base_urls: Sequence[str] | str | None = None,
    api_type: str | None = None,
    api_version: str | None = None,
) -> list[Entry]:
    """Return one entry for each key, with the address at the same position; the model is added by the caller.

    One address may serve all keys. Raises ConfigError if the numbers do not fit.

    >>> get_config_list(["k1", "k2"], base_urls="http://localhost:8000/v1")[1]["base_url"]
    'http://localhost:8000/v1'
    """
    keys = _texts(api_keys, "api_keys")
    urls: list[str | None] = [*_texts(base_urls, "base_urls")] if base_urls else []
    if len(urls) <= 1:
        urls = (urls or [None]) * len(keys)
    if len(urls) != len(keys):
        counts = f"{len(keys)} api_keys and {len(urls)} base_urls"
        raise ConfigError(f"there are {counts}; give one address, or one for each key.")
    made = [
        {"api_key": key.strip(), "base_url": url, "api_type": api_type, "api_version": api_version}
        for key, url in zip(keys, urls, strict=True)
        if key.strip()
    ]
    return [{name: given for name, given in entry.items() if given is not None} for entry in made]


def config_list_from_models(
    key_file_path: str | Path | None = ".",
    openai_api_key_file: str | None = "key_openai.txt",
    aoai_api_key_file: str | None = "key_aoai.txt",
    aoai_api_base_file: str | None = "base_aoai.txt",
    exclude: str | None = None,
    model_list: Iterable[str] | None = None,
) -> list[Entry]:
    """Return one entry for each model and each key that is found, models in the order given.

    Keys, one a line or a comma, come from ``OPENAI_API_KEY``, or else the key file; Azure's likewise from
    ``AZURE_OPENAI_API_KEY`` and ``AZURE_OPENAI_API_BASE``. ``exclude`` is ``openai`` or ``aoai``. Where nothing is
    found at all, there is one entry for each model without a key, as for a server that needs none.

    >>> [entry["model"] for entry in config_list_from_models(model_list=["a", "b"], key_file_path="/none")][0]
    'a'
    """
    if exclude not in (None, "openai", "aoai"):
        raise ConfigError(f"exclude is {exclude!r:.80}; give 'openai', 'aoai' or None.")
    models = None if model_list is None else _texts(model_list, "model_list")
    if models == []:
        raise ConfigError("model_list is empty. Give at least one name of a model, or leave it out.")
    folder = Path(key_file_path) if key_file_path is not None else None
    found: list[Entry] = []
    if exclude != "aoai":
        keys = _listed("AZURE_OPENAI_API_KEY", folder, aoai_api_key_file)
        urls = _listed("AZURE_OPENAI_API_BASE", folder, aoai_api_base_file)
        version = os.environ.get("AZURE_OPENAI_API_VERSION") or None
        found += get_config_list(keys, urls, "azure", version) if keys and urls else []
    if exclude != "openai":
        found += get_config_list(_listed("OPENAI_API_KEY", folder, openai_api_key_file))
    if models is None:
        return found
    return [{**entry, "model": model} for model in models for entry in found or [{}]]


def config_list_from_dotenv(
    dotenv_file_path: str | Path | None = None,
    model_api_key_map: Mapping[str, Json] | None = None,
    filter_dict: Filter | None = None,
) -> list[Entry]:
    """Return one entry for each model whose key is in a ``.env`` file, or else in the environment.

    The map goes from a model to the name of a variable, or to a dict with ``api_key_env_var`` and further fields of the
    entry. Models without a key are left out; ConfigError if that leaves none. The environment is not changed.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".env") as file:
    ...     _ = file.write("MY_KEY='k-1'")
    ...     file.flush()
    ...     config_list_from_dotenv(file.name, {"gpt-4o": "MY_KEY"})
    [{'model': 'gpt-4o', 'api_key': 'k-1'}]
    """
    path = Path(".env" if dotenv_file_path is None else dotenv_file_path)
    if dotenv_file_path is not None and not path.is_file():
        raise ConfigError(f"there is no file {path}. Give the path of a file with lines such as NAME=value.")
    known = {**os.environ, **(_read_dotenv(_text_of(path)) if path.is_file() else {})}
    made: list[Entry] = []
    for model, given in (model_api_key_map or DOTENV_MODELS).items():
        more = {"api_key_env_var": given} if isinstance(given, str) else given
        if not isinstance(more, Mapping):
            raise ConfigError(f"model_api_key_map[{model!r}] must be the name of a variable, or a dict.")
        fields = {name: each for name, each in more.items() if name != "api_key_env_var" and each is not None}
        key = known.get(more.get("api_key_env_var", "OPENAI_API_KEY"), "").strip()
        if key:
            made.append({"model": model, "api_key": key, **fields})
    chosen = filter_config(made, filter_dict)
    if not chosen:
        problem = _nothing_left(filter_dict, len(made)) if made else "no variable of model_api_key_map is set there"
        raise ConfigError(f"{path}: {problem}")
    return chosen


def _nothing_left(filter_dict: Filter | None, count: int) -> str:
    shown = {name: "..." if name == "api_key" else accepted for name, accepted in (filter_dict or {}).items()}
    return f"filter_dict {shown!r} leaves none of the {count} configuration(s). Change the filter, or their tags."


def _accepts(given: Json, accepted: Json) -> bool:
    options = list(accepted) if isinstance(accepted, list | tuple | set | frozenset) else [accepted]
    if isinstance(given, list | tuple):
        return any(each in options for each in given)
    return given in options


def _check_entry(entry: Json, where: str) -> None:
    if not isinstance(entry, Mapping):
        raise ConfigError(f'{where} must be a dict such as {{"model": "NAME"}}, not {type(entry).__name__}.')


def _texts(given: Iterable[str] | str, name: str) -> list[str]:
    texts = [given] if isinstance(given, str) else list(given)
    for index, each in enumerate(texts):
        if not isinstance(each, str):
            raise ConfigError(f"{name}[{index}] must be a text, not {type(each).__name__}.")
    return texts


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or with a null character
        return False


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        problem = "it is no text in UTF-8"
    except OSError as error:
        problem = error.strerror or type(error).__name__
    raise ConfigError(f"the file {path} cannot be read: {problem}.")


def _read_list(text: str, where: str) -> list[Entry]:
    """Return a decoded list of dicts. A decoder's error holds the whole text, so only its position is passed on."""
    problem = ""
    found: Json = None
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"{error.msg} in line {error.lineno}, column {error.colno}"
    except RecursionError:
        problem = "it is nested too deeply"
    if problem:
        raise ConfigError(f'{where} holds no JSON ({problem}). Give a list such as [{{"model": "NAME"}}].')
    if not isinstance(found, list):
        raise ConfigError(f'{where} must hold a list such as [{{"model": "NAME"}}], not {type(found).__name__}.')
    if not found:
        raise ConfigError(f'{where} holds an empty list. Give at least one entry such as {{"model": "NAME"}}.')
    for index, entry in enumerate(found):
        _check_entry(entry, f"{where}: entry {index}")
    return found


def _listed(variable: str, folder: Path | None, file: str | None) -> list[str]:
    """Return what a variable lists, or else the lines of a file if there is one."""
    text = os.environ.get(variable, "")
    if not text.strip() and folder is not None and file and (folder / file).is_file():
        text = _text_of(folder / file)
    return [each.strip() for each in text.replace(",", "\n").splitlines() if each.strip()]


def _read_dotenv(text: str) -> dict[str, str]:
    """Return the variables of a file with lines ``NAME=value``, without quotes around values and without comments."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, rest = line.strip().removeprefix("export ").partition("=")
        name, rest = name.strip(), rest.strip()
        if not equals or not name or name.startswith("#"):
            continue
        quote = rest[:1]
        if quote in ("'", '"') and rest.find(quote, 1) > 0:
            found[name] = rest[1 : rest.find(quote, 1)]
        else:
            found[name] = rest.partition(" #")[0].strip()
    return found
