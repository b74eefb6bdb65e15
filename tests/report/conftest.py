"""Fixtures for pages: texts, notebook and workspace of the made-up sample."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
import sample_page

from commlab.report import calls
from commlab.text import catalogue


@pytest.fixture
def sample_texts(tmp_path, monkeypatch):
    """Catalogues that hold the sample's topic too."""
    text = sample_page.write_texts(tmp_path)
    monkeypatch.setattr(catalogue, "FOLDER", text)
    catalogue.entries.cache_clear()
    yield text
    catalogue.entries.cache_clear()


@pytest.fixture
def begin(tmp_path, monkeypatch, make_workspace, sample_texts):
    """Function that opens the page of the sample and returns it."""
    notebook = nbformat.v4.new_notebook(metadata=sample_page.metadata())
    nbformat.write(notebook, tmp_path / f"{sample_page.NAME}.ipynb")
    monkeypatch.setenv("COMMLAB_NOTEBOOKS", str(tmp_path))
    monkeypatch.setattr(calls, "_current", None)

    def open_page(*, settings=None, notebook=sample_page.NAME, tables=None, **given):
        folder = make_workspace(tables or sample_page.tables(), **(settings or {}))
        calls.begin(notebook, data=folder, as_of="2026-06-30", **given)
        return calls.current()

    return open_page


@pytest.fixture
def run_folder(tmp_path) -> Path:
    return tmp_path / "run"
