# ruff: noqa: S608 - the queries hold names of declared tables and columns, and quoted paths
"""Staged rows of one table become rows of the workspace: each once, and corrected where newer.

`staged` has the rows of this load and, where a load is appended, those of the workspace, which
have `_source` −1 and negative `_order`: they come first. What is taken out goes into `dropped`,
with the reason; rows made of an old and a newer one go into `corrected`, in the place of the old.

* Of exact copies of a row that a key names, one stays.
* A newer row of a key that the workspace has corrects it, cell by cell (`corrections`).
* Rows that nothing names are counted: of equal ones the larger of both numbers stays, so that
  loading twice adds nothing and no twin is lost. A row that merely knows more of what comes later
  (a coupon, redeemed since) takes the place of the old one.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import duckdb

from commlab.errors import WorkspaceError
from commlab.loaders import corrections, counting, forget_rules as rules
from commlab.loaders.report import ALREADY, CORRECTION, EXAMPLES
from commlab.loaders.sql import listed, quoted, same
from commlab.tables import Table

COPY = "exact copy of an earlier row"
SAME_KEY = "another row of the same key"
_TYPES = {"id": "VARCHAR", "text": "VARCHAR", "time": "TIMESTAMPTZ", "date": "DATE",
          "money": "DECIMAL(18,2)", "int": "BIGINT", "float": "DOUBLE", "bool": "BOOLEAN",
          "list": "VARCHAR[]"}  # fmt: skip
_OWN = ("_source", "_line", "_order")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of the rows of one table.

    Attributes:
        counts: (number of the source, reason or `CORRECTION`, rows, first lines).
        conflicts: Keys whose rows contradict each other.
        held: Column → rows in which a newer cell was not believed.
    """

    counts: list[tuple[int, str, int, list[int]]]
    conflicts: int
    held: dict[str, int]


class Joining:
    """The rows of one table on their way into a workspace.

    Args:
        engine: The engine, its zone UTC.
        table: The declaration.
        parts: Parquet files of this load.
        old: File of the workspace that the rows are joined with.
        gone: Hashes of people who were forgotten (`forgotten`): none of them comes back.

    Raises:
        WorkspaceError: The old file is not in the columns and types of the table.
    """

    def __init__(
        self,
        engine: duckdb.DuckDBPyConnection,
        table: Table,
        parts: Sequence[Path],
        old: Path | None = None,
        gone: frozenset[str] = frozenset(),
    ) -> None:
        self.engine, self.table, self.old = engine, table, old
        self._left_out: list[tuple[int, str, int, list[int]]] = []
        files = ", ".join(quoted(path) for path in parts)
        new = f"SELECT * FROM read_parquet([{files}], union_by_name = true)"
        self._new = self._columns(new)
        self._old: list[str] = []
        if old is not None:
            self._old = [name for name in self._columns(_file(old)) if name not in _OWN]
            casts = ", ".join(
                f'"{name}"::{_TYPES[table[name].dtype]} AS "{name}"' if name in table
                else f'"{name}"'
                for name in self._old
            )  # fmt: skip
            rows = f"(SELECT count(*) FROM {_parquet(old)})"
            new = (
                f"SELECT {casts}, -1 AS _source, file_row_number AS _line, "
                f"file_row_number - {rows} AS _order "
                f"FROM read_parquet({quoted(old)}, file_row_number = true) UNION ALL BY NAME {new}"
            )
        engine.execute(f"CREATE OR REPLACE TEMP VIEW everybody AS {new}")
        here, held = "FROM everybody", self._columns("FROM everybody")
        if gone:
            here, self._left_out = rules.without(engine, table, held, gone)
        engine.execute(f"CREATE OR REPLACE TEMP VIEW staged AS {here}")
        # What a person added to the file is kept, after what is declared.
        extra = [name for name in self._old if name not in table]
        self.declared = [name for name in table.names if name in held]
        self.columns = [*self.declared, *extra]
        engine.execute(
            "CREATE OR REPLACE TEMP TABLE dropped (_source INT, _line BIGINT, _order BIGINT, "
            "reason VARCHAR)"
        )
        engine.execute("CREATE OR REPLACE TEMP TABLE corrected AS "
                       f"SELECT {listed(self.columns)}, _source, _line, _order, _order AS _nth "
                       "FROM staged WHERE false")  # fmt: skip

    def settle(self, *, earliest: bool, again: Collection[int] = ()) -> Outcome:
        """Take out what is there already, and make corrections.

        Args:
            earliest: Whether, of rows with one key, only the earliest stays.
            again: Numbers of the sources that were loaded before.
        """
        conflicts = 0
        held: dict[str, int] = {}
        name = self.table.key or (corrections.names(self.table) if self.old is not None else ())
        with self._readable():
            if name and self._doubled(name):
                self._copies(name, earliest=earliest)
                if self.old is not None and not earliest:
                    held = self._correct(name, again)
                conflicts = self._number(
                    f"SELECT count(*) FROM (SELECT {listed(name)} FROM ({self._rows()}) "
                    f"GROUP BY {listed(name)} HAVING count(*) > 1)"
                )
            elif not name and self.old is not None:
                # An export with fewer columns is compared by those that it has.
                shared = [c for c in self.declared if c in self._old and c in self._new]
                counting.settle(self.engine, self.table, shared, self.columns)
        counts = self._counts(
            "SELECT _source, _line, reason FROM dropped UNION ALL BY NAME "
            f"SELECT _source, _line, '{CORRECTION}' AS reason FROM corrected"
        )
        if self.old is not None and earliest:
            # An earlier row took the place of the one that was there.
            counts += self._counts(
                f"SELECT s._source, s._line, '{CORRECTION}' AS reason FROM staged s "
                f"SEMI JOIN (SELECT {listed(name)} FROM staged WHERE _source < 0) o "
                f"ON {same('s', 'o', name)} ANTI JOIN dropped USING (_order)"
            )
        return Outcome(counts + self._left_out, conflicts if self.table.key else 0, held)

    def write(self, path: Path, options: str) -> None:
        """Write the rows that are left, in order of time."""
        event = self.table.event
        order = f'"{event}" NULLS LAST, ' if event in self.declared else ""
        with self._readable():
            self.engine.execute(
                f"COPY (SELECT {listed(self.columns)} FROM ({self._rows()}) "
                f"ORDER BY {order}_order, _nth) TO {quoted(path)} "
                f"(FORMAT parquet, COMPRESSION zstd{options})"
            )

    def count(self) -> int:
        """Return how many rows are left."""
        return self._number(f"SELECT count(*) FROM ({self._rows()})")

    @contextlib.contextmanager
    def _readable(self) -> Iterator[None]:
        """Turn a cell of the workspace that will not cast into an error of ours."""
        try:
            yield
        except duckdb.ConversionException as error:
            raise WorkspaceError(
                f"holds what is not of the table: {str(error).splitlines()[0]}.",
                where=self.old.name if self.old is not None else self.table.name,
                fix="`commlab check` names the rows; mend them, or load the whole.",
            ) from None

    def _counts(self, rows: str) -> list[tuple[int, str, int, list[int]]]:
        return self.engine.execute(
            f"SELECT _source, reason, count(*), list_sort(list_distinct(min(_line, {EXAMPLES}))) "
            f"FROM ({rows}) WHERE _source >= 0 AND reason IS NOT NULL GROUP BY ALL ORDER BY ALL"
        ).fetchall()

    def _rows(self) -> str:
        return (
            f"SELECT {listed(self.columns)}, _source, _line, _order, 0 AS _nth FROM staged "
            f"ANTI JOIN dropped USING (_order) UNION ALL BY NAME SELECT * FROM corrected"
        )

    def _doubled(self, name: Sequence[str]) -> bool:
        self.engine.execute(
            f"CREATE OR REPLACE TEMP TABLE doubled AS SELECT {listed(name)} FROM staged "
            f"GROUP BY {listed(name)} HAVING count(*) > 1"
        )
        return self._number("SELECT count(*) FROM doubled") > 0

    def _copies(self, name: Sequence[str], *, earliest: bool) -> None:
        """Take out exact copies and, where only the earliest counts, the later rows of a key."""
        event = self.table.event
        order = f'"{event}" NULLS LAST, _order' if event else "_order"
        equal = listed(self.declared)
        # Where no key is declared, equal rows are only copies as far as the workspace has them.
        copy = "copy > 1" if self.table.key else "_source >= 0 AND copy <= 2 * known"
        self.engine.execute(
            "INSERT INTO dropped SELECT _source, _line, _order, CASE "
            f"WHEN {copy} THEN CASE WHEN known > 0 THEN '{ALREADY}' ELSE '{COPY}' END "
            f"ELSE '{SAME_KEY}' END FROM ("
            f"SELECT *, row_number() OVER (PARTITION BY {equal} ORDER BY _order) AS copy, "
            f"count(*) FILTER (_source < 0) OVER (PARTITION BY {equal}) AS known, "
            f"row_number() OVER (PARTITION BY {listed(name)} ORDER BY {order}) AS nth "
            f"FROM (SELECT s.* FROM staged s SEMI JOIN doubled d ON {same('s', 'd', name)})) "
            f"WHERE {copy} OR (nth > 1 AND {earliest})"
        )

    def _correct(self, name: Sequence[str], again: Collection[int]) -> dict[str, int]:
        """Make corrected rows of the newer ones whose key the workspace has."""
        table, held = self.table, {*self._old, *self._new}
        others = [column for column in self.columns if column not in name]
        last = ", ".join(f'last("{c}" ORDER BY _order) FILTER ("{c}" IS NOT NULL) AS "{c}"'
                         for c in others)  # fmt: skip
        engine = self.engine
        engine.execute(
            "CREATE OR REPLACE TEMP TABLE fresh AS SELECT s.* FROM staged s "
            f"SEMI JOIN doubled d ON {same('s', 'd', name)} ANTI JOIN dropped USING (_order)"
        )
        engine.execute(
            f"CREATE OR REPLACE TEMP TABLE loaded AS SELECT {listed(name)}, "
            f"{f'{last}, ' if last else ''}count(*) AS rows, min(_order) AS place FROM ("
            "SELECT o.* FROM fresh o SEMI JOIN (SELECT * FROM fresh WHERE _source >= 0) n "
            f"ON {same('n', 'o', name)} WHERE o._source < 0) GROUP BY {listed(name)}"
        )
        before = f"n._source IN ({', '.join(map(str, sorted(again)))})" if again else "false"
        cells = ", ".join(f'{corrections.cell(table, c, held, before)} AS "{c}"' for c in others)
        keys = ", ".join(f'n."{c}"' for c in name)
        engine.execute(
            f"CREATE OR REPLACE TEMP TABLE merged AS SELECT {keys}, {f'{cells}, ' if cells else ''}"
            "n._source, n._line, o.place AS _order, n._order AS _nth, o.rows = 1 AS single "
            f"FROM fresh n JOIN loaded o ON {same('n', 'o', name)} WHERE n._source >= 0"
        )
        equal = same("m", "o", self.columns)
        engine.execute(
            "CREATE OR REPLACE TEMP TABLE known AS SELECT m._nth FROM merged m "
            f"JOIN loaded o ON o.place = m._order WHERE single AND {equal}"
        )
        engine.execute(
            f"INSERT INTO corrected SELECT {listed(self.columns)}, _source, _line, _order, _nth "
            "FROM merged ANTI JOIN known USING (_nth) QUALIFY row_number() OVER "
            f"(PARTITION BY {listed(self.columns)} ORDER BY _nth) = 1"
        )
        # Old rows give way to their corrections; newer ones are counted by what became of them.
        engine.execute(
            "INSERT INTO dropped SELECT n._source, n._line, n._order, CASE "
            f"WHEN k._nth IS NOT NULL THEN '{ALREADY}' WHEN c._nth IS NULL THEN '{COPY}' END "
            "FROM fresh n JOIN merged m ON m._nth = n._order "
            "LEFT JOIN known k ON k._nth = n._order "
            "LEFT JOIN corrected c ON c._nth = n._order WHERE n._source >= 0"
        )
        engine.execute(
            "INSERT INTO dropped SELECT o._source, o._line, o._order, NULL FROM fresh o "
            f"JOIN loaded l ON {same('o', 'l', name)} WHERE o._source < 0 "
            "AND l.place IN (SELECT _order FROM corrected)"
        )
        counts = {}
        for column in (c for t, c in sorted(corrections.HELD) if t == table.name and c in held):
            query = (f'SELECT count(*) FROM fresh n JOIN loaded o ON {same("n", "o", name)} '
                     f'WHERE n._source >= 0 AND n."{column}" <> o."{column}"')  # fmt: skip
            counts[column] = self._number(query)
        return {column: rows for column, rows in counts.items() if rows}

    def _columns(self, query: str) -> list[str]:
        try:
            return [str(row[0]) for row in self.engine.execute(f"DESCRIBE {query}").fetchall()]
        except duckdb.Error as error:
            where = self.old.name if self.old is not None else self.table.name
            raise WorkspaceError(f"cannot be read: {str(error).splitlines()[0]}.",
                                 where=where) from None  # fmt: skip

    def _number(self, query: str) -> int:
        row = self.engine.execute(query).fetchone()
        return int(row[0]) if row else 0


def _parquet(path: Path) -> str:
    return f"read_parquet({quoted(path)})"


def _file(path: Path) -> str:
    return f"SELECT * FROM {_parquet(path)}"
