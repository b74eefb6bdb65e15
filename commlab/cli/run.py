"""`commlab run`: notebooks on a workspace, to a report."""

from __future__ import annotations

from pathlib import Path

import click

from commlab.cli._base import Command


@click.command(
    cls=Command,
    examples=(
        "commlab run --data data_samples",
        "commlab run 02 --data data_samples --lang zh --as-of 2026-06-30",
        "commlab run retention --data data_samples -p cohort week -p activity order",
    ),
)
@click.argument("notebooks", nargs=-1, metavar="[NOTEBOOK]...")
@click.option("--data", required=True, metavar="PATH",
              help="Workspace folder, DuckDB file or database address.")  # fmt: skip
@click.option("--out", default="reports", show_default=True, metavar="FOLDER",
              type=click.Path(file_okay=False, path_type=Path),
              help="Folder that holds the folders of runs.")  # fmt: skip
@click.option("--name", metavar="RUN",
              help="Name of this run's folder.  [default: name of the data and day]")  # fmt: skip
@click.option("--lang", default="both", show_default=True, type=click.Choice(["en", "zh", "both"]),
              help="Language of the pages.")  # fmt: skip
@click.option("--as-of", metavar="DATE",
              help="Last day to read, inclusive.  [default: the workspace's]")  # fmt: skip
@click.option("-p", "--param", "pairs", nargs=2, multiple=True, metavar="NAME VALUE",
              help="A parameter, for the notebooks that have it. May be repeated.")  # fmt: skip
@click.option("--params", "params_file", metavar="FILE.yml",
              type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Parameters from a YAML or JSON file; -p goes before them.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(min=1), metavar="N",
              help="Notebooks that run side by side.  [default: number of cores]")  # fmt: skip
@click.option("--engine", type=click.Choice(["duckdb", "spark"]),
              help="Engine.  [default: the workspace's]")  # fmt: skip
@click.option("--force", is_flag=True, help="Run notebooks too that are unchanged.")
@click.option("--public/--internal", default=True, show_default=True,
              help="Hide counts of fewer than 5 people in share/, or show them.")  # fmt: skip
@click.pass_context
def run(
    ctx: click.Context,
    notebooks: tuple[str, ...],
    data: str,
    out: Path,
    name: str | None,
    lang: str,
    as_of: str | None,
    pairs: tuple[tuple[str, str], ...],
    params_file: Path | None,
    jobs: int | None,
    engine: str | None,
    force: bool,
    public: bool,
) -> None:
    """Run notebooks on a workspace and write a report.

    NOTEBOOK is a name, a number or a topic (02_cohort_retention, 02, retention); without any,
    all run. What is unchanged since the last run is left as it is. The last line of the output
    is the path of the index page.

    Exit status: 0 all done (a notebook whose tables are missing is skipped); 1 a notebook
    failed, the others are finished; 2 wrong arguments, or errors in the data.
    """
    from commlab.cli._values import parameters
    from commlab.report import batch, progress

    params = parameters(pairs, params_file)
    result = batch.run(
        data, notebooks, out=out, name=name, lang=lang, as_of=as_of, params=params, jobs=jobs,
        force=force, internal=not public, engine=engine, progress=progress.on_terminal(),
    )  # fmt: skip
    counts = {word: list(result.statuses.values()).count(word) for word in batch.STATUSES}
    click.echo(", ".join(f"{count} {word}" for word, count in counts.items() if count), err=True)
    click.echo(result.index)
    ctx.exit(result.exit_status)
