"""Loaders: exports in, canonical workspace out, and an account of every row.

Each format is one module with a function `read(paths, writer, options)`; `FORMATS` names them.
A new format is one module and one line here.

Example:
    >>> sorted(FORMATS)
    ['chat-log', 'files', 'hillstrom', 'online-retail', 'taobao', 'wecom', 'workspaces', 'youzan']
"""

from __future__ import annotations

import dataclasses
import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from commlab import guards
from commlab.errors import ArgumentError

if TYPE_CHECKING:
    from commlab.loaders.report import LoadReport

__all__ = ["FORMATS", "Format", "load"]


@dataclasses.dataclass(frozen=True)
class Format:
    """A format that can be loaded.

    Attributes:
        name: Name on the command line.
        module: Module of its reader, imported at first use.
        summary: What it is, in one line.
        takes_map: Whether it takes a `map.toml`.
        appends: How a later load is joined with an earlier: "rows" by rows of tables, "sources" by
            what the reader keeps of its sources; "": not at all, since one sum spans all rows.
    """

    name: str
    module: str
    summary: str
    takes_map: bool = False
    appends: str = ""


FORMATS: dict[str, Format] = {
    item.name: item
    for item in (
        Format(
            "files",
            "commlab.loaders.generic",
            "CSV, TSV, Excel or Parquet in canonical columns, or any columns with --map",
            takes_map=True,
            appends="rows",
        ),
        Format(
            "wecom",
            "commlab.loaders.wecom.reader",
            "a folder of saved WeCom API answers, callbacks and message archives",
            appends="sources",
        ),
        Format(
            "taobao",
            "commlab.loaders.shops.taobao",
            "order reports and item sheets of Taobao and Tmall",
            appends="sources",
        ),
        Format(
            "youzan",
            "commlab.loaders.shops.youzan",
            "orders, order lines and customers of Youzan",
            appends="sources",
        ),
        Format(
            "workspaces",
            "commlab.loaders.link",
            "workspaces to join, the community's first: people linked by their identifiers",
        ),
        Format(
            "online-retail",
            "commlab.loaders.onlineretail",
            "invoice lines of the UCI Online Retail data set",
        ),
        Format(
            "hillstrom",
            "commlab.loaders.hillstrom",
            "the MineThatData e-mail experiment of K. Hillstrom",
        ),
        Format(
            "chat-log",
            "commlab.loaders.chatlog",
            "messages of one chat group, as message_id, member_id, sent_at, text, reply_to",
        ),
    )
}


def load(
    source: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    format: str,  # noqa: A002 - the name that pandas, ibis and the command line use
    out: str | os.PathLike[str],
    map: str | os.PathLike[str] | None = None,  # noqa: A002 - as the option --map
    *,
    zone: str = "",
    encoding: str = "",
    overwrite: bool = False,
    append: bool = False,
) -> LoadReport:
    """Load exports into a workspace, whole or not at all.

    Args:
        source: File or folder, or several; or addresses of databases (docs/map-format.md).
        format: One of `FORMATS`.
        out: Folder of the workspace. One that came from the same format under the same name is
            replaced, its `commlab.toml` kept.
        map: A `map.toml`, for the format "files" (docs/map-format.md).
        zone: IANA zone of times without one, in files without a map; default Asia/Shanghai.
        encoding: Encoding of text files; default: detected from the whole file.
        overwrite: Whether a workspace of something else may be replaced.
        append: Whether the workspace keeps what it has: what is new is added, what a newer export
            says otherwise is corrected, what is there already is counted (docs/bring-your-data.md).

    Returns:
        The report, also saved as `load_report.json` in the workspace. Its accounts close.

    Raises:
        ArgumentError: Unknown format, or an option that the format does not take.
        LoadError: A source cannot be read; the message has file, line, value and how to mend it.
        WorkspaceError: The folder holds something else, or another load is writing into it.

    Example:
        >>> report = load("shop_exports", "files", "workspace", "map.toml")  # doctest: +SKIP
        >>> print(report)  # doctest: +SKIP
    """
    from commlab.config import Settings
    from commlab.loaders.options import Options
    from commlab.loaders.report import LoadReport
    from commlab.loaders.workspace import WorkspaceWriter

    chosen = FORMATS[guards.one_of("format", format, tuple(FORMATS))]
    if map is not None and not chosen.takes_map:
        raise ArgumentError(f"map == {str(map)!r}, but the format {format!r} takes none.",
                            fix="Leave it out, or use the format 'files'.")  # fmt: skip
    if zone and (map is not None or not chosen.takes_map):
        raise ArgumentError(
            f"zone == {zone!r}, but the {'map' if map is not None else 'format'} says it already.",
            fix="Leave it out, or write it into the map.",
        )
    if append and not chosen.appends:
        raise ArgumentError(
            f"append == True, but the format {format!r} cannot be added to: what it makes of a row "
            "depends on all the others.",
            fix="Load the whole, without append.",
        )
    if append and overwrite:
        raise ArgumentError("append and overwrite contradict each other.", fix="Choose one.")
    if zone:
        Settings(zone=zone)
    several = [source] if isinstance(source, str | os.PathLike) else list(source)
    if not several:
        raise ArgumentError("source == [], must name at least one file.")
    options = Options(None if map is None else Path(map), zone, encoding)
    report = LoadReport(format)
    addresses = [str(item) for item in several if "://" in str(item)]
    if addresses and (len(addresses) < len(several) or not chosen.takes_map):
        raise ArgumentError(
            "an address of a database stands among files, or with a format that reads files.",
            fix="Load it apart, with the format 'files' and a map.",
        )
    with WorkspaceWriter(
        Path(out), report, overwrite=overwrite, append=append, joins=chosen.appends != "sources"
    ) as writer:
        if addresses:
            from commlab.loaders import database

            database.read(addresses, writer, options)
            return report
        reader = importlib.import_module(chosen.module)
        reader.read([Path(item) for item in several], writer, options)
    return report
