"""Random streams: one for each topic and chunk, so that no topic disturbs another."""

from __future__ import annotations

import numpy as np
from scipy import special

# Append only: the place in the list is part of the seed.
TOPICS = (
    "people",
    "groups",
    "stays",
    "first_orders",
    "repeat_orders",
    "spend",
    "baskets",
    "unknown_buyers",
    "assignment",
    "campaign_orders",
    "contacts",
    "messages",
    "words",
    "staff_messages",
    "touchpoints",
    "check_ins",
    "nicknames",
    "amounts",
    "member_messages",
    "items",
    "places",
    "texts",
    "referrals",
    "decline",
    "roles",
    "posts",
    "influence",
    "freebies",
    "identities",
    "clusters",
    "buyers",
    "takes",
)


def stream(seed: int, topic: str, chunk: int = 0) -> np.random.Generator:
    """Return the generator of one topic in one chunk of members.

    Example:
        >>> bool(stream(1, "people").random() == stream(1, "people").random())
        True
    """
    return np.random.default_rng(
        np.random.SeedSequence(seed, spawn_key=(TOPICS.index(topic), chunk))
    )


def linked_uniform(
    rng: np.random.Generator, liveliness: np.ndarray, correlation: float
) -> np.ndarray:
    """Return uniforms tied to a standard normal by a Gaussian copula.

    The marginal distribution stays exactly uniform, so what is drawn through a quantile function
    keeps its closed forms.

    Args:
        rng: Source of randomness.
        liveliness: Standard normal, one a person.
        correlation: Correlation on the normal scale, -1 to 1.
    """
    own = rng.standard_normal(liveliness.size)
    return special.ndtr(correlation * liveliness + np.sqrt(1.0 - correlation**2) * own)
