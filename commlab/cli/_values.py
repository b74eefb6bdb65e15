"""Parameter values as people write them on a command line or in a YAML file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from commlab.errors import ArgumentError

_WORDS = {"true": True, "false": False, "null": None, "none": None}
_INT = re.compile(r"[+-]?(0|[1-9]\d*)")
_FLOAT = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+)([eE][+-]?\d+)?")


def scalar(text: str) -> Any:
    """Return the value that a text stands for: truth, null, number, JSON list or object, text.

    `on`, `no` and `0012` stay texts, unlike in YAML: they are words and ids here.

    Example:
        >>> scalar("12"), scalar("0.5"), scalar("true"), scalar("on"), scalar("0012")
        (12, 0.5, True, 'on', '0012')
        >>> scalar('["gold", "silver"]')
        ['gold', 'silver']
    """
    if text.strip().lower() in _WORDS:
        return _WORDS[text.strip().lower()]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and not re.fullmatch(r"[+-]?0\d+", text):
        return float(text)
    if text[:1] in "[{" and text[-1:] in "]}" and text:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def parameters(pairs: Iterable[tuple[str, str]], file: Path | None) -> dict[str, Any]:
    """Return the parameters of a file, overridden by those of the command line.

    Args:
        pairs: Name and value as written.
        file: YAML or JSON file: a mapping of names to values.

    Raises:
        ArgumentError: The file is not a mapping, or a name is given twice.
    """
    given = {} if file is None else _read(file)
    seen: set[str] = set()
    for name, text in pairs:
        if name in seen:
            raise ArgumentError(f"parameter {name!r} is given twice.", fix="Keep one of them.")
        seen.add(name)
        given[name] = scalar(text)
    return given


def _read(file: Path) -> dict[str, Any]:
    import yaml

    class Loader(yaml.SafeLoader):
        """Safe YAML in which plain scalars mean what they mean on the command line."""

    Loader.yaml_implicit_resolvers = {}
    Loader.add_constructor("tag:yaml.org,2002:str", _scalar_node)
    try:
        found = yaml.load(file.read_text(encoding="utf-8-sig"), Loader)  # noqa: S506  a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ArgumentError(f"is not YAML: {reason}.", where=file.name) from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ArgumentError("is not a mapping of names to values.", where=file.name,
                            fix="Write lines such as `cohort: month`.")  # fmt: skip
    return {str(name): value for name, value in found.items()}


def _scalar_node(loader: Any, node: Any) -> Any:
    text = loader.construct_scalar(node)
    plain = node.style is None
    return (None if not text or text == "~" else scalar(text)) if plain else text
