"""Every word a chart, table or report shows, in English and Chinese.

Catalogues are TOML files, one topic a file: `en/retention.toml` and `zh/retention.toml` hold the
same keys. `t("retention.heat.subtitle", "zh", unit="month")` looks a text up and fills its slots.
The result is plain text: whoever writes HTML escapes it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import string
from collections.abc import Callable, Mapping
from typing import Any

from commlab.errors import ArgumentError, nearest
from commlab.text import fmt
from commlab.text.catalogue import entries, has, lookup, topics
from commlab.text.escape import coded, escape, tidy

__all__ = [
    "Words", "coded", "entries", "escape", "fmt", "has", "lookup", "render", "t", "tidy", "topics",
    "word",
]  # fmt: skip

# What may follow the colon of a slot, where the type alone does not say how to write a figure.
_FORMATS: dict[str, Callable[[Any, str, str], str]] = {
    "value": lambda x, lang, currency: fmt.value(x, lang, currency=currency),
    "interval": lambda x, lang, currency: fmt.interval(x, lang, currency=currency),
    "share": lambda x, lang, currency: fmt.share(x, lang),
    "points": lambda x, lang, currency: fmt.points(x, lang),
    "money": lambda x, lang, currency: fmt.money(x, lang, currency),
    "exact": lambda x, lang, currency: fmt.number(x, lang, exact=True),
    "days": lambda x, lang, currency: fmt.days(x, lang),
    "p": lambda x, lang, currency: fmt.p_value(x),
}


def _fill(text: str, key: str, lang: str, values: Mapping[str, Any]) -> str:
    currency = values.get("currency", "CNY")
    parts = []
    for literal, name, form, _ in string.Formatter().parse(text):
        parts.append(literal)
        if name is None:
            continue
        if name not in values:
            raise ArgumentError(
                f"The text {key!r} has a slot {{{name}}} and no value for it was given.",
                where=f"text/{lang}",
                fix=nearest(name, values),
            )
        value = values[name]
        if isinstance(value, Words):
            value = value.render(lang)
        if not form:
            parts.append(fmt.any_value(value, lang, currency=currency))
        elif form in _FORMATS:
            parts.append(_FORMATS[form](value, lang, currency))
        elif form in fmt.UNITS and isinstance(value, dt.date):
            parts.append(fmt.period(value, form, lang))
        elif has(f"common.unit.{form}.many"):
            parts.append(fmt.count(value, form, lang))
        else:
            raise ArgumentError(
                f"The text {key!r} asks for {name!r} as {form!r}, which is no format.",
                where=f"text/{lang}",
                fix=nearest(form, [*_FORMATS, *fmt.UNITS]),
            )
    return "".join(parts)


def t(key: str, /, lang: str, **values: Any) -> str:
    """Return the text of `key` in one language, its slots filled.

    A slot `{name}` takes an Estimate, int, float, date, text or `Words`, and writes it as the
    language does. `{name:share}` (or `points`, `money`, `days`, `exact`, `value`, `interval`, a
    period such as `month`, a unit such as `members`) says how, where the type alone does not.
    A value called `currency` is the ISO code of every amount. Values without a slot are ignored,
    so that the languages may say different things.

    Args:
        key: `topic.path`, e.g. "retention.heat.title".
        lang: "en" or "zh".
        **values: What fills the slots.

    Raises:
        ArgumentError: No such key or language, or a slot without a value.

    Example:
        >>> t("common.foot.data_to", "zh", as_of=dt.date(2026, 6, 30))
        '数据截至2026年6月30日'
    """
    return _fill(lookup(key, lang), key, lang, values)


@dataclasses.dataclass(frozen=True)
class Words:
    """A text not yet in a language: what a notebook hands to a chart that is drawn in two.

    Attributes:
        key: Text key.
        values: What fills its slots.

    Example:
        >>> word("common.foot.data_to", as_of=dt.date(2026, 6, 30)).render("zh")
        '数据截至2026年6月30日'
    """

    key: str
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def render(self, lang: str) -> str:
        """Return the text in one language."""
        return t(self.key, lang, **self.values)


def word(key: str, /, **values: Any) -> Words:
    """Return `Words` for a key and its values."""
    return Words(key, values)


def render(text: str | Words | Mapping[str, str], lang: str) -> str:
    """Return text in one language: `Words`, a mapping by language, or a plain string as it is.

    Example:
        >>> render({"en": "half gone", "zh": "流失过半"}, "zh")
        '流失过半'
    """
    if isinstance(text, Words):
        return text.render(lang)
    return text if isinstance(text, str) else text[lang]
