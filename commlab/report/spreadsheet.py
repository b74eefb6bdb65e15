"""Tables as spreadsheet programs read them: no formulas, no Python, Chinese legible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

EXCEL = "utf-8-sig"  # without the mark Excel reads Chinese as the system's old code page
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def neutralised(frame: pd.DataFrame, *, keep_ids: bool = False) -> pd.DataFrame:
    """Return a frame in which no text cell is a formula to a spreadsheet.

    Cells and headers that begin with `= + - @`, their full-width forms or a control character
    get an apostrophe in front.

    Args:
        frame: Any frame; it stays as it is.
        keep_ids: Leave columns named `…_id` alone, because another program reads them back.

    Example:
        >>> import pandas as pd
        >>> neutralised(pd.DataFrame({"name": ["=1+1", "tea"], "delta": [-1, 2]}))
            name  delta
        0  '=1+1     -1
        1    tea      2
    """
    import pandas as pd

    safe = frame.copy()
    for position, column in enumerate(frame.columns):
        if keep_ids and str(column).endswith("_id"):
            continue
        cells = frame.iloc[:, position]
        if pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_datetime64_any_dtype(cells):
            continue
        safe.isetitem(position, [neutral(cell) for cell in cells])
    safe.columns = [neutral(str(column)) for column in frame.columns]
    return safe


def neutral(cell: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def joined(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose lists are text: a cell of a CSV is no Python.

    Example:
        >>> import pandas as pd
        >>> joined(pd.DataFrame({"tags": [("new", "tea"), ()]}))["tags"].tolist()
        ['new; tea', '']
    """
    several = {
        name: frame[name].map(
            lambda x: "; ".join(map(str, x)) if isinstance(x, tuple | list) else x
        )
        for name in frame.columns
        if frame[name].dtype == object
    }
    return frame.assign(**several)
