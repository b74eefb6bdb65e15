"""What a run tells, and how long it thinks the rest will take."""

import io

import pytest
from rich.console import Console

from commlab.report.progress import Forecast, Plain, Terminal, duration


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0.0 s"), (59.9, "59.9 s"), (59.96, "1 min 0 s"), (61, "1 min 1 s"), (7260, "2 h 1 min")],
)
def test_duration(seconds, words):
    assert duration(seconds) == words


def test_forecast_from_what_notebooks_took_before():
    forecast = Forecast({"a": 5, "b": 5}, {"a": 10.0, "b": 30.0}, jobs=1)
    assert forecast.left(100.0) == 40.0
    forecast.work["a"].started = 100.0
    assert forecast.left(104.0) == 36.0
    assert forecast.left(150.0) == 30.0  # late: the rest still takes its time


def test_forecast_on_several_cores_is_never_below_the_longest():
    assert Forecast({"a": 1, "b": 1}, {"a": 10.0, "b": 30.0}, jobs=2).left(0.0) == 30.0
    assert Forecast(dict.fromkeys("abcd", 1), dict.fromkeys("abcd", 10.0), 2).left(0.0) == 20.0


def test_forecast_from_the_cells_so_far():
    forecast = Forecast({"a": 4, "b": 6}, {}, jobs=1)
    assert forecast.left(0.0) == 10.0  # one second a cell until something is known
    work = forecast.work["a"]
    work.started, work.cell = 0.0, 3  # two cells done in eight seconds
    assert forecast.left(8.0) == 4.0 * 8
    work.ended = 12.0  # four cells in twelve seconds; time after it does not count
    assert forecast.left(50.0) == 3.0 * 6


def test_plain_lines():
    stream, clock = io.StringIO(), Clock()
    plain = Plain(stream, clock)
    plain.finish("00_x", "unchanged", 0.0)
    plain.begin({"02_a": 3, "03_b": 3}, {"02_a": 4.0, "03_b": 6.0}, 1)
    plain.start("02_a", 3)
    plain.cell("02_a", 1, 4)
    clock.now += 4.2
    plain.finish("02_a", "done", 4.2)
    plain.start("03_b", 3)
    plain.finish("03_b", "failed", 1.0, "ValueError: x")
    plain.end()
    assert stream.getvalue().splitlines() == [
        "00_x: unchanged",
        "02_a: started (3 cells)",
        "02_a: done in 4.2 s [about 6 s left]",
        "03_b: started (3 cells)",
        "03_b: FAILED in 1.0 s: ValueError: x",
    ]


def test_a_terminal_shows_notebook_cell_and_time_left():
    stream, clock = io.StringIO(), Clock()
    console = Console(file=stream, force_terminal=True, width=120, legacy_windows=False)
    shown = Terminal(console, clock)
    shown.begin({"02_a": 3}, {"02_a": 12.0}, 1)
    shown.start("02_a", 3)
    clock.now += 2.0
    shown.cell("02_a", 2, 4)
    shown.bars.refresh()
    shown.finish("02_a", "done", 12.0)
    shown.end()
    text = stream.getvalue()
    for words in ("02_a", "cell 2 of 4", "about 10 s left", "02_a: done in 12.0 s"):
        assert words in text


def test_a_terminal_with_nothing_to_run_draws_no_bar():
    stream = io.StringIO()
    shown = Terminal(Console(file=stream, force_terminal=True))
    shown.begin({}, {}, 1)
    shown.end()
    assert stream.getvalue() == ""
