"""What a page closes with: tables that would answer more, and how the page was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from commlab.report import manifest
from commlab.text import fmt, has, t

if TYPE_CHECKING:
    from commlab.dataset import Dataset


def gaps(topic: str, absent: Iterable[str], lang: str) -> dict[str, str]:
    """Return absent tables, each with what it would add; empty where the topic does not say."""
    keys = {name: f"{topic}.adds.{name}" for name in absent}
    return {name: t(key, lang) if has(key) else "" for name, key in keys.items()}


def _written(value: object) -> object:
    """Return a parameter as YAML and the command line take it."""
    return str(value).lower() if isinstance(value, bool) else value


def foot(
    ds: Dataset, parameters: Mapping[str, object], seconds: float, lang: str
) -> list[tuple[str, object]]:
    """Return the lines of the foot: label and what stands beside it.

    Args:
        ds: The dataset of the page.
        parameters: Parameters of the notebook; those left empty are not shown.
        seconds: How long the notebook took.
        lang: "en" or "zh".
    """

    def head(name: str) -> str:
        return t(f"common.headings.{name}", lang)

    given = {name: value for name, value in parameters.items() if value not in ("", None)}
    return [
        (t("report.foot.as_of", lang), fmt.date(ds.as_of, lang)),
        (head("parameters"), ", ".join(f"{name} = {_written(x)}" for name, x in given.items())),
        (t("report.foot.engine", lang), ds.engine.name),
        (head("fingerprint"), ds.fingerprint()),
        (head("revision"), manifest.revision()),
        (head("versions"), ", ".join(f"{k} {v}" for k, v in manifest.versions().items())),
        (head("duration"), t("report.foot.seconds", lang, n=f"{seconds:.1f}")),
    ]
