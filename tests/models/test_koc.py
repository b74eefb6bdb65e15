"""Who is chosen, who is not: by hand, on small communities whose answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commlab as cl
from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.models.value import part_ranks, savage
from commlab.schedule import PARTS, PointSchedule

HEARD = ("written", "answered", "expected", "answers", "questions")


def people(n: int = 400, seed: int = 0) -> pd.DataFrame:
    """Active members of whom nobody stands out."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({part: rng.gamma(0.5, 10, n) for part in PARTS})
    frame.insert(0, "member_id", [f"m{place:03d}" for place in range(n)])
    frame["written"] = rng.poisson(20, n)
    frame["expected"] = frame["written"] * 0.2
    frame["answered"] = rng.poisson(frame["expected"])
    frame["answers"], frame["questions"] = rng.poisson(2, n), rng.poisson(4, n)
    return totals(frame)


def totals(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(points=frame[list(PARTS)].sum(axis=1))


def make(frame: pd.DataFrame, place: int, **values: float) -> None:
    frame.loc[place, list(values)] = list(values.values())


def planted() -> pd.DataFrame:
    """m000 is heard and answers; m001 only writes; m002 only buys; m003 as m000 but buys little."""
    frame = people()
    voice = {"written": 30, "expected": 6, "answered": 30, "answers": 20, "questions": 0}
    parts = {"content": 60, "interaction": 40, "social": 40}
    make(frame, 0, **voice, **parts, consumption=30)
    make(frame, 1, written=900, expected=180, answered=150, answers=3, questions=200,
         content=400, interaction=300, social=90, consumption=30)  # fmt: skip
    make(frame, 2, consumption=900, content=0, interaction=0.3, social=0)
    make(frame, 3, **voice, **parts, consumption=0)
    return totals(frame)


def test_the_heard_are_chosen_and_the_loud_are_not() -> None:
    found = cl.models.select_koc(planted(), share=0.005)
    assert set(found.chosen["member_id"]) == {"m000", "m003"}
    assert found.chosen["member_id"].iloc[0] == "m000"  # who buys as well comes first
    assert found.members.set_index("member_id").loc["m001", "left_out"] == "noise"
    assert "m001" not in found.named()
    assert found.count().value == 2
    assert len(found.candidates) == 2


def test_being_loud_is_no_fault_where_one_is_answered_more_than_others() -> None:
    frame = planted()
    make(frame, 1, answered=400)
    assert not cl.models.noise_makers(frame)[1]
    assert cl.models.noise_makers(planted()).tolist().index(True) == 1
    helper = planted()
    make(helper, 1, answers=300)
    assert not cl.models.noise_makers(helper)[1]


@pytest.mark.parametrize("reason", ["rings", "freebies", "staff"])
def test_those_left_out_are_not_replaced_by_a_larger_share(reason: str) -> None:
    found = cl.models.select_koc(planted(), share=0.005, **{reason: ["m000", "nobody"]})
    assert "m000" not in found.named()
    assert len(found.chosen) == 2
    assert found.left_out["member_id"].tolist()[:1] == ["m000"]


def test_nobody_is_chosen_for_one_part_alone() -> None:
    frame = planted()
    for part in PARTS[1:]:
        frame[part] = 0.0
    with pytest.raises(NotEnoughDataError, match="two of the four parts"):
        cl.models.select_koc(totals(frame))


def test_without_messages_the_parts_alone_decide() -> None:
    frame = planted().drop(columns=list(HEARD))
    found = cl.models.select_koc(frame, share=0.005)
    assert found.voice == 0
    assert found.members["resonance"].isna().all()
    best = cl.models.composite(frame).nlargest(1).index[0]
    assert found.chosen["member_id"].iloc[0] == frame.loc[best, "member_id"]
    with pytest.raises(ArgumentError, match="no column 'answered'"):
        cl.models.select_koc(frame, voice=0.5)


def test_the_frame_stays_as_it_was() -> None:
    frame = planted()
    before = frame.copy()
    cl.models.select_koc(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_bad_arguments_say_so() -> None:
    frame = planted()
    with pytest.raises(ArgumentError, match=r"share == 0\.2"):
        cl.models.select_koc(frame, share=0.2)
    with pytest.raises(ArgumentError, match=r"weights\['content'\] == -1"):
        cl.models.select_koc(frame, weights={"content": -1, "social": 2})
    with pytest.raises(ArgumentError, match=r"sum to 0\.5.*Divide each by 0\.5"):
        cl.models.select_koc(frame, weights={"content": 0.5})
    with pytest.raises(ArgumentError, match=r"'contents'.*Did you mean 'content'"):
        cl.models.select_koc(frame, weights={"contents": 1.0})
    with pytest.raises(NotEnoughDataError, match="nobody but staff"):
        cl.models.select_koc(frame.iloc[:0])


def test_weights_as_text() -> None:
    assert cl.models.read_weights("") == dict.fromkeys(PARTS, 0.25)
    assert cl.models.read_weights("content=0.5, social=0.5")["content"] == 0.5
    with pytest.raises(ArgumentError, match="content:1"):
        cl.models.read_weights("content:1")


def test_ranks_do_not_hang_on_the_scale_of_a_part() -> None:
    frame = people()
    other = frame.assign(content=frame["content"] * 1000)
    pd.testing.assert_frame_equal(part_ranks(frame), part_ranks(other))
    # Savage scores: mean 1 (up to rank ties), half of the members above log 2.
    assert savage(frame["content"]).mean() == pytest.approx(1, abs=0.01)
    assert np.median(savage(frame["content"])) == pytest.approx(np.log(2), abs=0.01)


def test_stability_is_one_where_weights_cannot_matter() -> None:
    frame = planted()
    make(frame, 0, consumption=1e4, content=1e4, interaction=1e4, social=1e4, answered=500)
    found = cl.models.select_koc(totals(frame), share=0.0025)
    stable = cl.models.selection_stability(found, draws=100)
    assert stable.overlap.value == stable.overlap.low == 1
    assert stable.frequency["m000"] == 1
    assert stable.frequency.sum() == pytest.approx(1)


def test_stability_is_low_where_each_part_has_its_own_best() -> None:
    frame = people(401).drop(columns=list(HEARD))
    frame[list(PARTS)] = 0.0
    for place in range(40):  # ten the best in each part, and strong in a second one
        make(frame, place, **{PARTS[place % 4]: 900 + place, PARTS[(place + 1) % 4]: 100 + place})
    found = cl.models.select_koc(totals(frame), share=0.02)
    stable = cl.models.selection_stability(found, seed=3)
    assert stable.overlap.value < 0.8
    again = cl.models.selection_stability(found, seed=3)
    assert again.overlap == stable.overlap


def test_a_schedule_is_scaled_so_that_the_cut_is_the_top_fifth() -> None:
    frame = people(1000)
    factor = cl.models.schedule_factor(frame, 0.2, 20)
    assert (frame["points"] * factor > 20).sum() == 200
    plan = cl.models.propose_schedule(frame, PointSchedule())
    assert plan.post == pytest.approx(0.5 * factor)
    assert plan.posts_a_day == 3
    with pytest.raises(NotEnoughDataError, match="less than 20%"):
        cl.models.schedule_factor(frame.assign(points=0.0))
    share = cl.models.share_above(frame.assign(points=frame["points"] * factor))
    assert share.value == pytest.approx(0.2)
    assert share.n == 1000


def test_who_was_kept_is_counted_among_the_top_of_the_other_half() -> None:
    first = cl.models.select_koc(planted(), share=0.005)
    same = cl.models.kept_in(first, first)
    assert (same.value, same.n) == (1, 2)
    nobody = planted()
    make(nobody, 0, **dict.fromkeys(PARTS, 0.0), answered=0)
    make(nobody, 3, **dict.fromkeys(PARTS, 0.0), answered=0)
    assert cl.models.kept_in(first, cl.models.select_koc(totals(nobody))).value == 0
