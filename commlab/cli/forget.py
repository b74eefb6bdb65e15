"""`commlab forget`: remove a person."""

from __future__ import annotations

from pathlib import Path

import click

from commlab.cli._base import Command


@click.command(
    cls=Command,
    examples=(
        "commlab forget m000123 --data W --dry-run",
        "commlab forget m000123 m000124 --data W --reports reports",
    ),
)
@click.argument("members", nargs=-1, required=True, metavar="MEMBER...")
@click.option("--data", required=True, metavar="WORKSPACE",
              type=click.Path(file_okay=False, path_type=Path),
              help="Folder of the workspace.")  # fmt: skip
@click.option("--reports", metavar="FOLDER",
              type=click.Path(file_okay=False, path_type=Path),
              help="Folder of earlier runs: their lists lose the person, too.")  # fmt: skip
@click.option("--delete-orders", is_flag=True,
              help="Delete the orders, too; else the money stays, as nobody's.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and change nothing.")
def forget(
    members: tuple[str, ...],
    data: Path,
    reports: Path | None,
    delete_orders: bool,
    dry_run: bool,
) -> None:
    """Remove people from a workspace.

    What is theirs is deleted; in rows of others only the link to them goes. A keyed hash stays,
    so that a later `commlab load` does not bring them back.
    """
    from commlab.loaders.forget import forget as forgotten
    from commlab.report.lists import remove_people

    # Counted first: a wrong folder must not be noticed after the workspace has changed.
    listed = 0 if reports is None else remove_people(reports, members, dry_run=True)
    found = forgotten(data, members, delete_orders=delete_orders, dry_run=dry_run)
    for told, counts in (("deleted", found.deleted), ("link emptied", found.emptied)):
        for table, rows in counts.items():
            click.echo(f"{rows:>10,}  {told}: {table}")
    if reports is not None:
        if not dry_run:
            remove_people(reports, members)
        click.echo(f"{listed:>10,}  deleted: lists of earlier runs")
    click.echo("Nothing was changed: --dry-run." if dry_run else
               "Done. Run the reports again; pages made before hold no ids, but their counts "
               "include the person.")  # fmt: skip
