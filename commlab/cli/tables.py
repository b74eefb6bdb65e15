"""`commlab tables`: the canonical tables, as declared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from commlab.cli._base import Command

if TYPE_CHECKING:
    from commlab.tables import Column, Table


@click.command(
    cls=Command,
    examples=("commlab tables", "commlab tables orders", "commlab tables --markdown"),
)
@click.argument("names", nargs=-1, metavar="[TABLE]...")
@click.option("--markdown", is_flag=True, help="Write the data dictionary as Markdown.")
def tables(names: tuple[str, ...], markdown: bool) -> None:
    """List the tables, or the columns of one.

    These are the tables that a workspace can hold.
    A column marked * is required: a row without it cannot be used.
    """
    from commlab.tables import TABLES, table

    chosen = [table(name) for name in names] or list(TABLES.values())
    if markdown:
        click.echo(dictionary(chosen), nl=False)
    elif names:
        for number, item in enumerate(chosen):
            click.echo(("\n" if number else "") + f"{item.name}: {item.meaning}")
            _columns(item)
    else:
        width = max(len(item.name) for item in chosen)
        for item in chosen:
            click.echo(f"{item.name:<{width}}  {item.meaning}")


def _columns(item: Table) -> None:
    width = max(len(column.name) for column in item.columns) + 1
    kinds = max(len(column.dtype) for column in item.columns)
    for column in item.columns:
        name = column.name + ("*" if column.required else "")
        click.echo(f"  {name:<{width}}  {column.dtype:<{kinds}}  {column.meaning}{_more(column)}")


def _more(column: Column) -> str:
    """What else is declared of a column, in brackets."""
    told = []
    if column.values:
        told.append("one of " + ", ".join(column.values))
    if column.default is not None:
        told.append(f"default {str(column.default).lower()}")
    if column.references:
        told.append(f"points to {column.references}")
    if column.later:
        told.append("known later than the row")
    return f" ({'; '.join(told)})" if told else ""


def dictionary(chosen: Iterable[Table]) -> str:
    """Return the data dictionary of tables as Markdown.

    Example:
        >>> from commlab.tables import table
        >>> print(dictionary([table("identities")]).splitlines()[0])
        ## identities
    """
    lines = []
    for item in chosen:
        lines += [f"## {item.name}", "", f"One row is {item.meaning}.", ""]
        if item.key:
            lines += ["Key: " + ", ".join(f"`{name}`" for name in item.key) + ".", ""]
        lines += ["| column | type | required | meaning |", "| --- | --- | --- | --- |"]
        for column in item.columns:
            required = "yes" if column.required else ""
            meaning = (column.meaning + _more(column)).replace("|", "\\|")
            lines.append(f"| `{column.name}` | {column.dtype} | {required} | {meaning} |")
        lines.append("")
    return "\n".join(lines)
