"""Kitagawa's terms: by hand, always adding up, with intervals that cover."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from commlab.errors import DataError, NotEnoughDataError
from commlab.models.decomposition import decompose


def cohort(**cells: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(
        [(name, n, k) for name, (n, k) in cells.items()], columns=["segment", "at_risk", "active"]
    )


def test_by_hand() -> None:
    # Shares .5/.5 → .25/.75, rates .8/.4 → .6/.4: mix (−.25)(.7) + (.25)(.4) = −.075,
    # rate (.375)(−.2) = −.075, change .45 − .6 = −.15.
    parts = decompose(cohort(a=(100, 80), b=(100, 40)), cohort(a=(50, 30), b=(150, 60)))
    assert parts.change.value == pytest.approx(-0.15)
    assert parts.mix.value == pytest.approx(-0.075)
    assert parts.rate.value == pytest.approx(-0.075)
    frame = parts.to_frame().set_index("segment")
    # Against the mean rate of all, .375·.7 + .625·.4 = .5125.
    assert frame.loc["a", "mix"] == pytest.approx(-0.25 * (0.7 - 0.5125))
    assert frame.loc["b", "mix"] == pytest.approx(0.25 * (0.4 - 0.5125))
    assert frame.loc["b", "rate"] == 0
    assert parts.mix.low < parts.mix.value < parts.mix.high


def test_same_people_same_rates_change_nothing() -> None:
    before = cohort(a=(100, 80), b=(50, 10))
    parts = decompose(before, before)
    assert parts.change.value == parts.mix.value == parts.rate.value == 0
    wide = decompose(before, before, deff=4.0)
    assert wide.rate.high > parts.rate.high


def test_a_segment_on_one_side_counts_in_the_mix_alone() -> None:
    parts = decompose(cohort(a=(100, 80)), cohort(a=(50, 40), new=(50, 10)))
    assert parts.rate.value == pytest.approx(0)
    assert parts.change.value == pytest.approx(parts.mix.value) == pytest.approx(-0.3)
    row = parts.frame.set_index("segment").loc["new"]
    assert np.isnan(row["rate_before"])
    assert row["n_before"] == 0


cell = st.tuples(st.integers(0, 50), st.floats(0, 1)).map(lambda x: (x[0], int(x[0] * x[1])))
cells = st.dictionaries(st.sampled_from("abcdef"), cell, min_size=1, max_size=6)


@settings(max_examples=200, deadline=None)
@given(cells, cells)
def test_terms_add_up_exactly(
    before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]
) -> None:
    if not sum(n for n, _ in before.values()) or not sum(n for n, _ in after.values()):
        with pytest.raises(NotEnoughDataError):
            decompose(cohort(**before), cohort(**after))
        return
    parts = decompose(cohort(**before), cohort(**after))
    plain = [sum(k for _, k in x.values()) / sum(n for n, _ in x.values()) for x in (before, after)]
    assert parts.change.value == pytest.approx(plain[1] - plain[0], abs=1e-12)
    assert parts.mix.value + parts.rate.value == pytest.approx(parts.change.value, abs=1e-12)
    assert parts.frame["mix"].sum() == pytest.approx(parts.mix.value, abs=1e-12)
    assert parts.frame["rate"].sum() == pytest.approx(parts.rate.value, abs=1e-12)


def test_bad_frames_are_refused() -> None:
    good = cohort(a=(10, 5), b=(10, 5))
    for bad in (good.drop(columns="active"), pd.concat([good, good]), cohort(a=(5, 6))):
        with pytest.raises(DataError):
            decompose(good, bad)


@pytest.mark.slow
@pytest.mark.parametrize("part", ["change", "mix", "rate"])
def test_intervals_cover_as_promised(part: str) -> None:
    w = np.array([[0.5, 0.3, 0.2], [0.3, 0.3, 0.4]])
    r = np.array([[0.6, 0.4, 0.2], [0.5, 0.4, 0.25]])
    truth = {
        "mix": float(((w[1] - w[0]) * r.mean(axis=0)).sum()),
        "rate": float((w.mean(axis=0) * (r[1] - r[0])).sum()),
    }
    truth["change"] = truth["mix"] + truth["rate"]
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        frames = []
        for c in (0, 1):
            n = rng.multinomial(400, w[c])
            k = rng.binomial(n, r[c])
            frames.append(pd.DataFrame({"segment": list("xyz"), "at_risk": n, "active": k}))
        found = getattr(decompose(*frames), part)
        held += found.low <= truth[part] <= found.high
    assert 179 <= held <= 198
