"""Packages whose public names are imported when they are first used.

`__init__.pyi` beside `__init__.py` names them, for type checkers and for this module alike: there
is one list, and importing a package loads nothing heavy.
"""

from __future__ import annotations

import ast
import importlib
import sys
import types
from pathlib import Path
from typing import Any


class Package(types.ModuleType):
    """A package in which `retention` is the function although a module has that name.

    Loading a submodule binds it in its package, over the function; here the function stays.
    """

    _homes: dict[str, str]

    def __getattr__(self, name: str) -> Any:
        if name not in self._homes:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(self._homes[name]), name)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, types.ModuleType) and self._homes.get(name) == value.__name__:
            value = getattr(value, name)
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted(self._homes)


def attach(name: str) -> None:
    """Make a package import the names of its stub when they are first used.

    Args:
        name: Its `__name__`. The stub has lines `from package.module import name as name`.

    Example:
        >>> from commlab import metrics
        >>> "retention" in dir(metrics), callable(metrics.retention)
        (True, True)
    """
    package = sys.modules[name]
    stub = Path(str(package.__file__)).with_suffix(".pyi")
    lines = ast.parse(stub.read_text(encoding="utf-8")).body
    named = [line for line in lines if isinstance(line, ast.ImportFrom)]
    homes = {alias.name: str(line.module) for line in named for alias in line.names}
    package.__dict__.update(_homes=homes, __all__=sorted(homes))
    package.__class__ = Package
