"""A change of retention in words: the figures, whether it could be chance, and the calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commlab.errors import NotEnoughDataError
from commlab.text import fmt, has, lookup, t

if TYPE_CHECKING:
    from commlab.estimate import Estimate
    from commlab.metrics.headline import RetentionChange
    from commlab.models.decomposition import Decomposition


def words(change: RetentionChange, *, lang: str) -> str:
    """Return a change of retention as a paragraph.

    Args:
        change: From `metrics.retention_change`.
        lang: "en" or "zh".

    Raises:
        NotEnoughDataError: One of the two sides has no figure.
    """
    gap = change.difference
    if not gap.ok or gap.low is None or gap.high is None:
        raise NotEnoughDataError("there are not two cohorts to compare.")
    said = [
        t(
            "retention.part.compared.finding",
            lang,
            now=change.current,
            before=change.previous,
            low=_signed(gap.low, lang),
            high=_signed(gap.high, lang),
        ),
        lookup(
            f"retention.part.compared.{'chance' if gap.low <= 0 <= gap.high else 'beyond'}", lang
        ),
    ]
    if change.festivals:
        names = [
            lookup(f"common.festival.{name}", lang) if has(f"common.festival.{name}") else name
            for name in change.festivals
        ]
        comma = "、" if lang == "zh" else ", "
        said.append(t("retention.part.compared.festival", lang, names=comma.join(names)))
    return ("" if lang == "zh" else " ").join(said)


def parts(found: Decomposition, *, lang: str) -> str:
    """Return what a change is made of as a sentence: other people, or people staying differently.

    Args:
        found: From `models.decompose`.
        lang: "en" or "zh".
    """
    return t(
        "retention.part.mix.finding",
        lang,
        change=_both(found.change, lang),
        mix=_both(found.mix, lang),
        rate=_both(found.rate, lang),
    )


def _both(figure: Estimate, lang: str) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return fmt.estimate(figure, lang)
    ends = (_signed(figure.low, lang), _signed(figure.high, lang))
    inner = "至".join(ends) if lang == "zh" else " to ".join(ends)
    wrapped = f"（{inner}）" if lang == "zh" else f" ({inner})"
    return _signed(figure.value, lang) + wrapped


def _signed(x: float, lang: str) -> str:
    """Return a difference of shares in points with its sign.

    Example:
        >>> _signed(-0.021, "en"), _signed(0.021, "zh")
        ('−2.1 points', '+2.1个百分点')
    """
    sign = "" if round(abs(100 * x), 1) == 0 else "+" if x > 0 else "−"
    return sign + fmt.points(x, lang)
