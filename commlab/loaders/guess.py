"""`commlab load --guess`: a map proposed for a file that nobody knows yet.

Header names are compared with what exports call their columns, and values with what a column of
that type looks like. It is a proposal to correct, and nothing is loaded on it: what is doubtful is
commented out, and what only the analyst knows stands as "?", which no file has, so that a load on
an uncorrected proposal ends in a message. No cell of the file is printed.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from commlab.errors import LoadError
from commlab.loaders import identifiers, times, values
from commlab.loaders.files import Source, open_source
from commlab.loaders.find import as_pattern, find
from commlab.loaders.guess_words import CONSTANTS, STATUS, WORDS
from commlab.loaders.shops import taobao, youzan
from commlab.tables import TABLES, Column, Table

ROWS = 2_000  # looked at: enough to tell a type, whatever the file's size
MOSTLY = 0.9  # of the filled cells; exports have a few broken ones
UNSURE = "?"
_NAME = re.compile(r"[\W_]+")
_UNIT = re.compile(r"[（(](?:元|分|人民币|cny|rmb|yuan|fen)[)）]$", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Guess:
    """A proposal for one file.

    Attributes:
        source: Name of the file.
        table: The canonical table.
        columns: Canonical column → source column.
        unsure: Canonical column → why the proposal may be wrong.
        kinds: Source column → what its cells look like.
    """

    source: Source
    table: Table
    columns: dict[str, str]
    unsure: dict[str, str]
    kinds: dict[str, str]


def guess(paths: Sequence[Path], *, encoding: str = "") -> str:
    """Return the text of a map for files, to be corrected.

    Args:
        paths: Files and folders.
        encoding: Encoding of text files; empty: detect.

    Raises:
        LoadError: A file cannot be read, or none resembles a table.
    """
    found = []
    strange = []
    for name, path in find(paths):
        source = open_source(path, encoding_name=encoding)
        best = _best(source)
        if best is None:
            strange.append(name)
        else:
            found.append(_block(name, best))
    if not found:
        raise LoadError(
            "resembles no canonical table.",
            where=", ".join(strange),
            fix="`commlab tables` lists them; docs/map-format.md says how to write a map.",
        )
    head = [
        "# A proposal: check every line, above all those with a question mark, then load with",
        "#   commlab load … --format files --map THIS_FILE --out WORKSPACE",
        *(f"# {name} resembles no canonical table." for name in strange),
    ]
    return "\n".join([*head, *found]) + "\n"


def _best(source: Source) -> Guess | None:
    """The table of which the file has most, required columns first."""
    text = next(iter(source.chunks(ROWS)), None)
    frame = pd.DataFrame({name: pd.Series(dtype="str") for name in source.columns})
    frame = frame if text is None else text.frame
    kinds = {name: _kind(frame[name]) for name in source.columns}
    guesses = [_guess(source, TABLES[name], kinds) for name in WORDS]
    fit = [item for item in guesses if _score(item) > 0]
    return max(fit, key=_score, default=None)


def _score(item: Guess) -> float:
    required = [name for name in item.table.required if (item.table.name, name) not in CONSTANTS]
    have = sum(name in item.columns for name in required)
    # Less than half of what is required is a coincidence of names.
    if have * 2 < len(required):
        return 0.0
    return have / len(required) + (len(item.columns) - 2 * len(item.unsure)) / 100


def _guess(source: Source, table: Table, kinds: dict[str, str]) -> Guess:
    plain = {_bare(name): name for name in reversed(source.columns)}
    columns: dict[str, str] = {}
    unsure: dict[str, str] = {}
    for name, words in WORDS[table.name].items():
        column = table[name]
        for word in words:
            held = plain.get(_bare(word))
            if held is None or held in columns.values():
                continue
            kind = kinds[held]
            if kind == "phone":
                continue  # never stored: a phone is no id
            columns[name] = held
            if kind != "empty" and not _suits(kind, column):
                unsure[name] = f"its cells look like {kind}"
            break
    return Guess(source, table, columns, unsure, kinds)


def _suits(kind: str, column: Column) -> bool:
    if column.dtype in ("id", "text"):
        return True
    wanted = {"time": ("time",), "date": ("time",), "money": ("number",), "int": ("number",),
              "float": ("number",), "bool": ("yes or no",)}  # fmt: skip
    return kind in wanted.get(column.dtype, ())


def _kind(cells: pd.Series) -> str:
    """What the filled cells of a column look like."""
    filled = cells[~cells.str.strip().isin(values.EMPTY_VALUE)]
    if filled.empty:
        return "empty"
    stars = identifiers.masked(filled)
    if ((identifiers.phones(filled).notna()) | stars).mean() >= MOSTLY:
        return "phone"
    for kind, parsed in (
        ("number", values.to_float(filled)),
        ("time", times.to_time(filled, zone="Asia/Shanghai")),
        ("yes or no", values.to_bool(filled)),
    ):
        if (
            kind == "number"
            and filled.str.len().min() >= 9
            and not filled.str.contains(r"\.").any()
        ):
            continue  # ids, or seconds since 1970
        if 1 - parsed.bad.mean() >= MOSTLY:
            return kind
    return "text"


def _bare(name: str) -> str:
    return _NAME.sub("", _UNIT.sub("", values.narrow(name).lower()))


def _block(name: str, item: Guess) -> str:
    table = item.table
    lines = ["", f"[[{table.name}]]  # {table.meaning}", f"files = {_quoted(as_pattern(name))}"]
    lines[1:1] = [
        f"# It looks like an export for `--format {known}`, which does more."
        for known in _formats(item.source)
    ]
    fen = [
        held for held in item.columns.values() if re.search(r"[（(](?:分|fen)[)）]$", held, re.I)
    ]
    if table.name == "orders":
        lines += _condition(item)
    for column in table.columns:
        held = item.columns.get(column.name)
        if held is not None and column.name in item.unsure:
            lines.append(f"# {UNSURE} columns.{column.name} = {_quoted(held)}: "
                         f"{item.unsure[column.name]}")  # fmt: skip
            held = None
        constant = CONSTANTS.get((table.name, column.name))
        if held is not None:
            unit = f'{{ from = {_quoted(held)}, unit = "fen" }}' if held in fen else _quoted(held)
            lines.append(f"columns.{column.name} = {unit}")
        elif constant is not None:
            lines.append(f'columns.{column.name} = {{ constant = "{constant}" }}')
        elif column.required:
            lines.append(f'columns.{column.name} = "{UNSURE}"  # required: {column.meaning}')
    unused = [held for held in item.source.columns if held not in item.columns.values()]
    for held in unused:
        kind = item.kinds[held]
        note = (
            "; phones are hashed by `--format taobao` and `youzan` only" if kind == "phone" else ""
        )
        lines.append(f"# not used: {_quoted(held)} ({kind}{note})")
    return "\n".join(lines)


def _formats(source: Source) -> list[str]:
    """Formats of which the file has the columns."""
    known = {"taobao": taobao.ORDERS, "youzan": youzan.ORDERS}
    return [
        name
        for name, sheet in known.items()
        if all(sheet.fields[field][0] in source.columns for field in sheet.required)
    ]


def _condition(item: Guess) -> list[str]:
    """A condition on the status, to be filled in: which words mean paid the analyst knows."""
    plain = {_bare(name): name for name in item.source.columns}
    held = next((plain[_bare(word)] for word in STATUS if _bare(word) in plain), None)
    if held is None:
        return []
    return [f'where = [{{ column = {_quoted(held)}, in = ["{UNSURE}"] }}]  # the words for paid']


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's.
    return json.dumps(text, ensure_ascii=False)
