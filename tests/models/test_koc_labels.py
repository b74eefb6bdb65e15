"""Opinion leaders learnt from marks: what the marks are about is learnt, and nothing else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.models import learn_koc
from commlab.schedule import PARTS


def profiles(seed=0, n=3000):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({part: rng.gamma(1, 4, n) for part in PARTS})
    frame.insert(0, "member_id", [f"m{one}" for one in range(n)])
    frame["points"] = frame[list(PARTS)].sum(axis=1)
    wrote = rng.poisson(6, n)
    return frame.assign(written=wrote, answered=rng.poisson(3, n), expected=3.0,
                        answers=rng.poisson(2, n), questions=rng.poisson(2, n))  # fmt: skip


def test_what_the_brand_marks_is_learnt():
    """Here the brand marks those who bring people in, which the score holds for one of many."""
    frame = profiles()
    marked = frame.nlargest(60, "social")["member_id"]
    found = learn_koc(frame, marked)
    table = found.to_frame().set_index(["method", "top"])
    assert (found.labelled, found.members) == (60, 3000)
    assert table.loc[("labels", 0.01), "people"] == 30
    assert table.loc[("labels", 0.01), "rate"] > 0.9
    assert table.loc[("composite", 0.01), "rate"] < 0.4
    assert found.verdict == "labels"
    chance = found.probability
    assert chance.sum() == pytest.approx(60, rel=0.35)  # calibrated: as many as there are


def test_marks_without_reason_teach_nothing():
    frame = profiles(1)
    rng = np.random.default_rng(2)
    found = learn_koc(frame, rng.choice(frame["member_id"], 60, replace=False))
    assert found.verdict == "composite"
    assert found.to_frame()["rate"].max() < 0.2


def test_few_or_unknown_marks_are_refused():
    frame = profiles()
    with pytest.raises(ArgumentError, match="none of the members"):
        learn_koc(frame, ["nobody"])
    with pytest.raises(NotEnoughDataError, match="19 marked"):
        learn_koc(frame, frame["member_id"].head(19))
