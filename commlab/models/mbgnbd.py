"""MBG/NBD: as BG/NBD, but the first purchase too may be the last (Batislam et al. 2007)."""

from __future__ import annotations

from typing import ClassVar

from commlab.models.bgnbd import BetaGeoModel


class ModifiedBetaGeoModel(BetaGeoModel):
    """MBG/NBD model, fitted by maximum likelihood: the default for who is still there.

    As BG/NBD, but a customer may leave right after his first purchase, so that those who never
    came back do not count as alive for ever. Source: Batislam, Denizel & Filiztekin 2007,
    Empirical validation and comparison of models for customer base analysis, Intern. J. of
    Research in Marketing 24(3).

    See `BuyTillYouDieModel` for the attributes.

    Example:
        >>> import pandas as pd
        >>> rfm = pd.DataFrame({"frequency": [0, 1, 2, 5], "recency": [0.0, 12, 30, 36],
        ...                     "T": [38.0, 38, 39, 38], "weight": [600, 200, 100, 100]})
        >>> alive = ModifiedBetaGeoModel().fit(rfm).expected_probability_alive(rfm)
        >>> bool(alive[0] < 1)
        True
    """

    name: ClassVar[str] = "MBG/NBD"
    fitter: ClassVar[str] = "ModifiedBetaGeoFitter"
    _first: ClassVar[int] = 1
