"""Purchase models in which segments differ: static covariates, small segments drawn in."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from commlab import guards
from commlab.config import MIN_REPEAT_BUYERS
from commlab.errors import (
    ArgumentError,
    ConvergenceWarning,
    NotEnoughDataError,
    StatisticalWarning,
)
from commlab.estimate import LEVEL
from commlab.models import _covariate_levels as _levels
from commlab.models._btyd_base import BuyTillYouDieModel
from commlab.models._btyd_data import Array, check_customers, distinct
from commlab.models._future_by_level import FutureByLevel
from commlab.models._level_effects import Layout, PatternLikelihood, posterior

_EFFECTS = ("purchase", "dropout")  # b too may be scaled, but data seldom tell it from a
_DRAWS = 1_000  # behind the intervals of coefficients: their 2.5 % ends rest on 25
_MIN_EFFECTIVE = 50  # draws that carry the weight: below it an end is known to a fifth at best
_PROPOSALS = 4  # proposals for each parameter draw kept, as without covariates


class StaticCovariateModel(FutureByLevel):
    """A purchase model whose parameters differ by channel, region or other fixed segments.

    Fader & Hardie 2007, Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD
    models (brucehardie.com, note 19): alpha = alpha₀·exp(−γ′z), a = a₀·exp(δ′z), for Pareto/NBD
    beta = beta₀·exp(−δ′z). exp(γ) is how many times as often a segment's customers buy while they
    are there; exp(δ) multiplies the odds a/b of leaving after a purchase (Pareto/NBD: the rate of
    leaving). b may be scaled too, as in the paper; data of segments seldom tell it from a.

    Where the paper maximises, here every level's effect has a normal prior around 0 whose spread
    is learnt from the data, so that a segment of 20 hardly leaves the whole and one of 5,000
    stands for itself (see `_level_effects`). No level is the reference.

    A level that was not among the data of the fit is taken as one of its kind: its effect is 0,
    with the spread of the others in draws; all such levels of a covariate share it.

    Args:
        model: `BetaGeoModel()`, `ModifiedBetaGeoModel()`, `ParetoNBDModel()` or `NBDModel()`, not
            fitted; it is not changed.
        covariates: Columns of the customers with their levels, one value a customer.
        effects: Which effects levels have: "purchase", "dropout" (not for NBD), and for BG/NBD
            and MBG/NBD "staying" (on b). None: purchase and, where there is one, dropout.

    Attributes:
        params_: Series, the parameters of a segment in the middle of the levels.
        coefficients_: Frame, see `coefficients`, at 95 %.
        spread_: Frame: covariate, effect, spread (τ, on the log scale), low, high.
        pooled_: The model without covariates, fitted to the same rows.
        levels_: Frame: covariate, level, customers, repeat_buyers.
        log_likelihood_: At the mode, without the prior.
        customers_, repeat_buyers_, converged_, on_bound_, flags_: As of the model.

    Example:
        >>> import pandas as pd
        >>> import commlab as cl
        >>> rfm = pd.DataFrame({"frequency": [0, 1, 2, 5] * 2, "recency": [0.0, 12, 30, 36] * 2,
        ...                     "T": [38.0, 38, 39, 38] * 2, "channel": ["qr"] * 4 + ["ad"] * 4,
        ...                     "weight": [600, 200, 100, 100, 900, 200, 50, 50]})
        >>> model = StaticCovariateModel(cl.models.ModifiedBetaGeoModel(), ["channel"]).fit(rfm)
        >>> table = model.coefficients_.set_index(["level", "effect"])
        >>> bool(table.loc[("qr", "purchase"), "ratio"] > 1)
        True
    """

    def __init__(
        self, model: BuyTillYouDieModel, covariates: Sequence[str],
        effects: Sequence[str] | None = None,
    ) -> None:  # fmt: skip
        if not isinstance(model, BuyTillYouDieModel):
            raise ArgumentError(
                f"model == {model!r}, must be a BG/NBD, MBG/NBD, Pareto/NBD or NBD model."
            )
        if model.engine != "own":
            raise ArgumentError(f"engine == {model.engine!r}, must be 'own' with covariates.")
        if isinstance(covariates, str) or not len(covariates):
            raise ArgumentError(
                f"covariates == {covariates!r}, must be names of columns.", fix='E.g. ["channel"].'
            )
        if len(set(covariates)) < len(covariates):
            raise ArgumentError(f"covariates == {list(covariates)!r}, must differ.")
        if effects is None:
            effects = [name for name in _EFFECTS if name in model.covariate_effects]
        for name in effects:
            guards.one_of("effects", name, tuple(model.covariate_effects))
        if not effects:
            raise ArgumentError("effects must name at least one.")
        self.model, self.covariates = model, tuple(covariates)
        self.effects = tuple(dict.fromkeys(effects))

    @property
    def name(self) -> str:
        """The model's name."""
        return f"{self.model.name} by {', '.join(self.covariates)}"

    # Fitting -------------------------------------------------------------------------------------

    def fit(self, rfm: pd.DataFrame, *, strict: bool = False) -> StaticCovariateModel:
        """Fit the model: likelihood of all rows, effects drawn in by their estimated spread.

        Args:
            rfm: As without covariates, and a column for each.
            strict: Raise instead of flagging where the data cannot carry a decision.

        Raises:
            DataError: Rows contradict themselves, or lack a level.
            NotEnoughDataError: A covariate with one level; nobody bought again; with `strict`,
                any flag.
            ArgumentError: Too many levels, or two covariates that say the same.
        """
        rows = _levels.labels(rfm, self.covariates)
        customers = check_customers(rfm)
        self._known = _levels.learn(rows, self.covariates)
        codes = _levels.encode(rows, self._known)
        self.pooled_ = copy.copy(self.model)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # judged below, with the levels
            self.pooled_.fit(rfm)
        places, at = _levels.group(codes)
        scale = self.pooled_._scale
        patterns = [distinct(customers.take(one)).scaled(scale) for one in at]
        heavy = np.array([part.customers for part in patterns])
        self._patterns, self._pattern_weight = places, heavy
        again = np.array([part.repeat_buyers for part in patterns])
        self.levels_ = _levels.count(self._known, self.covariates, places, heavy, again)
        names = list(self.model.parameters)
        moves = np.zeros((len(self.effects), len(names)))
        for row, effect in enumerate(self.effects):
            parameter, sign = self.model.covariate_effects[effect]
            moves[row, names.index(parameter)] = sign
        # One level more stands for those never seen: the prior alone speaks for it.
        layout = Layout(moves, tuple(len(known) + 1 for known in self._known))
        function = PatternLikelihood(
            layout, self.model._likelihood, patterns, places, self.model._row_log_likelihood
        )
        self._posterior = found = posterior(layout, function, self.pooled_._maximum.point)
        self._point = found.maximum.point
        self._units = np.array([scale if name in self.model.times else 1.0 for name in names])
        self._draws: dict[str, Any] = {}
        bought = sum(float((part.weight * part.frequency).sum()) for part in patterns)
        self.log_likelihood_ = found.value - bought * float(np.log(scale))
        self.customers_, self.repeat_buyers_ = self.pooled_.customers_, self.pooled_.repeat_buyers_
        self.params_ = pd.Series(
            np.exp(self._middle(self._point)) * self._units, index=names, name="params"
        )
        self.converged_ = found.converged
        # The wide prior of the search keeps off the bounds what the data alone would push there.
        bound = found.maximum.at_bound[: len(names)] | np.isin(names, self.pooled_.on_bound_)
        self.on_bound_ = tuple(np.asarray(names)[bound])
        self.flags_ = self._judge()
        if self.flags_:
            text = f"{self.name}: {'; '.join(self.flags_)}."
            if strict:
                raise NotEnoughDataError(
                    text, fix="Take a longer period, or the model without covariates."
                )
            warnings.warn(f"{text} Not for a decision.", ConvergenceWarning, stacklevel=2)
        return self

    def _judge(self) -> tuple[str, ...]:
        flags = []
        if self.repeat_buyers_ < MIN_REPEAT_BUYERS:
            flags.append(
                f"{self.repeat_buyers_:,.0f} repeat buyers of {self.customers_:,.0f} customers, "
                f"fewer than {MIN_REPEAT_BUYERS}"
            )
        if self.on_bound_:
            flags.append(f"{', '.join(self.on_bound_)} on a bound: the data do not hold it")
        if not self.converged_:
            flags.append("the search did not reach a maximum")
        return tuple(flags)

    def _middle(self, points: Array) -> Array:
        """Return log parameters at the mean effect of the levels seen, last axis parameters."""
        layout = self._posterior.layout
        mean = points[..., : layout.parameters].copy()
        for c, known in enumerate(self._known):
            mean = mean + self._mean_effect(points, c, len(known)) @ layout.moves
        return np.asarray(mean)

    def _mean_effect(self, points: Array, covariate: int, seen: int) -> Array:
        layout = self._posterior.layout
        each = [points[..., layout.place(covariate, level)] for level in range(seen)]
        return np.asarray(np.mean(each, axis=0))

    # What was learnt -----------------------------------------------------------------------------

    def _weighted(self) -> tuple[Array, Array, Array]:
        """Return draws of coefficients and log spreads with their weights, made once."""
        self._fitted()
        if "weighted" not in self._draws:
            self._draws["weighted"] = self._posterior.propose(_DRAWS, 0)
            weight = self._draws["weighted"][2]
            effective = 1 / float((weight**2).sum())
            if effective < _MIN_EFFECTIVE:
                warnings.warn(
                    f"{self.name}: the intervals rest on {effective:.0f} of {_DRAWS:,} draws, the "
                    "likelihood being far from normal: too few buyers, or too many levels. Below "
                    "40 draws the ends of 95 % intervals are left open.",
                    StatisticalWarning,
                    stacklevel=3,
                )
        points, spreads, weight = self._draws["weighted"]
        return points, spreads, weight

    def coefficients(self, *, level: float = LEVEL) -> pd.DataFrame:
        """Return what tells levels apart, each against the mean of the levels seen.

        Args:
            level: Level of the intervals (posterior, the spread being unknown).

        Returns:
            Frame, a row a level and effect: covariate, level, effect, customers, repeat_buyers,
            coefficient, standard_error, low, high (log scale), ratio, ratio_low, ratio_high.
        """
        guards.in_range("level", level, low=0, high=1, open_low=True, open_high=True)
        points, _, weight = self._weighted()
        layout, counts = self._posterior.layout, self.levels_.set_index(["covariate", "level"])
        rows = []
        for c, (covariate, known) in enumerate(zip(self.covariates, self._known, strict=True)):
            middle = self._mean_effect(points, c, len(known))
            at_mode = self._mean_effect(self._point, c, len(known))
            for number, label in enumerate(known):
                place = layout.place(c, number)
                drawn = points[:, place] - middle
                mean = weight @ drawn
                error = np.sqrt(weight @ (drawn - mean) ** 2)
                low, high = _ends(drawn, weight, level)
                value = self._point[place] - at_mode
                seen = counts.loc[(covariate, label)]
                for e, effect in enumerate(self.effects):
                    rows.append(
                        (covariate, label, effect, seen["customers"], seen["repeat_buyers"],
                         value[e], error[e], low[e], high[e])
                    )  # fmt: skip
        names = ["covariate", "level", "effect", "customers", "repeat_buyers", "coefficient",
                 "standard_error", "low", "high"]  # fmt: skip
        out = pd.DataFrame(rows, columns=names)
        return out.assign(
            ratio=np.exp(out["coefficient"]), ratio_low=np.exp(out["low"]),
            ratio_high=np.exp(out["high"]),
        )  # fmt: skip

    @property
    def coefficients_(self) -> pd.DataFrame:
        """See `coefficients`, at 95 %."""
        return self.coefficients()

    @property
    def spread_(self) -> pd.DataFrame:
        """How much levels differ: τ at its mode, with its 95 % posterior interval."""
        _, spreads, weight = self._weighted()
        low, high = _ends(spreads, weight, LEVEL)
        pairs = [(covariate, effect) for covariate in self.covariates for effect in self.effects]
        out = pd.DataFrame(pairs, columns=["covariate", "effect"])
        values = np.exp(np.column_stack([self._posterior.log_spread, low, high]))
        out[["spread", "low", "high"]] = values
        return out

    def confidence_intervals(self, *, level: float = LEVEL) -> pd.DataFrame:
        """Return posterior intervals of `params_`: index parameter, columns low, high."""
        guards.in_range("level", level, low=0, high=1, open_low=True, open_high=True)
        points, _, weight = self._weighted()
        ends = _ends(self._middle(points), weight, level)
        values = np.exp(np.asarray(ends)).T * self._units[:, None]
        held = np.isin(self.model.parameters, self.on_bound_)
        values[held] = 0.0, np.inf  # the data set no end on at least one side
        return pd.DataFrame(values, index=list(self.model.parameters), columns=["low", "high"])

    # Draws of parameters, for `parameter_draws` and `with_parameters` -----------------------------

    def _parameter_draws(self, draws: int, seed: int) -> Array:
        self._fitted()
        points, _, weight = self._posterior.propose(_PROPOSALS * draws, seed)
        rng = np.random.default_rng([seed, 1])
        steps = (np.arange(draws) + rng.random()) / draws
        chosen = np.minimum(np.searchsorted(np.cumsum(weight), steps), len(weight) - 1)
        return np.asarray(rng.permutation(points[chosen]))

    def _with_point(self, point: Array) -> StaticCovariateModel:
        one = copy.copy(self)
        one._point = np.asarray(point)
        one.params_ = pd.Series(
            np.exp(self._middle(point)) * self._units, index=self.params_.index, name="params"
        )
        return one

    def __repr__(self) -> str:
        return f"StaticCovariateModel({self.model!r}, {list(self.covariates)!r})"


def _ends(drawn: Array, weight: Array, level: float) -> tuple[Array, Array]:
    """Return the ends of weighted draws, open where less than one draw lies beyond each."""
    tail = (1 - level) / 2
    if tail < (weight**2).sum():  # one over the number of draws that carry the weight
        open_end = np.full(drawn.shape[1:], np.inf)
        return -open_end, open_end
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0, weights=weight, method="inverted_cdf")
    return np.asarray(low), np.asarray(high)
