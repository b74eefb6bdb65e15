"""The word catalogues: one TOML file per topic and language, read when first asked for."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from commlab import guards
from commlab.config import LANGUAGES
from commlab.errors import ArgumentError, nearest

FOLDER = Path(__file__).resolve().parent


def topics() -> tuple[str, ...]:
    """Return the topics that have a catalogue, sorted.

    Example:
        >>> "common" in topics()
        True
    """
    return tuple(sorted(path.stem for path in (FOLDER / LANGUAGES[0]).glob("*.toml")))


def _flatten(tree: Mapping[str, Any], prefix: str, where: str) -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in tree.items():
        path = f"{prefix}.{name}"
        if isinstance(value, Mapping):
            flat.update(_flatten(value, path, where))
        elif isinstance(value, str):
            flat[path] = value
        else:
            raise ArgumentError(f"{path} is {value!r}, must be text.", where=where)
    return flat


@functools.cache
def entries(topic: str, lang: str) -> Mapping[str, str]:
    """Return every text of a topic in one language, by full key (`topic.path`).

    Args:
        topic: Name of the catalogue, e.g. "retention".
        lang: "en" or "zh".

    Raises:
        ArgumentError: There is no such topic or language, or the file is not a valid catalogue.

    Example:
        >>> entries("common", "en")["common.status.too_few"]
        'too few to say'
    """
    guards.one_of("lang", lang, LANGUAGES)
    path = FOLDER / lang / f"{topic}.toml"
    if topic not in topics() or not path.is_file():
        raise ArgumentError(f"There are no texts on {topic!r}.", fix=nearest(topic, topics()))
    where = f"text/{lang}/{path.name}"
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ArgumentError(f"is not valid TOML: {error}.", where=where) from None
    return MappingProxyType(_flatten(tree, topic, where))


def has(key: str) -> bool:
    """Return whether every language has a text for `key`.

    Example:
        >>> has("common.status.too_few"), has("common.status.nothing")
        (True, False)
    """
    topic = key.partition(".")[0]
    return topic in topics() and all(key in entries(topic, lang) for lang in LANGUAGES)


def lookup(key: str, lang: str) -> str:
    """Return the text of `key` as written in the catalogue, slots unfilled.

    Raises:
        ArgumentError: There is no such key; the message names the nearest one.
    """
    topic, dot, _ = key.partition(".")
    if not dot:
        raise ArgumentError(
            f"Text key {key!r} names no topic.", fix="Write it as topic.path, e.g. common.foot."
        )
    texts = entries(topic, lang)
    if key not in texts:
        hint = nearest(key, texts)
        raise ArgumentError(
            f"There is no text {key!r}.",
            where=f"text/{lang}/{topic}.toml",
            fix=hint if hint.startswith("Did") else "Add it there, in every language.",
        )
    return texts[key]
