"""`map.toml`: which source column becomes which canonical column.

A map has `[settings]` (those of `commlab.toml`) and, for each canonical table, one block or
several:

    [settings]
    name = "My shop"
    zone = "Asia/Shanghai"

    [[orders]]
    files = "订单*.csv"                      # glob; default: every file
    unit = "yuan"                            # or "fen", for all money of the block
    where = [{ column = "订单状态", in = ["交易成功"] }]

    [orders.columns]
    order_id = "订单编号"                     # a source column
    member_id = ["买家会员名", "买家昵称"]      # aliases: the first one that the file has
    paid_at = { from = "订单付款时间", zone = "UTC" }
    amount = { from = "买家实际支付金额", unit = "fen" }
    kind = { from = "类型", values = { "试用" = "trial" }, otherwise = "regular" }
    channel = { constant = "shop" }

    [[members]]                              # a second table from the same file
    files = "订单*.csv"
    one_per_key = true                       # of rows with one key, the earliest stays

    [members.columns]
    member_id = "买家会员名"
    joined_at = "订单创建时间"

Keys of a block: `files`, `sheet`, `encoding`, `delimiter`, `header` (line of the header), `zone`,
`unit`, `where`, `one_per_key`, `optional` (whether the files may be missing), `columns`. Keys of a
column: `from`, `constant`, `unit`, `zone`, `format` (strptime), `values`, `otherwise`,
`separator` (lists), `drop_point_zero` (the id `17850.0` is 17850). Keys of a condition: `column`
and one of `in`, `not_in`, `empty`. A word that is none of these is an error.

A map renames, converts, translates and filters, row by row. A source that needs more is a Python
adapter.
"""

from __future__ import annotations

import dataclasses
import tempfile
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from commlab.config import SETTINGS_FILE, Settings, read_settings
from commlab.errors import ArgumentError, LoadError, WorkspaceError, nearest
from commlab.loaders.rules import Block, ColumnRule, Condition, Map
from commlab.tables import TABLES, Column, Table

_UNITS = ("yuan", "fen")


def read_map(path: Path | str) -> Map:
    """Read and check a `map.toml`.

    Args:
        path: The file.

    Raises:
        LoadError: It is missing or no TOML, names an unknown table, column or key, or leaves a
            required column out.
    """
    path = Path(path)
    if not path.is_file():
        raise LoadError("there is no such map.", where=str(path), fix="Check the path.")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LoadError(
            f"is not valid TOML: {error}.", where=path.name, fix="Names with signs or Chinese "
            "characters on the left of = stand in quotes.",
        ) from None  # fmt: skip
    return parse_map(raw, path.name)


def parse_map(raw: dict[str, Any], where: str = "map") -> Map:
    """Return the map that a dictionary describes, in the form of `map.toml`.

    Raises:
        LoadError: As `read_map`.

    Example:
        >>> columns = {"order_id": "单号", "paid_at": "时间", "amount": "金额"}
        >>> parse_map({"orders": {"columns": columns}}).blocks[0].aliases
        ('单号', '时间', '金额')
    """
    _known(raw, {*TABLES, "settings"}, where)
    settings = _settings(raw.get("settings", {}), where)
    blocks = []
    for name, value in raw.items():
        if name == "settings":
            continue
        entries = value if isinstance(value, list) else [value]
        for number, entry in enumerate(entries, start=1):
            label = f"{where}, {name}" + (f" (block {number})" if len(entries) > 1 else "")
            blocks.append(_block(TABLES[name], entry, settings.zone, label))
    if not blocks:
        raise LoadError("describes no table.", where=where, fix="Begin with [[orders]].")
    return Map(tuple(blocks), settings)


def _settings(raw: object, where: str) -> Settings:
    import tomli_w

    label = f"{where}, settings"
    with tempfile.TemporaryDirectory(prefix="commlab-") as folder:
        text = tomli_w.dumps(_table(raw, label))
        (Path(folder) / SETTINGS_FILE).write_text(text, encoding="utf-8")
        try:
            return read_settings(folder)
        except (WorkspaceError, ArgumentError) as error:
            raise LoadError(error.what, where=label, fix=error.fix) from None


_BLOCK_KEYS = {field.name for field in dataclasses.fields(Block)} - {"table"} | {"zone", "unit"}
_COLUMN_KEYS = {field.name for field in dataclasses.fields(ColumnRule)} - {
    "name",
    "aliases",
    "words",
}
_COLUMN_KEYS |= {"from", "values"}


def _block(table: Table, raw: object, zone: str, where: str) -> Block:
    block = dict(_table(raw, where))
    _known(block, _BLOCK_KEYS, where)
    zone = _word(block.pop("zone", zone), f"{where}, zone")
    unit = _one_of(block.pop("unit", "yuan"), _UNITS, f"{where}, unit")
    columns = _table(block.pop("columns", {}), f"{where}, columns")
    _known(columns, table.names, f"{where}, columns")
    rules = tuple(
        _column(table[name], columns[name], zone, unit, f"{where}, {name}") for name in columns
    )
    for name in table.required:
        if name not in columns:
            raise LoadError(
                f"has no source for the required column {name!r}.",
                where=where,
                fix=f'Write {name} = "…" under columns ({table[name].meaning}).',
            )
    conditions = block.pop("where", [])
    if not isinstance(conditions, list):
        raise LoadError("where must be a list.", where=where, fix='E.g. [{ column = "…", … }].')
    kinds = {"header": int, "one_per_key": bool, "optional": bool}
    for name, value in block.items():
        kind = kinds.get(name, str)
        if type(value) is not kind:
            raise LoadError(f"{name} == {value!r}, must be {_NAMES[kind]}.", where=where)
    taken = tuple(_condition(item, where) for item in conditions)
    return Block(table, rules, where=taken, **block)


_NAMES = {int: "a whole number", bool: "true or false", str: "text"}


def _column(column: Column, raw: object, zone: str, unit: str, where: str) -> ColumnRule:
    if isinstance(raw, str | list):
        raw = {"from": raw}
    rule = _table(raw, where)
    _known(rule, _COLUMN_KEYS, where)
    if ("from" in rule) == ("constant" in rule):
        raise LoadError("needs either from or constant.", where=where, fix='E.g. from = "…".')
    constant = rule.get("constant")
    if isinstance(constant, bool):
        constant = str(constant).lower()
    values = _table(rule.get("values", {}), f"{where}, values")
    if column.values:
        for word in (*values.values(), *(rule[k] for k in ("otherwise",) if k in rule)):
            _one_of(word, column.values, f"{where}, values")
    drop = rule.get("drop_point_zero", False)
    if type(drop) is not bool:
        raise LoadError(f"drop_point_zero == {drop!r}, must be true or false.", where=where)
    return ColumnRule(
        column.name,
        _names(rule["from"], where) if "from" in rule else (),
        None if constant is None else str(constant),
        _one_of(rule.get("unit", unit), _UNITS, f"{where}, unit"),
        _zone(rule.get("zone", zone), f"{where}, zone"),
        _word(rule.get("format", ""), f"{where}, format"),
        tuple((str(word), str(meaning)) for word, meaning in values.items()),
        None if "otherwise" not in rule else str(rule["otherwise"]),
        _word(rule.get("separator", ""), f"{where}, separator"),
        drop,
    )


def _condition(raw: object, where: str) -> Condition:
    label = f"{where}, where"
    condition = _table(raw, label)
    _known(condition, {"column", "in", "not_in", "empty"}, label)
    tests = [key for key in ("in", "not_in", "empty") if key in condition]
    if "column" not in condition or len(tests) != 1:
        raise LoadError(
            "a condition needs column and one of in, not_in, empty.",
            where=label,
            fix='E.g. { column = "订单状态", in = ["交易成功"] }.',
        )
    aliases = _names(condition["column"], label)
    if tests == ["empty"]:
        return Condition(aliases, ("",), bool(condition["empty"]))
    words = condition[tests[0]]
    words = words if isinstance(words, list) else [words]
    return Condition(aliases, tuple(str(word) for word in words), tests == ["in"])


def _known(raw: Collection[str], known: Collection[str], where: str) -> None:
    for name in raw:
        if name not in known:
            raise LoadError(f"{name!r} is not known here.", where=where, fix=nearest(name, known))


def _table(raw: object, where: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise LoadError(f"{raw!r} must be a table of keys.", where=where, fix="E.g. [[orders]].")
    return raw


def _names(raw: object, where: str) -> tuple[str, ...]:
    listed = raw if isinstance(raw, list) else [raw]
    names = [" ".join(name.split()) for name in listed if isinstance(name, str)]
    if not names or len(names) < len(listed) or not all(names):
        raise LoadError(f"{raw!r} must be a column name or a list of them.", where=where)
    return tuple(names)


def _word(raw: object, where: str) -> str:
    if not isinstance(raw, str):
        raise LoadError(f"{raw!r} must be text.", where=where)
    return raw


def _zone(raw: object, where: str) -> str:
    try:
        return Settings(zone=_word(raw, where)).zone
    except ArgumentError as error:
        raise LoadError(error.what, where=where, fix=error.fix) from None


def _one_of(raw: object, allowed: Collection[str], where: str) -> str:
    if raw not in allowed:
        raise LoadError(
            f"{raw!r} must be one of {', '.join(allowed)}.",
            where=where,
            fix=nearest(str(raw), allowed),
        )
    return str(raw)
