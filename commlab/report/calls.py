"""The calls that a notebook makes, from `begin` to `end`.

A kernel runs one notebook, so there is one current page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commlab import config, guards
from commlab.config import LANGUAGES
from commlab.errors import ArgumentError, MissingTableError, NotEnoughDataError
from commlab.estimate import Estimate
from commlab.report import blocks, overview, since
from commlab.report.page import Page, notebook_titles
from commlab.report.results import ActionList, Part

if TYPE_CHECKING:
    import pandas as pd

    from commlab.dataset import Dataset
    from commlab.quality import Findings

LANGUAGE_CHOICES = (*LANGUAGES, "both")

_current: Page | None = None


def current() -> Page:
    """Return the page that `begin` opened.

    Raises:
        ArgumentError: There is none.
    """
    if _current is None:
        raise ArgumentError("no page is open.", fix="Call commlab.report.begin(…) first.")
    return _current


def begin(
    notebook: str,
    *,
    data: str | Path,
    as_of: str | dt.date | None = None,
    lang: str = "both",
    engine: str | None = None,
    run_folder: str | Path | None = None,
    seed: int | None = None,
    **parameters: object,
) -> Dataset:
    """Open the workspace and the page of a notebook.

    Args:
        notebook: Name of the notebook, e.g. `02_cohort_retention`; its file tells topic and
            tables.
        data: The workspace, see `commlab.open_dataset`.
        as_of: Last day to read, inclusive; empty: the workspace's own.
        lang: "en", "zh" or "both".
        engine: "duckdb" or "spark"; empty: the workspace's own.
        run_folder: Where results go; empty: nothing is written.
        seed: Seed of what is random, for the foot.
        **parameters: Further parameters of the notebook, for the foot.

    Returns:
        The dataset.

    Raises:
        MissingTableError: The workspace lacks a table that the notebook cannot do without.

    Example:
        >>> ds = begin("02_cohort_retention", data="data_samples", lang="zh")  # doctest: +SKIP
    """
    global _current
    from commlab.dataset import open_dataset

    guards.one_of("lang", lang, LANGUAGE_CHOICES)
    if parameters.get("split") in ("adviser", "adviser_id"):
        raise ArgumentError(
            f"split == {parameters['split']!r} would put ids of staff on a page to forward.",
            fix="Use another split, or cl.metrics in a notebook of your own.",
        )
    ds = open_dataset(_found(data), as_of=as_of or None, engine=engine or None)
    part = Part(Path(run_folder) if run_folder else None, notebook)
    shown = {"data": ds.name, "lang": lang, "seed": seed, **parameters}
    languages = LANGUAGES if lang == "both" else (lang,)
    _current = Page(notebook, ds, languages, part, shown)
    _current.begin()
    return ds


def _found(data: str | Path) -> str | Path:
    """Return a path that exists: as given, else from the repository (JupyterLab runs elsewhere)."""
    beside = config.NOTEBOOKS.parent / str(data)
    return beside if not Path(data).exists() and beside.exists() else data


def put(
    key: str,
    value: Estimate | pd.DataFrame | ActionList | Findings,
    *,
    previous: Estimate | None = None,
    good: str | None = None,
) -> None:
    """Hand over a figure, a table or an action list.

    Args:
        key: Stable name, see `commlab.report.results.check_key`.
        value: An Estimate goes to `results.json`, a DataFrame or Findings to
            `share/tables/<notebook>/<key>.csv`, an ActionList to `private/<key>.csv`.
        previous: The same figure one period earlier, for the change on its card.
        good: "up" or "down" where one direction is good: the card then says better or worse
            when the change is more than chance, and whether a target was reached.

    Raises:
        ArgumentError: A key that cannot name a file, a table with a column that names people,
            or another type.
    """
    current().put(key, value, previous, good)


def cards(*keys: str, labels: Mapping[str, str] | None = None) -> None:
    """Show headline cards of figures that were put.

    Args:
        *keys: Keys of the figures, three to six; none: all that were put so far.
        labels: Key → text key or plain text, where the label is not `<topic>.card.<name>`.
    """
    current().cards(keys, labels or {})


def borrow(*keys: str) -> list[str]:
    """Take over headline figures of the other notebooks of the run, for `cards`.

    Args:
        *keys: Keys of figures that they put on cards.

    Returns:
        Those that there are.
    """
    return [key for key in keys if current().borrow(key)]


def others_actions() -> list[blocks.Action]:
    """Return what the other notebooks of the run say is to be done."""
    return overview.others_actions(current().part.run_folder, notebook_titles())


def targets() -> pd.DataFrame:
    """Return the targets of the workspace, what was reached, and how sure that is.

    See `commlab.report.overview.targets`.
    """
    page = current()
    wanted = {target.key: target.value for target in page.ds.settings.targets}
    return overview.targets(page.part.run_folder, wanted)


def changes() -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return what changed since the last run of the workspace, and words for sentences.

    See `commlab.report.since.changes`.
    """
    page = current()
    return since.changes(page.part.run_folder, page.gate)


def actions(found: Sequence[blocks.Action]) -> None:
    """Show "What to do": actions by expected value, then by number of people."""
    current().actions(found)


def heading(key: str, /, *, level: int = 2, **values: Any) -> None:
    """Show a finding as a heading: text key and what fills its slots."""
    current().heading(key, level, values)


def say(key: str, /, **values: Any) -> None:
    """Show sentences: text key and what fills its slots."""
    current().say(key, values)


def warn(key: str, /, **values: Any) -> None:
    """Show a warning that cannot be missed: text key and what fills its slots."""
    current().warn(key, values)


def show(draw: Callable[..., Any], *args: Any, fold: bool | None = None, **options: Any) -> None:
    """Draw a chart or a table in every language and show it.

    Args:
        draw: Function of `commlab.charts` that takes `lang` and returns a matplotlib Figure
            (then it takes `narrow` too), a great_tables GT, or text.
        *args: Its arguments.
        fold: Whether a table is folded away; by default it is when it is long.
        **options: Its keyword arguments.

    Raises:
        ArgumentError: It returned something else.
    """
    current().show(draw, args, options, fold)


@contextmanager
def section(key: str) -> Iterator[None]:
    """Run a part of the page; where the data cannot carry it, say so in words and go on.

    A `NotEnoughDataError` or `MissingTableError` inside ends the part, not the report; the page
    says the text `<key>.refused`, or a general sentence with the error's own. Other errors end
    the report.

    Args:
        key: Text key of the part, e.g. `retention.survival`.

    Example:
        >>> with section("retention.survival"):  # doctest: +SKIP
        ...     rows = cl.metrics.membership_rows(ds)
    """
    try:
        yield
    except (NotEnoughDataError, MissingTableError) as error:
        current().refuse(f"{key}.refused", error)


def end() -> None:
    """Show what cannot be answered and how the page was made, and close the page."""
    global _current
    current().end()
    _current = None
