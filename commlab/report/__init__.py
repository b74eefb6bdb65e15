"""Reports: what a notebook calls, and how it becomes pages that can be forwarded.

A notebook opens its page with `begin`, hands over figures, tables and action lists with `put`,
shows them with `cards`, `actions`, `heading`, `say` and `show`, and closes with `end`. The batch
runs notebooks, `commlab.report.export` makes pages of them and `commlab.report.index` the way in.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commlab.report.blocks import Action
    from commlab.report.calls import actions, begin, cards, end, heading, put, say, section, show
    from commlab.report.known import known_notebooks, pseudonymous, titles
    from commlab.report.results import ActionList, read_results

__all__ = [
    "Action",
    "ActionList",
    "actions",
    "begin",
    "cards",
    "end",
    "heading",
    "known_notebooks",
    "pseudonymous",
    "put",
    "read_results",
    "say",
    "section",
    "show",
    "titles",
]

_HOMES = {
    "Action": "blocks",
    "ActionList": "results",
    "known_notebooks": "known",
    "pseudonymous": "known",
    "read_results": "results",
    "titles": "known",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'commlab.report' has no attribute {name!r}")
    home = importlib.import_module(f"commlab.report.{_HOMES.get(name, 'calls')}")
    return getattr(home, name)


def __dir__() -> list[str]:
    return sorted(__all__)
