"""What the named adapters share: one file with known columns, read whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from commlab.errors import LoadError
from commlab.loaders.files import Chunk, open_source
from commlab.loaders.options import Options
from commlab.loaders.report import Account, SourceInfo
from commlab.loaders.workspace import WorkspaceWriter


def one_file(
    paths: Sequence[Path],
    writer: WorkspaceWriter,
    options: Options,
    columns: Sequence[str],
    into: str,
) -> tuple[Chunk, Account]:
    """Open the file of an adapter and its account.

    Args:
        paths: Must be one file.
        writer: Writer whose report gets the source.
        options: Encoding.
        columns: Columns that must be there.
        into: Tables that the rows go into, for the account.

    Returns:
        All rows as text, and the account, in which broken rows are rejected already.

    Raises:
        LoadError: Not one file, a column is missing, or there are no rows.
    """
    if len(paths) != 1 or paths[0].is_dir():
        raise LoadError(
            "is not one file.",
            where=", ".join(path.name for path in paths),
            fix=f"The format {writer.report.format!r} reads one file.",
        )
    source = open_source(paths[0], encoding_name=options.encoding, expect=columns)
    source.require(columns)
    writer.saw(paths[0], source.name)
    chunk = source.read()
    if not chunk.rows:
        raise LoadError("has a header and no rows.", where=source.name, fix="Export it again.")
    info = SourceInfo(
        source.name, chunk.rows, source.kind, source.encoding, source.delimiter,
        source.header_line, [name for name in source.columns if name not in columns],
    )  # fmt: skip
    writer.report.sources.append(info)
    account = writer.report.account(source.name, into)
    account.rows = chunk.rows
    for reason, lines in chunk.rejected.items():
        account.reject(reason, lines)
    return chunk, account


class Sieve:
    """Takes rows out of a frame by reason, and counts each row once.

    Args:
        frame: Rows, indexed by line.
        account: Where they are counted.
    """

    def __init__(self, frame: pd.DataFrame, account: Account) -> None:
        self._index = frame.index
        self._account = account
        self.left = pd.Series(True, index=frame.index)
        self._first: tuple[int, str] | None = None

    def refuse(self, mask: pd.Series | np.ndarray, reason: str) -> None:
        """Take rows out, those that are still in; where the mask is null they stay."""
        known = pd.Series(mask).astype("boolean").fillna(False).to_numpy(bool)
        hit = known & self.left.to_numpy()
        if hit.any():
            lines = self._index[hit]
            self._account.reject(reason, lines)
            self.left = self.left & ~hit
            if self._first is None or lines[0] < self._first[0]:
                self._first = int(lines[0]), reason

    def require_some(self, frame: pd.DataFrame) -> None:
        """Raise when no row is left: that is a wrong format, not a dirty file.

        Raises:
            LoadError: With the first line that was refused, and its reason.
        """
        if not self.left.any():
            line, reason = self._first or (0, "every row is broken")
            cells = list(frame.loc[line]) if line in frame.index else []
            raise LoadError(
                f"no row could be loaded; the first: {reason} ({', '.join(map(repr, cells))}).",
                where=f"{self._account.source}, line {line}",
                fix="Check that the file is of this format.",
            )
