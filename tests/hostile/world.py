"""A made-up community in which every text that somebody can type was typed by somebody hostile.

`hostile_world(folder)` writes the workspace; what it returns says which words must never leave.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from commlab.simulate import simulate

# What a code or a name may hold. Each is one trick; the word in capitals finds it again.
PAYLOADS = (
    "<script>alert('XSCRIPT')</script>",
    '<img src="https://evil.example/XIMG.png" onerror="alert(1)">',
    "</style><style>body{background:url(https://evil.example/XCSS)}</style>",
    '<svg onload="alert(1)"><a xlink:href="javascript:alert(1)">XSVG</a></svg>',
    "[XMARKDOWN](javascript:alert(1)) ![x](https://evil.example/x.png) **b**",
    r"$\href{javascript:alert(1)}{XLATEX}$ \input{/etc/passwd} $$x^2$$",
    '=HYPERLINK("https://evil.example","XFORMULA")',
    "@SUM(1+1)*cmd|' /C XCMD'!A0",
    "+XPLUS-1",
    "\u202eXBIDI\u202c 50\u2066%\u2069",
    "XZERO\u200b\u200d\ufeff\u00ad",
    "XLONG" + "长" * 3000,
    "XQUOTE\"'`&quot;&lt;,;|\\",
    "XLINES\nsecond\r\nthird\tfourth",
    "XPHONE 13812345678",
    "{{ XJINJA }} {% raw %} {0} %s {values}",
    "--><!-- XCOMMENT --><base href='https://evil.example/'>",
    "data:text/html,<b>XDATA",
    "\x00XNULL\x07\x1b[31m",
    "'; DROP TABLE members; -- XSQL",
)
PHONE = "13912345678"
NICKNAME, TEXT, PERSON = "zqnick", "zqtext", "zqid"  # in every nickname, message text and id

# Columns with ids of people, by table; lists are told by their type.
_PEOPLE = frozenset(
    {"member_id", "inviter_id", "mentions", "adviser_id", "staff_id", "owner_id", "buyer_id",
     "sender_id"}
)  # fmt: skip
# Columns whose words go to pages or could: each value gets a payload of its own.
_CODES = ("channel", "parent", "region", "city", "script", "store_id", "campaign_id", "product",
          "category", "tags", "goal")  # fmt: skip


@dataclasses.dataclass(frozen=True)
class HostileWorld:
    """A workspace and what must not leave it.

    Attributes:
        folder: The workspace.
        never: Words that may stand nowhere under share/: parts of ids, nicknames, phone numbers
            and message texts.
        codes: Plain code → the hostile one that stands in its place.
    """

    folder: Path
    never: tuple[str, ...]
    codes: Mapping[str, str]


def hostile_world(folder: Path, members: int = 250, seed: int = 1, months: int = 6) -> HostileWorld:
    """Write a simulated community with hostile words in the place of all its texts."""
    simulate(folder, members=members, seed=seed, months=months)
    codes: dict[str, str] = {}

    def code(word: str) -> str:
        if word not in codes:
            place = len(codes)
            # The number keeps codes apart; in front of some, so that formulas stay formulas.
            codes[word] = f"{PAYLOADS[place % len(PAYLOADS)]} {place}"
        return codes[word]

    def person(word: str) -> str:
        return f"{PERSON}-{word}"

    for path in sorted(folder.glob("*.parquet")):
        table = pq.read_table(path)
        for name in table.column_names:
            if name in _PEOPLE:
                table = _with(table, name, person)
            elif name in _CODES:
                table = _with(table, name, code)
        if path.stem == "members":
            told = [
                f"{NICKNAME}{place} {PHONE} {PAYLOADS[place % len(PAYLOADS)]}"
                for place in range(table.num_rows)
            ]
            table = _put(table, "nickname", told)
        if path.stem == "messages":
            told = [f"{TEXT} {PHONE} {PAYLOADS[i % len(PAYLOADS)]}" for i in range(table.num_rows)]
            table = _put(table, "text", told)
        if path.stem in ("groups", "campaigns") and "name" in table.column_names:
            told = [f"{PAYLOADS[place % len(PAYLOADS)]} {place}" for place in range(table.num_rows)]
            table = _put(table, "name", told)
        pq.write_table(table, path)
    never = (PERSON, NICKNAME, TEXT, PHONE, "13812345678")
    return HostileWorld(folder, never, codes)


def _with(table: pa.Table, name: str, change: Callable[[str], str]) -> pa.Table:
    def changed(value: object) -> object:
        if isinstance(value, list):
            return [change(item) for item in value]
        return change(value) if isinstance(value, str) else value

    return _put(table, name, [changed(value) for value in table[name].to_pylist()])


def _put(table: pa.Table, name: str, values: list[object]) -> pa.Table:
    place = table.column_names.index(name)
    return table.set_column(place, name, pa.array(values, table.schema.field(name).type))
