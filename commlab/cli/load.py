"""`commlab load`: exports to a workspace."""

from __future__ import annotations

from pathlib import Path

import click

from commlab.cli._base import Command


@click.command(
    cls=Command,
    examples=(
        "commlab load exports --format files --map map.toml --out W",
        "commlab load online_retail.csv.gz --format online-retail --out W",
        "commlab load unknown.xlsx --guess > map.toml",
        "commlab load postgres://reader@host/crm --map map.toml --out W",
        "commlab load next_week --format taobao --out W --append",
    ),
)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--format", "name", default="", metavar="FORMAT",
              help="What SOURCE is; `commlab load --formats` lists them.")  # fmt: skip
@click.option("--map", "map_file", metavar="MAP.toml",
              type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Which column goes where, for the format `files`.")  # fmt: skip
@click.option("--out", metavar="WORKSPACE",
              type=click.Path(file_okay=False, path_type=Path),
              help="Folder of the workspace to write.")  # fmt: skip
@click.option("--zone", default="", metavar="ZONE",
              help="Time zone of times that name none.  [default: Asia/Shanghai]")  # fmt: skip
@click.option("--encoding", default="", metavar="NAME",
              help="Encoding of text files.  [default: found in the whole file]")  # fmt: skip
@click.option("--append", is_flag=True,
              help="Keep what WORKSPACE has: add what is new, correct what a newer export says "
                   "otherwise, and count what is there already.")  # fmt: skip
@click.option("--overwrite", is_flag=True,
              help="Replace a workspace that was made from something else.")  # fmt: skip
@click.option("--guess", "propose", is_flag=True,
              help="Print a proposed map for unknown files, and load nothing.")  # fmt: skip
@click.option("--formats", is_flag=True, is_eager=True, expose_value=False,
              callback=lambda ctx, _, value: _list_formats(ctx, value),
              help="List the formats and exit.")  # fmt: skip
def load(
    sources: tuple[str, ...],
    name: str,
    map_file: Path | None,
    out: Path | None,
    zone: str,
    encoding: str,
    append: bool,
    overwrite: bool,
    propose: bool,
) -> None:
    """Load exports into a workspace.

    SOURCE is one or more files or folders, or the address of a database. Every row that is not
    loaded is counted in the load report, with its reason and first lines; it is also written as
    load_report.json. load_log.json has one entry a load.

    Next week's export: load it with --append into the same workspace, with the same format and
    map. Exports may overlap, and one that comes twice adds nothing. Load them in the order in
    which they were made: what is loaded later counts as newer.
    """
    from commlab import loaders

    if propose:
        from commlab.loaders.guess import guess

        if name or map_file or out:
            raise click.UsageError("--guess proposes a map and loads nothing: leave out --format, "
                                   "--map and --out.")  # fmt: skip
        click.echo(guess([Path(item) for item in sources], encoding=encoding), nl=False)
        return
    if not name and map_file and all("://" in item for item in sources):
        name = "files"
    if not name:
        raise click.UsageError("Missing option '--format'.")
    if out is None:
        raise click.UsageError("Missing option '--out'.")
    report = loaders.load(
        list(sources), name, out, map_file, zone=zone, encoding=encoding, overwrite=overwrite,
        append=append,
    )  # fmt: skip
    click.echo(str(report))


def _list_formats(ctx: click.Context, asked: bool) -> None:
    if not asked or ctx.resilient_parsing:
        return
    from commlab.loaders import FORMATS

    width = max(len(name) for name in FORMATS)
    for item in FORMATS.values():
        click.echo(f"{item.name:<{width}}  {item.summary}")
    ctx.exit()
