"""`commlab assign`: a list to advisers, with a random holdout."""

from __future__ import annotations

from pathlib import Path

import click

from commlab.cli._base import Command


@click.command(
    cls=Command,
    examples=(
        "commlab assign reports/W/private/churn.csv --campaign care-07 --data W",
        "commlab assign list.csv --campaign care-07 --holdout 0.5 --by region --data W",
    ),
)
@click.argument("people", metavar="LIST",
                type=click.Path(dir_okay=False, path_type=Path))  # fmt: skip
@click.option("--campaign", "campaign_id", required=True, metavar="ID",
              help="Campaign to record it under, known or new.")  # fmt: skip
@click.option("--holdout", default=0.2, show_default=True, metavar="SHARE",
              help="Share that is not contacted, 0.05 to 0.95.")  # fmt: skip
@click.option("--by", default=None, metavar="COLUMN",
              help="Column to stratify by; without it adviser_id, if LIST has it.")  # fmt: skip
@click.option("--data", required=True, metavar="WORKSPACE",
              type=click.Path(path_type=Path),
              help="Workspace whose assignments are written.")  # fmt: skip
@click.option("--days", default=14, show_default=True, metavar="N",
              help="Length of a new campaign.")  # fmt: skip
@click.option("--kind", default="care", show_default=True, metavar="KIND",
              help="Kind of a new campaign; `commlab tables campaigns` lists them.")  # fmt: skip
def assign(
    people: Path,
    campaign_id: str,
    holdout: float,
    by: str | None,
    data: Path,
    days: int,
    kind: str,
) -> None:
    """Split a list at random into people to contact and a holdout.

    LIST is a CSV with a column member_id, best first, such as those in private/ of a run. The
    arms are recorded in `assignments` of the workspace, and the people to contact are written
    beside LIST. Risk is not persuadability: only the holdout shows what the contact added.
    """
    from commlab.report.handout import hand_out

    done = hand_out(people, campaign_id, data=data, holdout=holdout, by=by, days=days, kind=kind)
    click.echo(str(done))
