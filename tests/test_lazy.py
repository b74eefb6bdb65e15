"""Packages whose names are imported when they are first used."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import commlab as cl

PACKAGES = (cl.metrics, cl.models, cl.report)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda one: one.__name__)
def test_every_name_of_a_stub_is_there(package):
    assert len(dir(package)) > 10
    for name in dir(package):
        assert getattr(package, name) is not None


@pytest.mark.parametrize("package", PACKAGES, ids=lambda one: one.__name__)
def test_an_unknown_name_is_an_attribute_error(package):
    with pytest.raises(AttributeError, match=f"{package.__name__!r} has no attribute 'retenton'"):
        _ = package.retenton


def test_a_function_stays_where_a_module_has_its_name():
    importlib.import_module("commlab.metrics.retention")
    assert callable(cl.metrics.retention)
    code = (
        "import commlab.metrics.retention, commlab as cl, sys; "
        "assert callable(cl.metrics.retention); "
        "assert sys.modules['commlab.metrics.retention'].retention is cl.metrics.retention"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
