"""How often a form or topic is clicked, adjusted for hour and group, drawn in, and which is best.

Clicks of a post are binomial in its exposures. The log odds add up form, topic, part of the day and
the group's own level (a normal draw whose spread is estimated); groups are clusters, so the errors
are the sandwich's (Liang & Zeger 1986, Biometrika 73) and heed posts that differ more than chance.

The effects of one factor are then drawn towards their mean: normal–normal with a flat prior on the
mean and DuMouchel's on the spread between forms (Gelman et al. 2013, Bayesian Data Analysis,
section 5.4; Spiegelhalter, Abrams & Myles 2004, section 5.7.3: density s₀ / (s₀ + τ)², half of it
below the usual error s₀, so that forms that do not differ are drawn together), worked out on a
grid, with the whole covariance of the effects. The same draws say how likely each is the best.
Rates are those that each form would have if it took the topics, hours and groups of all posts
(marginal standardisation).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from commlab import guards, stats
from commlab.errors import NotEnoughDataError
from commlab.estimate import LEVEL
from commlab.models._content_fit import Fit, fit_odds

Array = npt.NDArray[np.float64]
FACTORS = ("form", "topic", "part")
REACTIONS = ("clicks", "comments", "shares")
MIN_POSTS = 10  # of a level: with fewer its own post-to-post spread is a guess
MIN_GROUPS = 8  # clusters of the sandwich; with fewer it is far too small
DRAWS = 8_000  # a probability of being best of one half is then known to half a point
GRID = 80  # points of the spread between levels


@dataclasses.dataclass(frozen=True)
class ContentRates:
    """Rates by the levels of one factor.

    Attributes:
        factor: "form", "topic" or "part".
        reaction: "clicks", "comments" or "shares".
        frame: The best first: the level under the factor's name, posts, exposures, the reactions,
            raw (reactions a time shown), value, low, high (adjusted and drawn in), own, own_low,
            own_high (adjusted, not drawn in), p_best, could_be_best (within the smallest set that
            holds the best with 95 %), status.
        groups: Groups behind it.
        spread: Posterior mean of the standard deviation between levels, in log odds.
    """

    factor: str
    reaction: str
    frame: pd.DataFrame
    groups: int
    spread: float

    @property
    def best(self) -> str:
        """The level that is most likely the best."""
        return str(self.frame[self.factor].iloc[0])

    @property
    def p_best(self) -> float:
        """How likely it is."""
        return float(self.frame["p_best"].iloc[0])

    @property
    def verdict(self) -> str:
        """How sure the best is: "clear" (95 % at least), "likely" (half at least) or "open"."""
        return "clear" if self.p_best >= LEVEL else "likely" if self.p_best >= 0.5 else "open"

    def to_frame(self) -> pd.DataFrame:
        """Return the levels."""
        return self.frame.copy()


def content_rates(
    rows: pd.DataFrame,
    factor: str = "form",
    reaction: str = "clicks",
    *,
    level: float = LEVEL,
    seed: int = 0,
    min_posts: int = MIN_POSTS,
) -> ContentRates:
    """Return the rate of reactions by form, topic or part of the day.

    Args:
        rows: `metrics.content_rows`.
        factor: What is compared.
        reaction: What is counted.
        level: Level of the intervals.
        seed: Seed of the draws.
        min_posts: Levels with fewer posts are "too_few" and left out of the comparison.

    Raises:
        NotEnoughDataError: Fewer than two levels have enough posts, no exposures or reactions are
            known, or there are fewer than eight groups.
    """
    guards.one_of("factor", factor, FACTORS)
    guards.one_of("reaction", reaction, REACTIONS)
    guards.in_range("level", level, low=0, high=1, open_low=True, open_high=True)
    known = rows[(rows["exposures"] > 0) & rows[reaction].notna()]
    known = known[known[reaction] <= known["exposures"]]
    if known.empty or known[reaction].sum() == 0:
        raise NotEnoughDataError(f"no content has exposures and {reaction}.")
    posts = known.groupby(factor).size()
    enough = posts.index[posts >= min_posts]
    used = known[known[factor].isin(enough)]
    if len(enough) < 2:
        raise NotEnoughDataError(f"fewer than two levels of {factor} have {min_posts} posts.")
    groups = used["group_id"].nunique()
    if groups < MIN_GROUPS:
        raise NotEnoughDataError(
            f"contents stood in {groups} groups: {MIN_GROUPS} are the least whose spread can be "
            "told."
        )
    fit = fit_odds(used, reaction, [factor, *(name for name in FACTORS if name != factor)])
    # Few groups: the errors are themselves uncertain, as Student's quantile says.
    wider = (fit.quantile(level) / stats.quantile(level)) ** 2
    drawn, mean, spread = _posterior(fit.effects, wider * fit.covariance, seed)
    # A rate hangs on the level of all posts too; which form is best does not.
    both = drawn + fit.level_error * np.random.default_rng(seed + 1).standard_normal((DRAWS, 1))
    tail = (1 - level) / 2
    low, high = np.quantile(both, [tail, 1 - tail], axis=0)
    half = fit.quantile(level) * np.sqrt(np.diag(fit.covariance) + fit.level_error**2)
    rate = _standardised(fit)
    best = np.bincount(drawn.argmax(axis=1), minlength=drawn.shape[1]) / len(drawn)
    frame = pd.DataFrame(
        {
            factor: fit.levels,
            "value": rate(mean), "low": rate(low), "high": rate(high),
            "own": rate(fit.effects), "own_low": rate(fit.effects - half),
            "own_high": rate(fit.effects + half), "p_best": best,
        }
    )  # fmt: skip
    frame["could_be_best"] = _could_be(best, level)
    frame["status"] = "ok"
    return ContentRates(
        factor, reaction, _with_counts(known, frame, factor, reaction), groups, spread
    )


def _with_counts(
    known: pd.DataFrame, frame: pd.DataFrame, factor: str, reaction: str
) -> pd.DataFrame:
    by = known.groupby(factor)
    counts = pd.DataFrame(
        {
            "posts": by.size(), "exposures": by["exposures"].sum().round().astype("int64"),
            reaction: by[reaction].sum().round().astype("int64"),
        }
    )  # fmt: skip
    counts["raw"] = counts[reaction] / counts["exposures"]
    table = counts.reset_index().merge(frame, on=factor, how="left")
    few = table["status"].isna()
    table["status"] = table["status"].fillna("too_few")
    table.loc[few, "raw"] = np.nan
    table["could_be_best"] = table["could_be_best"].astype("boolean").fillna(False).astype(bool)
    order = table.assign(_p=-table["p_best"], _v=-table["value"])
    order = order.sort_values(["_p", "_v", factor], kind="stable", na_position="last")
    return order.drop(columns=["_p", "_v"]).reset_index(drop=True)


def _posterior(effects: Array, covariance: Array, seed: int) -> tuple[Array, Array, float]:
    """Return draws of the true effects (draws, levels), their means, and the mean spread.

    The effects are departures from their mean, so one direction carries nothing; there the
    covariance is widened by a hair, and the flat prior on the mean takes it up.
    """
    k = len(effects)
    rng = np.random.default_rng(seed)
    widest = float(np.sqrt(np.diag(covariance).max()))
    top = 3 * max(float(effects.std()), widest)
    taus = np.linspace(0, top, GRID + 1)[1:] - top / GRID / 2
    base = covariance + np.ones((k, k)) * covariance.diagonal().mean()
    logs, means, roots = np.empty(GRID), np.empty((GRID, k)), np.empty((GRID, k, k))
    one = np.ones(k)
    usual = float(1 / np.sqrt((1 / np.diag(covariance)).mean()))
    for place, tau in enumerate(taus):
        total = base + tau**2 * np.eye(k)
        inverse = np.linalg.inv(total)
        weight = inverse @ one / (one @ inverse @ one)
        centre = float(weight @ effects)
        gap = effects - centre
        logs[place] = -2 * np.log(usual + tau) - 0.5 * (
            np.linalg.slogdet(total)[1] + np.log(one @ inverse @ one) + gap @ inverse @ gap
        )
        pull = tau**2 * inverse  # share of its own in each effect
        means[place] = centre + pull @ gap
        rest = np.eye(k) - pull
        own = tau**2 * rest
        spare = rest @ one  # what is not known of the middle goes with what is drawn towards it
        variance = own + np.outer(spare, spare) / (one @ inverse @ one)
        values, vectors = np.linalg.eigh((variance + variance.T) / 2)
        roots[place] = vectors * np.sqrt(np.maximum(values, 0))
    mass = np.exp(logs - logs.max())
    mass /= mass.sum()
    # The same share of draws a point as its mass, the rest by chance.
    chosen = rng.choice(GRID, size=DRAWS, p=mass)
    noise = rng.standard_normal((DRAWS, k))
    drawn = means[chosen] + np.einsum("dij,dj->di", roots[chosen], noise)
    drawn = drawn - drawn.mean(axis=1, keepdims=True)
    mean = mass @ (means - means.mean(axis=1, keepdims=True))
    return drawn, mean, float(mass @ taus)


def _standardised(fit: Fit) -> Callable[[Array], Array]:
    """Return the function from a level's effect to its rate over all posts."""
    ends = np.linspace(-6, 6, 241)
    rates = np.array([float(fit.shown @ special.expit(fit.rest + end)) for end in ends])
    rates /= fit.shown.sum()
    return lambda effect: np.interp(effect, ends, rates)


def _could_be(best: Array, level: float) -> npt.NDArray[np.bool_]:
    order = np.argsort(-best, kind="stable")
    held = np.cumsum(best[order])
    count = int(np.searchsorted(held, level - 1e-12)) + 1
    could = np.zeros(len(best), dtype=bool)
    could[order[:count]] = True
    return could
