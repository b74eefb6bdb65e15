"""The header of an exported table: where it is, and the names in it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Collection, Sequence

from commlab.errors import LoadError

SAMPLE = 50  # records looked at; exports have at most a dozen title rows
DELIMITERS = (",", "\t", ";", "|")
_NEARLY_ALL = 0.8  # a header fills its row; a title fills one or two cells


def delimiter(text: str) -> str:
    r"""Return the delimiter that splits the first lines most evenly.

    Args:
        text: The first part of the file; its last line may be cut off.

    Returns:
        One of comma, tab, semicolon, bar; comma where none splits anything.

    Example:
        >>> delimiter("a\tb\n1,5\t2\n")
        '\t'
    """
    lines = text.splitlines()[:SAMPLE]
    if len(lines) > 2 and not text.endswith(("\n", "\r")):
        lines = lines[:-1]
    scores = {}
    for candidate in DELIMITERS:
        try:
            widths = Counter(len(cells) for cells in csv.reader(lines, delimiter=candidate))
        except csv.Error:
            continue
        wide = {width: count for width, count in widths.items() if width > 1}
        # Cells that even rows agree on: many columns beat few, agreement beats accident.
        scores[candidate] = max((width * count for width, count in wide.items()), default=0)
    best = max(scores, key=lambda item: scores[item], default=",")
    return best if scores.get(best) else ","


def find(
    records: Sequence[tuple[int, list[str]]], given: int, expect: Collection[str], where: str
) -> tuple[int, list[str]]:
    """Return the line and the cells of the header.

    Args:
        records: (line, cells) of the top of the file.
        given: Line that the user named; 0: find it.
        expect: Names that should be in it; the row with the most of them is the header.
        where: File name for messages.

    Returns:
        Line number and cells.

    Raises:
        LoadError: There is none.

    Example:
        >>> top = [(1, ["订单报表"]), (2, ["订单编号 ", "总金额"]), (3, ["1", "2.5"])]
        >>> find(top, 0, (), "orders.csv")
        (2, ['订单编号 ', '总金额'])
    """
    rows = [(line, cells) for line, cells in records if any(cell.strip() for cell in cells)]
    if not rows:
        raise LoadError("holds no rows.", where=where, fix="Export it again.")
    if given:
        for line, cells in rows:
            if line == given:
                return line, cells
        raise LoadError(
            f"header == {given}, but there is no row on that line.",
            where=where,
            fix=f"Filled lines begin {', '.join(str(line) for line, _ in rows[:5])}.",
        )
    names = set(expect)
    hits = [len(names & {_clean(cell) for cell in cells}) for _, cells in rows]
    if max(hits) > 0:
        return rows[hits.index(max(hits))]
    widths = Counter(len(cells) for _, cells in rows)
    # A header and its rows agree in width; one odd row, however wide, agrees with nothing.
    width = max(widths, key=lambda item: (widths[item] > 1, item * widths[item], item))
    filled = [
        sum(bool(cell.strip()) for cell in cells) if len(cells) == width else 0 for _, cells in rows
    ]
    enough = _NEARLY_ALL * max(filled)
    return next(row for row, count in zip(rows, filled, strict=True) if count >= enough)


def clean_names(cells: Sequence[str]) -> tuple[str, ...]:
    """Return usable column names: trimmed, the nameless and the doubled made distinct.

    Example:
        >>> clean_names(["订单编号 ", "", "金额", "金额"])
        ('订单编号', '(column 2)', '金额', '金额 (2)')
    """
    trimmed = [_clean(cell) for cell in cells]
    while trimmed and not trimmed[-1]:
        trimmed.pop()
    names: list[str] = []
    for position, name in enumerate(trimmed, start=1):
        base = name or f"(column {position})"
        candidate, copy = base, 1
        while candidate in names:
            copy += 1
            candidate = f"{base} ({copy})"
        names.append(candidate)
    return tuple(names)


def _clean(cell: str) -> str:
    return " ".join(cell.replace("\ufeff", "").split())
