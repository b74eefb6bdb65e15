"""What a run tells while it runs: which notebook, which cell, how long left."""

from __future__ import annotations

import dataclasses
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import IO, Any

CELL_SECONDS = 1.0  # a guess until the first cells are done
STATUS_WORDS = {"done": "done", "failed": "FAILED", "skipped": "skipped", "unchanged": "unchanged"}


def duration(seconds: float) -> str:
    """Return a length of time in the shortest words.

    Example:
        >>> duration(4.24), duration(75), duration(3700)
        ('4.2 s', '1 min 15 s', '1 h 1 min')
    """
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def about(seconds: float) -> str:
    """Return a forecast in words; it is not good to tenths of a second.

    Example:
        >>> about(4.24), about(75)
        ('about 4 s left', 'about 1 min 15 s left')
    """
    return f"about {duration(seconds) if seconds >= 59.5 else f'{round(seconds)} s'} left"


@dataclasses.dataclass
class _Work:
    cells: int
    expected: float | None
    cell: int = 0
    started: float | None = None
    ended: float | None = None

    @property
    def cells_done(self) -> int:
        return self.cells if self.ended is not None else max(self.cell - 1, 0)

    def spent(self, now: float) -> float:
        if self.started is None:
            return 0.0
        return (now if self.ended is None else self.ended) - self.started

    def left(self, now: float, pace: float) -> float:
        if self.ended is not None:
            return 0.0
        if self.expected is not None:
            return max(self.expected - self.spent(now), 0.0)
        return pace * (self.cells - self.cells_done)


class Forecast:
    """How long a run will still take.

    From what each notebook took last time, where it ran before; else from the cells so far.

    Args:
        cells: Number of code cells, by notebook.
        seconds: What notebooks took last time.
        jobs: How many run side by side.
    """

    def __init__(self, cells: Mapping[str, int], seconds: Mapping[str, float], jobs: int) -> None:
        self.work = {name: _Work(max(count, 1), seconds.get(name)) for name, count in cells.items()}
        self.jobs = max(jobs, 1)

    def left(self, now: float) -> float:
        """Return the seconds left at a moment of the clock that `started` was told by."""
        works = list(self.work.values())
        done = sum(work.cells_done for work in works)
        pace = sum(work.spent(now) for work in works) / done if done else CELL_SECONDS
        parts = [work.left(now, pace) for work in works]
        # No schedule is shorter than its longest part, or than all of it on every core.
        return max(max(parts), sum(parts) / self.jobs) if parts else 0.0


class Progress:
    """Tells nothing; the base of those that do. Its methods are called from several threads."""

    def begin(self, cells: Mapping[str, int], seconds: Mapping[str, float], jobs: int) -> None:
        """The notebooks that will run, their number of code cells, and what they took before."""

    def start(self, notebook: str, cells: int) -> None:
        """A notebook starts."""

    def cell(self, notebook: str, number: int, of: int) -> None:
        """A code cell of it starts."""

    def finish(self, notebook: str, status: str, seconds: float, text: str = "") -> None:
        """A notebook is done, failed, skipped or unchanged; `text` says why."""

    def note(self, text: str) -> None:
        """Something the user should know."""

    def end(self) -> None:
        """The run is over."""


class Plain(Progress):
    """One line an event, for logs and pipes.

    Args:
        stream: Where lines go; default: standard error.
        clock: Seconds that only grow.
    """

    def __init__(
        self, stream: IO[str] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.stream = stream or sys.stderr
        self.clock = clock
        self.forecast = Forecast({}, {}, 1)
        self.lock = threading.RLock()

    def begin(self, cells: Mapping[str, int], seconds: Mapping[str, float], jobs: int) -> None:
        """Start the forecast."""
        self.forecast = Forecast(cells, seconds, jobs)

    def start(self, notebook: str, cells: int) -> None:
        """Say that a notebook starts."""
        self._began(notebook, cells)
        self.note(f"{notebook}: started ({cells} cells)")

    def _began(self, notebook: str, cells: int) -> None:
        with self.lock:
            work = self.forecast.work.setdefault(notebook, _Work(max(cells, 1), None))
            work.started = self.clock()

    def cell(self, notebook: str, number: int, of: int) -> None:
        """Count the cell; a log needs no line for each."""
        with self.lock:
            work = self.forecast.work[notebook]
            work.cell, work.cells = number, max(of, 1)

    def finish(self, notebook: str, status: str, seconds: float, text: str = "") -> None:
        """Say how a notebook ended, and how long the rest may take."""
        with self.lock:
            now = self.clock()
            if notebook in self.forecast.work:
                self.forecast.work[notebook].ended = now
            left = self.forecast.left(now)
            waiting = any(work.ended is None for work in self.forecast.work.values())
        line = f"{notebook}: {STATUS_WORDS[status]}"
        if status in ("done", "failed"):
            line += f" in {duration(seconds)}"
        if text:
            line += f": {text}"
        self.note(line + (f" [{about(left)}]" if waiting else ""))

    def note(self, text: str) -> None:
        """Write a line."""
        with self.lock:
            print(text, file=self.stream, flush=True)


class _TimeLeft:
    """Written anew whenever the bars are drawn, so that it counts down while a cell runs."""

    def __init__(self, shown: Plain) -> None:
        self.shown = shown

    def __str__(self) -> str:
        with self.shown.lock:
            return about(self.shown.forecast.left(self.shown.clock()))


class Terminal(Plain):
    """A bar for each notebook that runs, and one for all with the time left.

    Args:
        console: A rich console; default: one on standard error.
        clock: Seconds that only grow.
    """

    def __init__(self, console: Any = None, clock: Callable[[], float] = time.monotonic) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress as Bars, TextColumn, TimeElapsedColumn

        super().__init__(clock=clock)
        self.console = console or Console(stderr=True)
        self.bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[where]}"),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
        )
        # Never touch bars while holding `lock`: drawing them takes both, in the other order.
        self.tasks: dict[str, Any] = {}

    def begin(self, cells: Mapping[str, int], seconds: Mapping[str, float], jobs: int) -> None:
        """Draw the bar for all notebooks together."""
        super().begin(cells, seconds, jobs)
        if cells:
            self.bars.start()
            self.tasks[""] = self.bars.add_task(
                "all", total=sum(cells.values()), where=_TimeLeft(self)
            )

    def start(self, notebook: str, cells: int) -> None:
        """Draw the bar of a notebook."""
        self.tasks[notebook] = self.bars.add_task(notebook, total=max(cells, 1), where="starts")
        self._began(notebook, cells)

    def cell(self, notebook: str, number: int, of: int) -> None:
        """Move the bars."""
        super().cell(notebook, number, of)
        task = self.tasks[notebook]
        self.bars.update(task, completed=number - 1, total=of, where=f"cell {number} of {of}")
        self._overall()

    def finish(self, notebook: str, status: str, seconds: float, text: str = "") -> None:
        """Take the notebook's bar away and leave a line."""
        task = self.tasks.pop(notebook, None)
        if task is not None:
            self.bars.remove_task(task)
        super().finish(notebook, status, seconds, text)
        self._overall()

    def _overall(self) -> None:
        if "" not in self.tasks:
            return
        with self.lock:
            works = list(self.forecast.work.values())
            done = sum(work.cells_done for work in works)
        total = sum(work.cells for work in works)
        self.bars.update(self.tasks[""], completed=done, total=total)

    def note(self, text: str) -> None:
        """Write a line above the bars."""
        self.console.print(text, markup=False, highlight=False)

    def end(self) -> None:
        """Take the bars away."""
        self.bars.stop()


def on_terminal() -> Progress:
    """Return bars when standard error is a terminal, else plain lines."""
    return Terminal() if sys.stderr.isatty() else Plain()
