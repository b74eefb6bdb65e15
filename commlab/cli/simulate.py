"""`commlab simulate`: a made-up community with known truth."""

from __future__ import annotations

from pathlib import Path

import click

from commlab.cli._base import Command


@click.command(cls=Command, examples=("commlab simulate --out demo --members 500 --seed 1",))
@click.option("--out", required=True, metavar="WORKSPACE",
              type=click.Path(file_okay=False, path_type=Path),
              help="Folder of the workspace to write.")  # fmt: skip
@click.option("--members", default=2000, show_default=True, type=click.IntRange(min=1),
              metavar="N", help="Number of members.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), metavar="N",
              help="The same seed gives the same tables.")  # fmt: skip
@click.option("--start", default="2025-04-01", show_default=True, metavar="DATE",
              help="First day.")  # fmt: skip
@click.option("--months", default=15, show_default=True, type=click.IntRange(min=1), metavar="N",
              help="Length in months.")  # fmt: skip
@click.option("--orders-per-member", type=click.FloatRange(min=0, min_open=True), metavar="X",
              help="Orders for each member on average, instead of about 1.7.")  # fmt: skip
@click.option("--messages-per-member", type=click.FloatRange(min=0, min_open=True), metavar="X",
              help="Messages for each member on average, instead of about 18.")  # fmt: skip
@click.option("--fault", "faults", multiple=True, metavar="NAME",
              help="Plant an export fault, e.g. duplicate_rows; may be given again.")  # fmt: skip
def simulate(
    out: Path,
    members: int,
    seed: int,
    start: str,
    months: int,
    orders_per_member: float | None,
    messages_per_member: float | None,
    faults: tuple[str, ...],
) -> None:
    """Write a made-up community, and what is true of it.

    The workspace has every table; truth.json beside them holds the rates, effects and lifetimes
    that an analysis should find.
    """
    from commlab.simulate import simulate as write

    truth = write(
        out,
        members=members,
        seed=seed,
        start=start,
        months=months,
        orders_per_member=orders_per_member,
        messages_per_member=messages_per_member,
        faults=faults,
    )
    click.echo(f"{truth.members:,} members written to {out}")
