"""`commlab compare`: what changed between two runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commlab.cli._base import Command

if TYPE_CHECKING:
    from commlab.report.compare import Comparison

_TOLD = ("beyond", "exact", "new", "gone")  # verdicts that are shown without --all


@click.command(
    cls=Command,
    examples=("commlab compare reports/demo-2026-05-31 reports/demo-2026-06-30",),
)
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True,
              help="Show what did not change, too.")  # fmt: skip
@click.option("--csv", "file", type=click.Path(path_type=Path, dir_okay=False),
              help="Write all figures to a file as well.")  # fmt: skip
@click.option("--lang", default="en", show_default=True, type=click.Choice(["en", "zh"]),
              help="Language of labels and words.")  # fmt: skip
def compare(before: Path, after: Path, everything: bool, file: Path | None, lang: str) -> None:
    """Say what changed between two runs.

    Each change has its interval, and whether it is beyond noise: p-values are adjusted for the
    number of figures compared.

    BEFORE and AFTER are folders that `commlab run` made.
    """
    from commlab.report.compare import compare as compared
    from commlab.report.files import whole
    from commlab.text import t

    found = compared(before, after)
    if file is not None:
        with whole(file) as stream:
            found.frame.to_csv(stream, index=False)
    days = {"before": _day(found.before), "after": _day(found.after)}
    name = found.after.get("data", {}).get("name") or after.name
    click.echo(t("compare.head", lang, name=name, **days))
    for caution in found.cautions:
        click.echo("! " + t(f"compare.caution.{caution}", lang, **days))
    for line in _lines(found, everything, lang):
        click.echo(line)


def _day(run: Mapping[str, Any]) -> dt.date | str:
    day = str(run.get("data", {}).get("as_of", ""))
    return dt.date.fromisoformat(day) if day else "–"


def _lines(found: Comparison, everything: bool, lang: str) -> Iterator[str]:
    from commlab.text import t

    frame = found.frame
    for verdict in ("new", "gone"):
        whole = [str(name) for name, rows in frame.groupby("notebook")["verdict"]
                 if (rows == verdict).all()]  # fmt: skip
        if whole:
            yield t(f"compare.reports.{verdict}", lang, reports=", ".join(whole))
            frame = frame[~frame["notebook"].isin(whole)]
    shown = frame if everything else frame[frame["verdict"].isin(_TOLD)]
    for notebook, rows in shown.groupby("notebook", sort=False):
        yield f"\n{notebook}"
        for _, row in rows.iterrows():
            yield "  " + _line(row, found.entries[row["notebook"], row["key"]], lang)
    if not len(shown):
        yield "\n" + t("compare.nothing", lang)
    counts = frame["verdict"].value_counts()
    compared = len(frame) - sum(counts.get(name, 0) for name in ("new", "gone", "refused"))
    yield "\n" + t("compare.counts", lang, n=compared, beyond=counts.get("beyond", 0),
                   exact=counts.get("exact", 0))  # fmt: skip
    if not everything and counts.get("noise", 0):
        yield t("compare.rest", lang, n=counts["noise"])


def _line(row: Any, entry: Mapping[str, Any], lang: str) -> str:
    from commlab.text import fmt, t

    currency = str(entry.get("currency", "CNY"))
    before, after = (
        fmt.estimate(side, lang, currency=currency) if side else "–"
        for side in (_side(row, "before"), _side(row, "after"))
    )
    change = _side(row, "change")
    moved = fmt.difference(change, lang, currency=currency) if change else ""
    words = t(f"compare.change.{row['verdict']}", lang, change=moved)
    label = (entry.get("label") or {}).get(lang) or row["key"]
    return t("compare.line", lang, label=label, before=before, after=after, change=words)


def _side(row: Any, name: str) -> Any:
    from commlab.estimate import Estimate

    value, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
    if value != value:  # not told
        return None
    ends = {} if low != low else {"low": low, "high": high}
    return Estimate(value=value, unit=row["unit"], **ends)
