"""A list of people that an earlier run wrote, read back."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from commlab.errors import DataError
from commlab.report.spreadsheet import EXCEL


def read_people(source: Path) -> pd.DataFrame:
    """Return a list of people, every cell as the text that stands there.

    Args:
        source: A CSV file with a column `member_id`, e.g. `private/churn.csv` of a run.

    Raises:
        DataError: It cannot be read, is empty, has no `member_id`, or names somebody twice.
    """
    where = source.name
    try:
        # As text: a code 007 or a name NA comes out as it went in.
        frame = pd.read_csv(source, dtype=str, keep_default_na=False, encoding=EXCEL)
    except FileNotFoundError:
        raise DataError("there is no such list.", where=str(source),
                        fix="Lists are in private/ of a run.") from None  # fmt: skip
    except (OSError, ValueError) as error:  # pandas' parser errors are values, too
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"is not a readable CSV file: {reason}.", where=where) from None
    if "member_id" not in frame:
        raise DataError(
            "has no column member_id.",
            where=where,
            fix=f"It has: {', '.join(map(str, frame.columns))}.",
        )
    empty = int(frame["member_id"].str.strip().eq("").sum())
    if empty:
        raise DataError(f"member_id is empty in {empty:,} rows.", where=where,
                        fix="Remove them.")  # fmt: skip
    twice = int(frame["member_id"].duplicated().sum())
    if twice:
        raise DataError(f"{twice:,} rows name somebody who stands in the list already.",
                        where=where, fix="Keep one row a person.")  # fmt: skip
    if frame.empty:
        raise DataError("is empty: there is nobody to assign.", where=where)
    return frame


def typed(listed: pd.DataFrame, by: str | None) -> pd.DataFrame:
    """Return the list with the column to stratify by as numbers, where it holds numbers only."""
    if by is None or by not in listed or by.endswith("_id"):
        return listed
    numbers = pd.to_numeric(listed[by].replace("", None), errors="coerce")
    known = listed[by].ne("")
    return listed.assign(**{by: numbers}) if numbers[known].notna().all() else listed
