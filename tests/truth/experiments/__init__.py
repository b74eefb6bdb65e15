"""The experiments, by name: those of every module here."""

from __future__ import annotations

import importlib
import pkgutil

from ..harness import Experiment

_NAMES = sorted(module.name for module in pkgutil.iter_modules(__path__))
_MODULES = [importlib.import_module(f"{__name__}.{name}") for name in _NAMES]
EXPERIMENTS: dict[str, Experiment] = {
    item.name: item for module in _MODULES for item in getattr(module, "EXPERIMENTS", ())
}
