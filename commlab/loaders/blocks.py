"""One block of a map applied to one chunk of a file."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from commlab.errors import LoadError, nearest
from commlab.loaders import times, values
from commlab.loaders.files import Chunk, Source
from commlab.loaders.leftout import ValueTally
from commlab.loaders.report import Account
from commlab.loaders.rules import Block, ColumnRule, Condition
from commlab.tables import Column

_PERSONAL = ("member_id", "nickname", "text", "respondent_id")
_KINDS = {
    "time": "a time",
    "date": "a date",
    "money": "an amount",
    "int": "a whole number",
    "float": "a number",
    "bool": "yes or no",
}


@dataclasses.dataclass(frozen=True)
class Failure:
    """A row that was not loaded, for the message when none was.

    Attributes:
        line: Line in the source.
        reason: Why.
        cell: The cell that was to blame.
    """

    line: int
    reason: str
    cell: str


@dataclasses.dataclass(frozen=True)
class Bound:
    """A block with its columns found in one source.

    Attributes:
        block: The block.
        columns: (rule, source column or "" for a constant), found ones only.
        conditions: (condition, source column).
        absent: Canonical columns of which the source has no alias.
    """

    block: Block
    columns: tuple[tuple[ColumnRule, str], ...]
    conditions: tuple[tuple[Condition, str], ...]
    absent: tuple[str, ...]

    @property
    def used(self) -> set[str]:
        """The source columns that are read."""
        return {name for _, name in (*self.columns, *self.conditions)}

    @property
    def personal(self) -> set[str]:
        """The source columns that name or quote people."""
        table = self.block.table
        return {
            name
            for rule, name in self.columns
            if table[rule.name].references == "members.member_id" or rule.name in _PERSONAL
        }


def bind(block: Block, source: Source) -> Bound:
    """Find the columns of a block in a source.

    Raises:
        LoadError: A required column, or the column of a condition, is not there.
    """
    found, absent = [], []
    for rule in block.columns:
        name = _pick(rule.aliases, source)
        if rule.constant is not None:
            found.append((rule, ""))
        elif name:
            found.append((rule, name))
        elif block.table[rule.name].required:
            raise _missing(rule.aliases, source, f"{block.table.name}.{rule.name}")
        else:
            absent.append(rule.name)
    conditions = []
    for condition in block.where:
        name = _pick(condition.aliases, source)
        if not name:
            raise _missing(condition.aliases, source, f"a condition of {block.table.name}")
        conditions.append((condition, name))
    return Bound(block, tuple(found), tuple(conditions), tuple(absent))


def apply(
    bound: Bound, chunk: Chunk, account: Account, tallies: Sequence[ValueTally]
) -> tuple[pd.DataFrame, Failure | None]:
    """Convert a chunk into rows of the block's table, and account for every row of it.

    Args:
        bound: The block, bound to the source of the chunk.
        chunk: Text rows.
        account: Account to write to.
        tallies: One for each condition of the block; what they left out is to be settled with
            the account after the last chunk.

    Returns:
        Rows of the table, indexed by line, and the first row that was not loaded.
    """
    table = bound.block.table
    text = chunk.frame
    account.rows += chunk.rows
    for reason, lines in chunk.rejected.items():
        account.reject(reason, lines)
    reasons: list[tuple[str, str]] = []  # (reason, source column)
    blame = np.full(len(text), -1)

    def refuse(mask: pd.Series, reason: str, column: str) -> None:
        hit = mask.to_numpy(bool) & (blame < 0)
        if hit.any():
            blame[hit] = len(reasons)
            reasons.append((reason, column))

    conditions = len(bound.conditions)
    for (condition, name), tally in zip(bound.conditions, tallies, strict=True):
        meets = _meets(condition, text[name])
        tally.see(text[name], meets)
        hit = ~meets.to_numpy(bool) & (blame < 0)
        blame[hit] = len(reasons)
        reasons.append((f"left out by the condition on {name!r}", name))
        tally.leave_out(text[name][hit])
    done: dict[str, pd.Series] = {}
    doubts: list[tuple[str, pd.Series]] = []
    for rule, name in bound.columns:
        column = table[rule.name]
        parsed = convert(column, rule, text[name] if name else _constant(rule, text.index))
        kind = _KINDS.get(column.dtype, "text")
        outside = pd.Series(False, index=text.index)
        allowed = column.values  # noqa: PD011 - of the declaration, not of a frame
        if allowed:
            outside = parsed.cells.notna() & ~parsed.cells.isin(allowed)
        if column.required:
            refuse(parsed.bad, f"{rule.name}: not {kind}", name)
            refuse(outside, f"{rule.name}: not one of {', '.join(allowed)}", name)
            refuse(parsed.cells.isna(), f"{rule.name}: empty", name)
        else:
            doubts.append((f"{rule.name} left empty: not {kind}", parsed.bad))
            doubts.append((f"{rule.name} left empty: not a word of the table", outside))
        doubts += [(f"{rule.name}: {flag}", mask) for flag, mask in parsed.flags.items()]
        done[rule.name] = parsed.cells.mask(outside)
    good = blame < 0
    for number, (reason, _) in enumerate(reasons[conditions:], start=conditions):
        account.reject(reason, text.index[blame == number])
    for doubt, mask in doubts:
        account.alter(doubt, text.index[mask.to_numpy(bool) & good])
    account.load(int(good.sum()))
    return pd.DataFrame(done, index=text.index)[good], _first(blame, reasons, text)


def convert(column: Column, rule: ColumnRule, text: pd.Series) -> values.Parsed:
    """Convert a text column to the type of a canonical one, words translated first."""
    if rule.words or rule.otherwise is not None:
        words = text.str.strip()
        known = dict(rule.words)
        translated = words.map(known)
        rest = words if rule.otherwise is None else pd.Series(rule.otherwise, index=text.index)
        text = translated.where(translated.notna(), rest).where(words != "", "").astype("str")
    if column.dtype == "id":
        return values.to_id(text, drop_point_zero=rule.drop_point_zero)
    if column.dtype == "money":
        return values.to_money(text, unit=rule.unit)
    if column.dtype == "time":
        return times.to_time(text, zone=rule.zone or "Asia/Shanghai", form=rule.format)
    if column.dtype == "date":
        return times.to_date(text, form=rule.format)
    if column.dtype == "list":
        return values.to_list(text, separator=rule.separator)
    simple = {"text": values.to_text, "int": values.to_int, "float": values.to_float,
              "bool": values.to_bool}  # fmt: skip
    parsed = simple[column.dtype](text)
    if column.values:  # noqa: PD011 - of the declaration, not of a frame
        return dataclasses.replace(parsed, cells=parsed.cells.str.strip())
    return parsed


def _constant(rule: ColumnRule, index: pd.Index) -> pd.Series:
    return pd.Series(rule.constant, index=index, dtype="str")


def _meets(condition: Condition, text: pd.Series) -> pd.Series:
    words = text.str.strip()
    if condition.words == ("",):
        hit = words.isin(values.EMPTY_VALUE)
    else:
        hit = words.isin(condition.words)
    return hit if condition.keep else ~hit


def _first(
    blame: np.ndarray, reasons: Sequence[tuple[str, str]], text: pd.DataFrame
) -> Failure | None:
    rows = np.flatnonzero(blame >= 0)
    if not len(rows):
        return None
    reason, column = reasons[blame[rows[0]]]
    cell = str(text[column].iloc[rows[0]]) if column else ""
    return Failure(int(text.index[rows[0]]), reason, cell)


def _pick(aliases: Sequence[str], source: Source) -> str:
    return next((name for name in aliases if name in source.columns), "")


def _missing(aliases: Sequence[str], source: Source, use: str) -> LoadError:
    wanted = " or ".join(repr(name) for name in aliases)
    return LoadError(
        f"has no column {wanted}, needed for {use}.",
        where=f"{source.name}, line {source.header_line}",
        fix=f"{nearest(aliases[0], source.columns)} Its columns: {', '.join(source.columns)}.",
    )
