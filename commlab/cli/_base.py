"""What all commands share: examples in the help, and errors as messages."""

from __future__ import annotations

import errno
import warnings
from collections.abc import Sequence
from typing import Any

import click

from commlab.errors import CommlabError, CommlabWarning, RunError, StartError

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Failed(click.ClickException):
    """Something failed that arguments and data are not to blame for."""

    exit_code = 1


class Wrong(click.ClickException):
    """The arguments or the data are wrong."""

    exit_code = 2


class Interrupted(click.ClickException):
    """Ctrl-C, or a request to terminate; the status is what a shell says of Ctrl-C."""

    exit_code = 130


class _Helped(click.Command):
    """A command whose help ends in examples, and that knows `--debug`."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)
        self.params.append(
            click.Option(
                ["--debug"],
                is_flag=True,
                expose_value=False,
                callback=_debug,
                help="Show the traceback of an unexpected error.",
            )
        )

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        with formatter.section("Examples"):
            for line in self.examples:
                formatter.write_text(line)


class Command(_Helped):
    """A command of commlab."""


class Group(_Helped, click.Group):
    """The commands of commlab; what they raise ends as one message."""

    command_class = Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of their use, not of the alphabet."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; no traceback reaches the user unless asked for."""
        try:
            with warnings.catch_warnings():
                if not warnings_asked():
                    warnings.simplefilter("ignore")
                    warnings.simplefilter("default", CommlabWarning)
                warnings.showwarning = _show_warning
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except CommlabError as error:
            under_way = isinstance(error, RunError) and not isinstance(error, StartError)
            raise (Failed if under_way else Wrong)(str(error)) from error
        except KeyboardInterrupt:
            raise Interrupted("stopped before the end.") from None
        except Exception as error:
            if isinstance(error, OSError) and error.errno in DISK_FULL:
                raise Failed(f"{error.strerror}: free some space and run again.") from error
            if ctx.find_root().meta.get("debug"):
                raise
            raise Failed(
                f"{type(error).__name__}: {_first_line(error)} "
                "This was not foreseen: add --debug for the traceback."
            ) from error


def warnings_asked() -> bool:
    """Return whether the user set Python's own warning options."""
    import sys

    return bool(sys.warnoptions)


def _debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        ctx.find_root().meta["debug"] = True


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    line = lines[0] if lines else ""
    return line if not line or line.endswith((".", "!", "?")) else f"{line}."


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    click.echo(f"Warning: {message}", err=True)
