"""What a reader keeps of its sources, so that the next load can go on from it.

A table alone does not say what it was made of: which order stood in which state, whose phone was
masked, who was in a group on which day. Readers that need it keep it in `sources/` of the
workspace, phones and account numbers hashed, and make the tables of all that was ever read.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from commlab.errors import WorkspaceError
from commlab.loaders import identifiers
from commlab.loaders.workspace import WorkspaceWriter

TIME = "datetime64[us, UTC]"
_MARK_FILE = "secret.txt"
Columns = Mapping[str, str]


def check_secret(writer: WorkspaceWriter) -> None:
    """Make sure that hashes of this load and of earlier ones can meet.

    Raises:
        WorkspaceError: Earlier loads were made under another secret.
    """
    # The hash of a constant: it tells two secrets apart, and nothing else of them.
    mark = identifiers.identifier_hash("phone", "", scope="secret")
    old = writer.kept(_MARK_FILE)
    if old is not None and old.read_text(encoding="utf-8") != mark:
        raise WorkspaceError(
            "was loaded under another secret, so that its phones and those of this load cannot be "
            "compared.",
            where=str(writer.out),
            fix="Load under the same user or COMMLAB_SECRET, or load the whole without append.",
        )
    writer.keep(_MARK_FILE).write_text(mark, encoding="utf-8")


def keep(writer: WorkspaceWriter, name: str, frame: pd.DataFrame, columns: Columns) -> None:
    """Keep the columns of a frame for the next load."""
    typed = frame[list(columns)].astype(dict(columns))
    table = pa.Table.from_pandas(typed, preserve_index=False)
    pq.write_table(table, writer.keep(f"{name}.parquet"), compression="zstd")


def kept(writer: WorkspaceWriter, name: str, columns: Columns) -> pd.DataFrame:
    """Return what earlier loads kept; no rows where there were none.

    Raises:
        WorkspaceError: The file is broken, or of another version.
    """
    path = writer.kept(f"{name}.parquet")
    if path is None:
        return pd.DataFrame({column: pd.Series(dtype=kind) for column, kind in columns.items()})
    try:
        return pq.read_table(path).to_pandas()[list(columns)].astype(dict(columns))
    except (pa.ArrowException, OSError, KeyError) as error:
        raise WorkspaceError(
            f"cannot be read: {(str(error).splitlines() or [''])[0]}.",
            where=f"{path.parent.name}/{path.name}",
            fix="Load the whole without append.",
        ) from None
