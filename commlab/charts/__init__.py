"""Charts (matplotlib) and tables (great_tables), one module a topic, loaded when first used.

A chart function takes a small frame and returns a `style.Chart`; a table function returns a
`great_tables.GT`. Both take `lang`, charts take `narrow` too: every picture is drawn twice, for a
screen and for a phone.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from commlab.errors import nearest

_MODULES = frozenset(module.name for module in pkgutil.iter_modules(__path__))


def __getattr__(name: str) -> ModuleType:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"commlab.charts has no module {name!r}. {nearest(name, _MODULES)}")


def __dir__() -> list[str]:
    return sorted(_MODULES)
