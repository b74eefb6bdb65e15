"""Message archives: JSON lines of any size, read in blocks, parsed by the embedded engine.

Memory does not grow with the archive: a block is parsed and written out before the next is read.
What needs the whole (withdrawals, replies, mentions) is left to `talk`, which the engine spills.

Times are milliseconds. `agree` and `disagree` are consents and `switch` an event of the client:
no messages. Money, in fen, places and the contents of cards are not loaded.
"""

# ruff: noqa: S608 - the queries hold own names and quoted paths

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from commlab.loaders.report import ALREADY, EXAMPLES, Account, SourceInfo
from commlab.loaders.sql import quoted
from commlab.loaders.unpack import Unpacked
from commlab.loaders.wecom.answers import File
from commlab.loaders.wecom.store import Store

BLOCK = 1 << 25  # 32 MB: some 100,000 messages
LONGEST = 1 << 26  # 64 MB: no message is as long; a file without line ends must not fill memory
_PIECE = 16_384  # lines that one thread of the engine takes at a time
BROKEN = "not a JSON object"
NOT_UTF8 = "not UTF-8"
CONSENT = "consent to archiving: no message"
SWITCH = "switch of the client: no message"
AMONG_STAFF = "one-to-one between staff accounts: not with a customer"
NO_TARGET = "withdrawal that names no message"
WITHDRAWAL = "withdrawal of a message"
NO_TIME = "msgtime: not milliseconds since 1970"
_KINDS = {
    "text": ("text", "markdown", "mixed"),
    "image": ("image", "emotion"),
    "video": ("video", "sphfeed"),
    "link": ("link", "news"),
    "mini_program": ("weapp",),
    "red_packet": ("redpacket", "external_redpacket"),
    "file": ("file", "docmsg", "qydiskfile"),
}
_PATHS = ("msgid", "action", "from", "roomid", "msgtime", "msgtype", "text.content",
          "markdown.content", "mixed.item", "revoke.pre_msgid")  # fmt: skip
# The forms in which the chat programs quote what is answered: the protocol has no field for it.
_LONG = (
    r"(?s)^[^\n]*(?:引用|回复|[Qq]uote|[Rr]epl)[^\n]*\n[“\"]([^\n]*?)[：:]\n"
    r"(.*?)[”\"]\n-{3,}\n(.*)$"
)
_SHORT = r"(?s)^「([^\n：:]*?)[：:](.*?)」\n(?:- ){3,}-? *\n(.*)$"
# The items of a mixed message are JSON in a string.
_MIXED = (
    "array_to_string([TRY(json_extract_string(item.content, '$.content')) FOR item IN "
    """json_transform(v[9], '[{"type": "VARCHAR", "content": "VARCHAR"}]') """
    "IF item.type = 'text'], chr(10))"
)
_SCHEMA = {
    "said": "NULL::BOOLEAN AS inward, NULL::INT AS owner, NULL::BIGINT AS n, NULL::BIGINT AS nth, "
    "NULL::VARCHAR AS message_id, NULL::VARCHAR AS group_id, NULL::VARCHAR AS member_id, "
    "NULL::BIGINT AS sent_at, NULL::VARCHAR AS kind, NULL::VARCHAR AS text, "
    "NULL::VARCHAR AS name, NULL::VARCHAR AS quote",
    "withdrawn": "NULL::VARCHAR AS message_id",
}


# The table of messages has the rest.
_KEPT = {
    "quotes": "SELECT DISTINCT message_id, member_id, sent_at, inward, name, quote FROM said "
    "WHERE quote IS NOT NULL OR name IS NOT NULL OR inward",
    "withdrawn": "SELECT DISTINCT message_id FROM withdrawn",
}


def _query() -> str:
    """Return the query that turns the lines of a block into messages, or reasons against them."""
    paths = ", ".join(f"'$.{path}'" for path in _PATHS)
    kinds = " ".join(
        f"WHEN v[6] IN ({', '.join(map(repr, words))}) THEN '{kind}'"
        for kind, words in _KINDS.items()
    )
    fields = "['name', 'quote', 'reply']"
    return f"""
    CREATE OR REPLACE TEMP TABLE parsed AS
    WITH lines AS (
      SELECT n, line, CASE WHEN starts_with(ltrim(line), '{{') AND json_valid(line)
                THEN json_extract_string(line, [{paths}]) END AS v
      FROM block WHERE trim(line, chr(32) || chr(9) || chr(10) || chr(13)) <> ''),
    sorted AS (
      SELECT n, v, CASE WHEN v IS NULL OR coalesce(v[4], '') <> '' THEN false ELSE
          NOT regexp_matches(coalesce(json_extract_string(line, '$.tolist'), ''), '"w[mob]') END
          AS inward,
        CASE
        WHEN v IS NULL THEN '{BROKEN}'
        WHEN v[2] = 'switch' THEN '{SWITCH}'
        WHEN coalesce(v[1], '') = '' THEN 'msgid: missing'
        WHEN v[6] IN ('agree', 'disagree') THEN '{CONSENT}'
        WHEN v[6] = 'revoke' AND coalesce(v[10], '') = '' THEN '{NO_TARGET}'
        WHEN v[6] = 'revoke' THEN '{WITHDRAWAL}'
        WHEN coalesce(v[3], '') = '' THEN 'from: missing'
        WHEN coalesce(v[6], '') = '' THEN 'msgtype: missing'
        WHEN NOT coalesce(regexp_full_match(v[5], '[0-9]{{13}}'), false) THEN '{NO_TIME}'
        WHEN inward AND (NOT regexp_matches(v[3], '^w[mob]')
                         OR v[3] IN (SELECT staff_id FROM known_staff)) THEN '{AMONG_STAFF}'
        END AS reason,
        CASE v[6] WHEN 'text' THEN v[7] WHEN 'markdown' THEN v[8] WHEN 'mixed' THEN {_MIXED} END
          AS whole
      FROM lines),
    quoted AS (
      SELECT *, CASE
        WHEN contains(whole, chr(10) || '---') THEN regexp_extract(whole, '{_LONG}', {fields})
        WHEN contains(whole, chr(10) || '- -') THEN regexp_extract(whole, '{_SHORT}', {fields})
        END AS q
      FROM sorted)
    SELECT n, reason, inward, v[1] AS message_id, nullif(v[4], '') AS group_id, v[3] AS member_id,
      CASE WHEN reason IS NULL THEN v[5]::BIGINT * 1000 END AS sent_at,
      CASE {kinds} ELSE 'other' END AS kind,
      nullif(CASE WHEN q.name <> '' THEN q.reply ELSE whole END, '') AS text,
      nullif(q.name, '') AS name, CASE WHEN q.name <> '' THEN q.quote END AS quote,
      v[10] AS target
    FROM quoted"""


class Archives:
    """Reads archive files into `said` and `withdrawn`, two views of the store's engine.

    Args:
        store: The store, with the staff that the answers name.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.owners: list[tuple[str, str]] = []
        self._parts: dict[str, list[Path]] = {name: [] for name in _SCHEMA}
        self._before = 0  # lines of the archives that came before
        self._parse = _query()
        store.engine.execute(
            "CREATE OR REPLACE TEMP TABLE known_staff AS SELECT DISTINCT staff_id FROM staff"
        )
        self._earlier()

    def read(self, file: File) -> None:
        """Read one archive, and account for each of its lines."""
        report = self.store.report
        info = SourceInfo(report.free_name(file.name), kind="json lines", encoding="utf-8")
        report.sources.append(info)
        account = report.account(info.name, "messages")
        self.owners.append((info.name, "messages"))
        first = 1
        again = self.store.writer.saw(file.path, file.name)
        with Unpacked(file.path) as stream:
            for lines in blocks(stream):
                self._block(first, lines, account, again=again)
                first += len(lines)
        self._before += first
        info.rows = account.rows

    def view(self) -> None:
        """Name what was read."""
        for name, parts in self._parts.items():
            source = ", ".join(quoted(path) for path in parts)
            query = f"* FROM read_parquet([{source}])" if parts else f"{_SCHEMA[name]} WHERE false"
            self.store.engine.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT {query}")

    def keep(self) -> None:
        """Keep what the table of messages does not tell, for the next load."""
        for name, query in _KEPT.items():
            self.store.copy(
                f"{query} ORDER BY ALL", self.store.writer.keep(f"wecom.{name}.parquet")
            )

    def _earlier(self) -> None:
        """Take the messages of earlier loads: those of the table, with what was kept of them."""
        writer, engine = self.store.writer, self.store.engine
        kept = {name: writer.kept(f"wecom.{name}.parquet") for name in _KEPT}
        if kept["withdrawn"] is not None:
            self._parts["withdrawn"].append(kept["withdrawn"])
        table = writer.table("messages")
        if table is None or kept["quotes"] is None:
            return
        self._keep(
            "said",
            f"""
            SELECT -1 AS owner, file_row_number AS n, file_row_number AS nth,
              coalesce(q.inward, false) AS inward, m.message_id, m.group_id, m.member_id,
              epoch_us(m.sent_at) AS sent_at, m.kind, m.text, q.name, q.quote
            FROM read_parquet({quoted(table)}, file_row_number = true) m
            LEFT JOIN (SELECT message_id, member_id, sent_at, min(inward) AS inward,
                         min(name) AS name, min(quote) AS quote
                       FROM read_parquet({quoted(kept["quotes"])}) GROUP BY ALL) q
              ON q.message_id = m.message_id AND q.member_id = m.member_id
                AND q.sent_at = epoch_us(m.sent_at)
            -- Of somebody whom a newer answer calls staff.
            WHERE NOT (coalesce(q.inward, false)
                       AND m.member_id IN (SELECT staff_id FROM known_staff))""",
        )
        row = engine.execute(f"SELECT count(*) FROM read_parquet({quoted(table)})").fetchone()
        self._before = int(row[0]) if row else 0

    def _block(self, first: int, lines: pa.Array, account: Account, *, again: bool) -> None:
        text, numbers = _decoded(lines, np.arange(first, first + len(lines)), account)
        table = pa.table({"line": text, "n": numbers})
        pieces = pa.Table.from_batches(table.to_batches(max_chunksize=_PIECE), table.schema)
        engine = self.store.engine
        engine.register("block", pieces)
        engine.execute(self._parse)
        engine.unregister("block")
        counts = engine.execute(
            f"SELECT reason, count(*), list_sort(min(n, {EXAMPLES})) FROM parsed "
            "GROUP BY reason ORDER BY reason"
        ).fetchall()
        for reason, rows, examples in counts:
            account.rows += rows
            if reason in (None, WITHDRAWAL) and again:
                account.reject_rows(ALREADY, rows, examples)
            elif reason in (None, WITHDRAWAL):
                account.load(rows, "rows" if reason is None else reason)
            else:
                account.reject_rows(reason, rows, examples)
        if again:
            return
        owner = len(self.owners) - 1
        self._keep("said", f"SELECT {owner} AS owner, n, {self._before} + n AS nth, "
                   "* EXCLUDE (n, reason, target) FROM parsed WHERE reason IS NULL")  # fmt: skip
        self._keep("withdrawn", "SELECT target AS message_id FROM parsed "
                   f"WHERE reason = '{WITHDRAWAL}'")  # fmt: skip

    def _keep(self, name: str, query: str) -> None:
        parts = self._parts[name]
        path = self.store.writer.scratch(f"wecom.{name}.{len(parts)}.parquet")
        self.store.engine.execute(f"COPY ({query}) TO {quoted(path)} (FORMAT parquet)")
        parts.append(path)


def blocks(stream: BinaryIO) -> Iterator[pa.Array]:
    """Yield the lines of a stream as binary arrays, with their line ends, a block at a time.

    A line beyond `LONGEST` is yielded as one that no parser takes.
    """
    rest = b""
    first = True
    while data := stream.read(BLOCK):
        if first:
            data, first = data.removeprefix(b"\xef\xbb\xbf"), False
        whole = rest + data
        cut = whole.rfind(b"\n") + 1
        if cut:
            yield _lines(whole[:cut])
            rest = whole[cut:]
        else:
            rest = whole if len(whole) <= LONGEST else b"\0"
    if rest:
        yield _lines(rest)


def _lines(whole: bytes) -> pa.Array:
    """The lines of a block without copying it."""
    ends = np.flatnonzero(np.frombuffer(whole, "uint8") == 10) + 1
    if not len(ends) or ends[-1] != len(whole):
        ends = np.append(ends, len(whole))
    offsets = np.concatenate([[0], ends]).astype("int32")
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(whole)]
    return pa.Array.from_buffers(pa.binary(), len(ends), buffers)


def _decoded(lines: pa.Array, numbers: np.ndarray, account: Account) -> tuple[pa.Array, np.ndarray]:
    """The lines as text; those that are no UTF-8 are counted and left out."""
    try:
        return lines.cast(pa.string()), numbers
    except pa.ArrowInvalid:
        texts: list[str | None] = []
        for line in lines.to_pylist():
            try:
                texts.append(line.decode())
            except UnicodeDecodeError:
                texts.append(None)
        good = np.array([text is not None for text in texts])
        account.rows += int((~good).sum())
        account.reject(NOT_UTF8, numbers[~good])
        return pa.array([text for text in texts if text is not None], pa.string()), numbers[good]
