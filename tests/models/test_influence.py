"""The event study of posts on planted orders: by hand, and on simulated point processes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commlab as cl
from commlab.errors import ArgumentError, NotEnoughDataError
from commlab.metrics.influence_rows import InfluenceRows

DAYS, PRESENT = 364.0, 50


def process(
    seed: int = 0, lift: float = 0.0, *, posts: int = 60, rate: float = 0.01, before: float = 0.0,
    hours: str = "even", who: str = "k",
) -> InfluenceRows:  # fmt: skip
    """A group of 50 who buy at a rate a day, and more after each post of one who is there too."""
    rng = np.random.default_rng(seed)
    at = np.sort(rng.uniform(0, DAYS, posts))
    orders = [rng.uniform(0, DAYS, rng.poisson(rate * DAYS * PRESENT))]
    for moment in at:
        # Waits fade: most of the orders come within a day of the post, all within three.
        extra = 3 * rng.beta(1, 3, rng.poisson(lift * PRESENT))
        orders += [moment + extra, moment - 3 * rng.uniform(0, 1, rng.poisson(before * PRESENT))]
    times = np.concatenate(orders)
    times = times[(times >= 0) & (times < DAYS)]
    if hours == "evening":  # of each day, orders and posts fall into its last six hours
        times, at = (np.floor(x) + 0.75 + (x % 1) / 4 for x in (times, at))
    buyer = rng.integers(0, PRESENT, len(times))
    ids = [f"m{n}" for n in range(PRESENT)]
    share = np.bincount((times % 1 * 24).astype(int), minlength=24) + 1.0
    return InfluenceRows(
        posts=pd.DataFrame({"member_id": who, "group_id": "g", "at": np.sort(at)}),
        stays=pd.DataFrame({"group_id": "g", "member_id": [*ids, who], "begins": 0.0,
                            "ends": DAYS}),
        orders=pd.DataFrame({"member_id": [ids[n] for n in buyer], "at": times}),
        hours=share / share.sum(),
        length=DAYS,
    )  # fmt: skip


def one(rows: InfluenceRows) -> pd.Series:
    return cl.models.post_influence(rows).iloc[0]


def test_the_excess_is_what_stands_above_the_rest_of_the_week() -> None:
    """Ten weeks; in each, one post at the start of day 2. Four orders in the three days after it,
    four in the other four days: 4 − 4 · 3/4 = 1 above the rest."""
    posts = np.arange(10) * 7 + 2.0
    orders = np.concatenate([
        (np.arange(10) * 7)[:, None] + np.array([2.5, 3.0, 4.0, 4.9]),
        (np.arange(10) * 7)[:, None] + np.array([0.5, 1.5, 5.5, 6.5]),
    ]).ravel()  # fmt: skip
    rows = InfluenceRows(
        posts=pd.DataFrame({"member_id": "k", "group_id": "g", "at": posts}),
        stays=pd.DataFrame(
            {"group_id": "g", "member_id": ["a", "b", "k"], "begins": 0.0, "ends": 70.0}
        ),
        orders=pd.DataFrame({"member_id": ["a", "b"] * 40, "at": orders}),
        hours=np.full(24, 1 / 24),
        length=70.0,
    )
    got = one(rows)
    assert (got["posts"], got["audience"], got["orders"]) == (10, 2, 40)
    assert got["expected"] == pytest.approx(30, rel=1e-6)
    assert got["lift"] == pytest.approx(1000 * 10 / 20, rel=1e-6)
    # Poisson: 4 + 4 · (3/4)² a week; the spread over weeks is none, so no dispersion is added.
    assert got["error"] == pytest.approx(np.sqrt(10 * (4 + 4 * 9 / 16)) / 20 * 1000, rel=1e-6)
    assert got["p_adjusted"] == got["p"]


@pytest.mark.parametrize("hours", ["even", "evening"])
def test_overlapping_posts_add_up_whatever_the_shape_of_fading(hours: str) -> None:
    # Posts every other day on average: most windows overlap. The mean over 20 communities.
    found = [one(process(seed, 0.02, posts=180, hours=hours))["lift"] for seed in range(20)]
    error = np.std(found, ddof=1) / np.sqrt(20)
    assert abs(np.mean(found) - 20) < 3.3 * error
    assert error < 2


def test_without_influence_hardly_anything_is_reported() -> None:
    found = [one(process(seed)) for seed in range(40)]
    states = pd.Series([row["state"] for row in found])
    assert set(states) <= {"unclear", "moves"}
    assert (states == "moves").sum() <= 5  # 99.9 % of Binomial(40, .025) lies up to 5


def test_what_comes_before_posts_too_is_no_influence() -> None:
    rows = [one(process(seed, 0.02, before=0.02)) for seed in range(30)]
    # The gap is tested at 5 %: 99.9 % of Binomial(30, .05) lies up to 6.
    assert sum(row["state"] == "moves" for row in rows) <= 6
    assert sum(row["state"] == "before" for row in rows) >= 10
    assert np.mean([row["before"] for row in rows]) > 10


def test_a_strong_voice_is_reported() -> None:
    got = one(process(1, 0.05))
    assert got["state"] == "moves"
    assert got["low"] <= 50 <= got["high"]
    assert got["low"] > 0
    pooled = cl.models.pooled_lift(cl.models.post_influence(process(1, 0.05)))
    assert (pooled.value, pooled.n) == (pytest.approx(got["lift"]), 1)


def test_own_orders_and_those_who_were_not_there_do_not_count() -> None:
    rows = process(1, 0.05)
    gone = rows.stays.assign(ends=np.where(rows.stays["member_id"] == "k", DAYS, 0.0))
    with pytest.raises(NotEnoughDataError, match="nobody has 8 posts"):
        cl.models.post_influence(InfluenceRows(rows.posts, gone, rows.orders, rows.hours, DAYS))
    own = rows.orders.assign(member_id="k")
    with pytest.raises(NotEnoughDataError, match="nobody has 8 posts"):
        cl.models.post_influence(InfluenceRows(rows.posts, rows.stays, own, rows.hours, DAYS))


def test_lifts_of_many_are_drawn_to_their_middle() -> None:
    parts = [process(seed, 0.03 if seed == 0 else 0.0, who=f"k{seed}") for seed in range(12)]
    posts, stays, orders = [], [], []
    for number, part in enumerate(parts):
        name = f"g{number}"
        posts.append(part.posts.assign(group_id=name))
        mine = (
            "x"
            + str(number)
            + part.stays["member_id"].where(part.stays["member_id"] != f"k{number}", "")
        )
        stays.append(
            part.stays.assign(
                group_id=name,
                member_id=np.where(part.stays["member_id"] == f"k{number}", f"k{number}", mine),
            )
        )
        orders.append(part.orders.assign(member_id="x" + str(number) + part.orders["member_id"]))
    rows = InfluenceRows(pd.concat(posts), pd.concat(stays), pd.concat(orders),
                         np.full(24, 1 / 24), DAYS)  # fmt: skip
    found = cl.models.post_influence(rows)
    assert found["member_id"].iloc[0] == "k0"
    assert found["value"].std() < found["lift"].std()
    assert (found["p_adjusted"] >= found["p"]).all()


def test_the_curve_shows_the_days_after_and_nothing_before() -> None:
    rows = [process(seed, 0.05, posts=40) for seed in range(20)]
    curves = [cl.models.event_curve(one, ["k"]) for one in rows]
    mean = pd.concat(curves).groupby("day")["mean"].agg(["mean", "sem"])
    before = mean.loc[-4:-1]
    assert (before["mean"].abs() < 3.5 * before["sem"]).all()
    # Beta(1, 3) over three days: 1 − (2/3)³ of 50 per 1,000 fall on the first day.
    first = mean.loc[0]
    assert abs(first["mean"] - 50 * (1 - (2 / 3) ** 3)) < 3.5 * first["sem"]


def test_bad_arguments_say_so() -> None:
    with pytest.raises(ArgumentError, match="after_days == 6"):
        cl.models.post_influence(process(), after_days=6)
