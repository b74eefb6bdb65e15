"""`commlab check`: what is wrong with the data."""

from __future__ import annotations

import click

from commlab.cli._base import Command, Failed


@click.command(
    cls=Command,
    examples=("commlab check data_samples", "commlab check data_samples --json"),
)
@click.argument("data")
@click.option("--json", "as_json", is_flag=True, help="Write the findings as JSON.")
@click.option("--as-of", metavar="DATE",
              help="Last day to read, inclusive.  [default: the workspace's]")  # fmt: skip
@click.option("--lang", default="en", show_default=True, type=click.Choice(["en", "zh"]),
              help="Language of the findings.")  # fmt: skip
@click.pass_context
def check(ctx: click.Context, data: str, as_json: bool, as_of: str | None, lang: str) -> None:
    """Check the data of a workspace.

    Types, keys, orphans, the order of times, refunds, gaps, and what looks wrong.

    DATA is a workspace folder, a DuckDB file or a database address.

    Exit status: 0 no errors; 1 there are errors in the data; 2 it cannot be opened.
    """
    import commlab
    from commlab.text import t

    findings = commlab.open_dataset(data, as_of=as_of).check()
    if as_json:
        click.echo(findings.to_json())
    else:
        for item in findings:
            where = ".".join(part for part in (item.table, item.column) if part) or data
            level = t(f"common.severity.{item.severity}", lang)
            click.echo(f"{level}: {where}: {item.told(lang)}")
        counts = {"errors": findings.errors, "warnings": findings.warnings, "notes": findings.notes}
        slots = {name: len(found) for name, found in counts.items()}
        click.echo(t("quality.page.counts", lang, **slots))
    ctx.exit(Failed.exit_code if findings.errors else 0)
