"""commlab: analyses of customer communities in chat groups, as notebooks and as a library.

Importing the package loads nothing heavy: each public name is imported when it is first used.

Example:
    >>> import commlab as cl
    >>> ds = cl.open_dataset("data_samples")  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from commlab import charts, errors, loaders, metrics, models, quality, report, simulate, text
    from commlab.dataset import Dataset, open_dataset
    from commlab.estimate import Estimate

__all__ = [
    "Dataset",
    "Estimate",
    "charts",
    "errors",
    "loaders",
    "metrics",
    "models",
    "open_dataset",
    "quality",
    "report",
    "simulate",
    "text",
]

_HOMES = {"Dataset": "dataset", "open_dataset": "dataset", "Estimate": "estimate"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'commlab' has no attribute {name!r}")
    module = importlib.import_module(f"commlab.{_HOMES.get(name, name)}")
    return getattr(module, name) if name in _HOMES else module


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
