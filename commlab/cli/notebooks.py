"""`commlab notebooks`: what can be run, with parameters."""

from __future__ import annotations

import click

from commlab.cli._base import Command


@click.command(cls=Command, examples=("commlab notebooks", "commlab notebooks retention"))
@click.argument("names", nargs=-1, metavar="[NOTEBOOK]...")
@click.option("--lang", default="en", show_default=True, type=click.Choice(["en", "zh"]),
              help="Language of the questions.")  # fmt: skip
def notebooks(names: tuple[str, ...], lang: str) -> None:
    """List the notebooks and their parameters.

    With the question that each answers, and the tables that it needs and uses.
    """
    from commlab import text
    from commlab.report import notebooks as books

    for number, book in enumerate(books.choose(names, books.discover())):
        click.echo(("\n" if number else "") + book.name)
        question = f"{book.topic}.page.question"
        if book.topic and text.has(question):
            click.echo(f"  {text.t(question, lang)}")
        if book.needs:
            either = text.t("run.listed.separator", lang)
            needs = "; ".join(either.join(group) for group in book.needs)
            click.echo("  " + text.t("run.listed.needs", lang, tables=needs))
        if book.uses:
            click.echo("  " + text.t("run.listed.uses", lang, tables=", ".join(book.uses)))
        shown = [item for item in book.parameters.values() if item.name not in books.OWN_PARAMETERS]
        width = max((len(f"{item.name} = {item.default}") for item in shown), default=0)
        for item in shown:
            line = f"{item.name} = {item.default}"
            click.echo(f"  -p {line:<{width}}  {item.help}".rstrip())
