"""Writing a simulated workspace chunk by chunk: staged beside, then renamed into place."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from commlab.config import SETTINGS_FILE, Settings, settings_to_toml
from commlab.errors import WorkspaceError
from commlab.tables import TABLES, UNIQUE_MARK

TRUTH_FILE = "truth.json"
HEAD_ROWS = 3  # kept of each table for its introduction
# Keys are unique by construction (equal rows of a table without one are real), texts stripped:
# no second look needed.
UNIQUE = {b"commlab.unique": b"true"}


class Store:
    """A workspace under construction; nothing appears in `out` before `finish`.

    Args:
        out: Folder of the workspace; made when absent. A simulated workspace there is renewed
            with its README files, other files in the folder stay.

    Raises:
        WorkspaceError: The folder holds a workspace that was not simulated.
    """

    def __init__(self, out: Path | str) -> None:
        self.out = Path(out)
        if self.out.exists() and not self.out.is_dir():
            raise WorkspaceError("is a file, not a folder.", where=str(out))
        holds = [name for name in TABLES if (self.out / f"{name}.parquet").exists()]
        real = holds or (self.out / SETTINGS_FILE).exists()
        if real and not (self.out / TRUTH_FILE).exists():
            raise WorkspaceError(
                f"holds a workspace that was not simulated (it has no {TRUTH_FILE}).",
                where=str(out),
                fix="Choose another folder: simulated tables would replace real ones.",
            )
        self.rows: dict[str, int] = {}
        self.heads: dict[str, pa.Table] = {}
        self._writers: dict[str, pq.ParquetWriter] = {}

    def __enter__(self) -> Store:
        self._made = not self.out.exists()
        self.out.mkdir(parents=True, exist_ok=True)
        self.stage = Path(tempfile.mkdtemp(prefix=".simulate-", dir=self.out))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for writer in self._writers.values():
            writer.close()
        shutil.rmtree(self.stage)
        if error is not None and self._made:
            shutil.rmtree(self.out)

    def add(self, tables: dict[str, pa.Table]) -> None:
        """Append rows to tables."""
        for name, rows in tables.items():
            if name not in self._writers:
                schema = rows.schema.with_metadata(UNIQUE)
                self._writers[name] = pq.ParquetWriter(
                    self.stage / f"{name}.parquet", schema, compression="zstd"
                )
                self.rows[name], self.heads[name] = 0, rows.slice(0, HEAD_ROWS)
            self._writers[name].write_table(rows)
            self.rows[name] += rows.num_rows

    def close(self) -> None:
        """Close the tables: from now on they are files in `stage`."""
        for name, writer in self._writers.items():
            # Keys are unique by construction (equal rows of a table without one are real), texts
            # stripped: no second look needed.
            writer.add_key_value_metadata({UNIQUE_MARK: str(self.rows[name])})
            writer.close()
        self._writers = {}

    def finish(self, settings: Settings, texts: dict[str, str]) -> None:
        """Move everything into place, and take away tables of an earlier simulation.

        Args:
            settings: Settings of the workspace.
            texts: Other files by name, the truth file among them.
        """
        self.close()
        (self.stage / SETTINGS_FILE).write_text(settings_to_toml(settings), encoding="utf-8")
        for name, text in texts.items():
            (self.stage / name).write_text(text, encoding="utf-8")
        staged = {path.name for path in self.stage.iterdir()}
        # The truth comes first: a workspace cut off half-way is still known as a simulated one.
        for path in sorted(self.stage.iterdir(), key=lambda path: path.name != TRUTH_FILE):
            path.replace(self.out / path.name)
        for name in TABLES:
            for file in (f"{name}.parquet", f"{name}.csv"):
                if file not in staged:
                    (self.out / file).unlink(missing_ok=True)
