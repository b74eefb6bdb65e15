"""Arguments that cannot be meant: what is wrong, the bound or the nearest name; nothing is run."""

from __future__ import annotations

import pytest

from .conftest import write_book


@pytest.mark.parametrize(
    ("words", "what", "mend"),
    [
        (["02", "-p", "levle", "4"], "02_alpha has no parameter 'levle'.", "mean 'level'?"),
        (["02", "-p", "as_of", "2026-01-01"], "filled in by the run", "Use --as-of DATE."),
        (["02_alhpa"], "there is no notebook '02_alhpa'.", "Did you mean '02_alpha'?"),
        (["--as-of", "2026-13-01"], "as_of is '2026-13-01', which is no date.", "as 2026-06-30."),
        (["--as-of", "yesterday"], "as_of is 'yesterday', which is no date.", "as 2026-06-30."),
        (["--as-of", "2026-01-09"], "as_of is 2026-01-09, before the first day of the data, 2026",
         "The data run from 2026-01-10 to 2026-06-18."),
        (["--as-of", "2062-06-18"], "as_of is 2062-06-18, more than a year after the last row",
         "The data run from 2026-01-10 to 2026-06-18."),
        (["--name", "../x"], "name == '../x', must be the name of a folder.", "Use --out"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant(stopped, sources, words, what, mend):
    error = stopped(sources.folder, *words)
    assert what in error
    assert mend in error


def test_a_word_of_the_name_under_another_number(stopped, sources, books):
    write_book(books, "02_cohort_retention", ["1"])
    error = stopped(sources.folder, "03_cohort")
    assert "there is no notebook '03_cohort'. Did you mean 'cohort'?" in error
