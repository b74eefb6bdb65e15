"""Random streams: one for each topic and chunk, so that no topic disturbs another."""

from __future__ import annotations

import zlib

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
    "designs",
    "sends",
    "send_orders",
    "interests",
    "tags",
    "contents",
    "staff_days",
    "surveys",
    "coupons",
    "points",
    "faults",
    "null_world",
    "helpers",
    "chatty",
    "asking",
    "keen",
    "demand",
)


def stream(seed: int, topic: str, chunk: int = 0, *parts: int) -> np.random.Generator:
    """Return the generator of one topic in one chunk of members.

    Args:
        seed: Seed of the world.
        topic: One of `TOPICS`.
        chunk: Number of the chunk.
        parts: Parts of the topic that must not disturb each other, e.g. `named("c05")`.

    Example:
        >>> bool(stream(1, "people").random() == stream(1, "people").random())
        True
    """
    return np.random.default_rng(
        np.random.SeedSequence(seed, spawn_key=(TOPICS.index(topic), chunk, *parts))
    )


def named(text: str) -> int:
    """Return a number for a name, the same in every process."""
    return zlib.crc32(text.encode())


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
