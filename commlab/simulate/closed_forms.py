"""Expected values of a world that follow from its parameters alone."""

from __future__ import annotations

import numpy as np
from scipy import special

from commlab.simulate.channels import ChannelType
from commlab.simulate.world import World

NODES = 64  # Gauss quadrature; the integrands are analytic


def membership_survival(kind: ChannelType, weeks: np.ndarray) -> np.ndarray:
    """Return the probability that a stay lasts longer than so many weeks.

    S(t) = B(a, b + t) / B(a, b): Fader & Hardie (2007), "How to project customer retention",
    eq. 6.

    Example:
        >>> from commlab.simulate.world import World
        >>> kind = World().channels[0]
        >>> bool(membership_survival(kind, np.array([0]))[0] == 1)
        True
    """
    a, b = kind.leave_a, kind.leave_b
    return np.exp(special.betaln(a, b + np.asarray(weeks, dtype=float)) - special.betaln(a, b))


def expected_repeat_purchases(kind: ChannelType, weeks: np.ndarray) -> np.ndarray:
    """Return E[X(t)], the purchases after the first one within operational weeks of it.

    MBG/NBD: given lambda and p it is (1 - p) / p * (1 - exp(-lambda p t)); lambda is integrated in
    closed form, p by Gauss-Jacobi quadrature, which stays exact at a = 1 where the closed form of
    Batislam et al. (2007), eq. 9, divides by a - 1.
    """
    p, weight = _beta_nodes(kind.a, kind.b)
    t = np.asarray(weeks, dtype=float)[:, None]
    alive = 1.0 - (kind.alpha / (kind.alpha + p * t)) ** kind.r
    return ((1.0 - p) / p * alive) @ weight


def second_order_share(kind: ChannelType, weeks: np.ndarray) -> np.ndarray:
    """Return P(X(t) > 0), the share of buyers with a second order within operational weeks."""
    t = np.asarray(weeks, dtype=float)
    return kind.b / (kind.a + kind.b) * (1.0 - (kind.alpha / (kind.alpha + t)) ** kind.r)


def message_share(
    world: World, first_day: float, last_day: float, joiners: np.ndarray | None = None
) -> tuple[float, float]:
    """Return the share who write between two days of tenure, and its intra-class correlation.

    For members who are in the group all the time (leaving selects the livelier ones: that is
    not in these figures). A member's count is Poisson with mean m * activity * u; the activity
    is Gamma(k, k), so P(silent | u) = (1 + m u / k)^-k, and the lognormal liveliness u of the
    group is integrated by Gauss-Hermite quadrature.

    Args:
        world: Parameters.
        first_day: First day of tenure.
        last_day: End of the days of tenure.
        joiners: Group members by kind of channel; as the shares of the world when None.
    """
    fade, floor, k = world.activity_days, world.activity_floor, world.activity_shape
    decay = fade * (np.exp(-first_day / fade) - np.exp(-last_day / fade))
    length = floor * (last_day - first_day) + (1.0 - floor) * decay
    if joiners is None or not joiners.any():
        joiners = np.array([item.share * item.join_rate for item in world.channels])
    mean = np.array([item.messages for item in world.channels]) / 7.0 * length
    node, weight = np.polynomial.hermite_e.hermegauss(NODES)
    weight = weight / weight.sum()
    lively = np.exp(world.group_sd * node - world.group_sd**2 / 2)
    silent = (1.0 + np.outer(lively, mean) / k) ** -k
    share = 1.0 - silent @ (joiners / joiners.sum())
    overall = float(weight @ share)
    between = float(weight @ (share - overall) ** 2)
    return overall, between / (overall * (1.0 - overall))


def _beta_nodes(a: float, b: float) -> tuple[np.ndarray, np.ndarray]:
    x, weight = special.roots_jacobi(NODES, b - 1.0, a - 1.0)
    return (x + 1.0) / 2.0, weight / weight.sum()
