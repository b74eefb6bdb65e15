"""The command line: one module a command, everything heavy imported when a command runs."""

from __future__ import annotations

import click

from commlab import __version__
from commlab.cli import assign, check, compare, forget, load, notebooks, run, simulate, tables
from commlab.cli._base import CONTEXT, Group


@click.group(
    cls=Group,
    context_settings=CONTEXT,
    examples=("commlab simulate --out demo --members 500", "commlab run --data demo"),
)
@click.version_option(__version__, prog_name="commlab", message="%(prog)s %(version)s")
def main() -> None:
    """Analyse customer communities: from raw exports to reports that can be forwarded.

    Exit status: 0 all went well; 1 something failed; 2 wrong arguments or data.
    """


for module in (run, compare, check, load, assign, forget, simulate, notebooks, tables):
    main.add_command(getattr(module, module.__name__.rpartition(".")[2]))
