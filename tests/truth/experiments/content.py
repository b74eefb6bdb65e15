"""Contents: rates by form, which is best, single hits. Worlds are drawn from laws written here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from commlab import models

from ..harness import Experiment, Outcome, covers, flag, rejects

GROUPS, POSTS = 24, 30
FORMS = ("video", "article", "poster", "coupon", "qa", "draw")
SHARES = np.array([0.25, 0.25, 0.2, 0.12, 0.12, 0.06])
TOPICS = {"new": 0.25, "care": 0.0, "story": -0.4}
EVENING, GROUP_SD, POST_SD, FORM_SD = 0.4, 0.35, 0.25, 0.35
BASE = special.logit(0.06)


def posts(
    seed: int, spread: float = FORM_SD, noise: float = POST_SD
) -> tuple[pd.DataFrame, np.ndarray]:
    """Posts of one world, and the true rate of each form over all posts."""
    rng = np.random.default_rng(seed)
    n = GROUPS * POSTS
    group = np.repeat(np.arange(GROUPS), POSTS)
    # Groups differ in what they get: the plain rate of a form is that of its groups too.
    mix = rng.dirichlet(8 * SHARES, size=GROUPS)
    form = np.array([rng.choice(len(FORMS), p=mix[one]) for one in group])
    topic = rng.choice(len(TOPICS), size=n, p=[0.3, 0.4, 0.3])
    evening = rng.random(n) < np.where(form == 0, 0.7, 0.3)  # videos come in the evening
    own = spread * rng.standard_normal(len(FORMS))
    rest = (
        np.array(list(TOPICS.values()))[topic] + EVENING * evening
        + (GROUP_SD * rng.standard_normal(GROUPS))[group] + noise * rng.standard_normal(n)
    )  # fmt: skip
    shown = rng.negative_binomial(4, 4 / (4 + 60), n) + 1
    clicks = rng.binomial(shown, special.expit(BASE + own[form] + rest))
    truth = np.array([float(shown @ special.expit(BASE + one + rest)) for one in own]) / shown.sum()
    frame = pd.DataFrame(
        {
            "content_id": [f"n{place}" for place in range(n)], "group_id": group.astype(str),
            "posted_at": pd.Timestamp("2026-01-01"), "form": np.array(FORMS)[form],
            "topic": np.array(list(TOPICS))[topic],
            "part": np.where(evening, "evening", "morning"),
            "exposures": shown.astype(float), "clicks": clicks.astype(float),
        }
    )  # fmt: skip
    return frame, truth


def look(seeds: Sequence[int], _: Any) -> list[list[Outcome]]:
    """Look at worlds, one after another."""
    return [_world(seed) for seed in seeds]


def _world(seed: int) -> list[Outcome]:
    frame, truth = posts(seed)
    found = models.content_rates(frame, "form", seed=seed)
    table = found.to_frame().set_index("form")
    true = dict(zip(FORMS, truth, strict=True))
    rng = np.random.default_rng(seed + 20_000_000)
    one = str(rng.choice(table.index[table["status"] == "ok"].to_numpy(dtype=str)))
    row = table.loc[one]
    known = [name for name in FORMS if table["status"].get(name) == "ok"]
    best = max(known, key=lambda name: true[name])
    right = found.best == best
    p = found.p_best
    plain = table["raw"].idxmax() == best
    out = [
        covers("rate of one form, drawn in", true[one], row["low"], row["high"]),
        covers("rate of one form, adjusted only", true[one], row["own_low"], row["own_high"]),
        Outcome("the truly best form is among those that could be", bool(
            table.loc[best, "could_be_best"]), 0.95, "at_least"),
        flag("the form named is truly the best", right),
        flag("the form with the highest plain rate is truly the best", plain),
    ]  # fmt: skip
    for low, high in ((0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 0.99)):
        said = bool(right) if low <= p < high else None
        out.append(Outcome(f"named best with {low:.0%} to {high:.0%}: it is", said, None, "shown"))
    alike, level = posts(seed + 10_000_000, spread=0.0)
    null = models.content_rates(alike, "form", seed=seed)
    same = null.to_frame().set_index("form").loc[null.best]
    hits = models.content_winners(posts(seed + 30_000_000, noise=0.0)[0])
    return [
        *out,
        covers("rate of the form named where none differs", float(level[0]), same["low"],
               same["high"], rule="at_least"),
        rejects("a form is clearly the best where none differs", null.verdict == "clear",
                rule="at_most"),
        rejects("a piece is worth repeating where posts differ by chance alone",
                bool(hits["winner"].any()), rule="at_most"),
    ]  # fmt: skip


ABOUT = """
Each world is 24 groups with 30 posts each, in six forms whose log odds differ with a standard
deviation of 0.35. Posts have a topic and an hour that matter too; videos come in the evening more
often, and groups get forms in different shares, so plain rates mislead. Groups differ (0.35), posts
differ beyond chance (0.25), and are shown 60 times on average, unevenly. The truth of a form is the
rate that it would have over all posts. In a second half of the world no form differs from another.
The rows "named best with …" show whether a chance that is said comes true; their share should lie
within the range that is named.
"""
EXPERIMENTS = (Experiment("content-rates", "What is clicked, and which form is best", ABOUT, look),)
