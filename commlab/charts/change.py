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
            gap=_both(gap, lang),
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
    """Return a difference of shares in points with its interval, the unit left to the sentence."""
    if figure.value is None or figure.low is None or figure.high is None:
        return fmt.estimate(figure, lang)
    to = "至" if lang == "zh" else " to "
    inner = to.join(_signed(end) for end in (figure.low, figure.high))
    return _signed(figure.value) + (f"（{inner}）" if lang == "zh" else f" ({inner})")


def _signed(x: float) -> str:
    """Return a difference of shares in points with its sign.

    Example:
        >>> _signed(-0.021), _signed(0.17)
        ('−2.1', '+17')
    """
    size = abs(100 * x)
    text = f"{size:.0f}" if size >= 9.95 else f"{size:.1f}"
    return text if float(text) == 0 else f"{'+' if x > 0 else '−'}{text}"
