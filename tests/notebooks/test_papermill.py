"""The same notebooks with plain papermill, from the root of the repository, as the README says."""

from __future__ import annotations

import subprocess
import sys

import nbformat
import pytest
from papermill.inspection import inspect_notebook

from . import notebook_source as source
from .run_folder import marks, outputs

NOTEBOOK = "notebooks/02_cohort_retention.ipynb"

each = pytest.mark.parametrize("name", source.names())


def papermill(*words, **options):
    return subprocess.run(
        [sys.executable, "-m", "papermill", *map(str, words)],
        cwd=source.ROOT, capture_output=True, text=True, check=False, **options,
    )  # fmt: skip


@each
def test_help_explains_every_parameter(name):
    done = papermill("--help-notebook", f"notebooks/{name}.ipynb")
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stdout.split())
    known = inspect_notebook(str(source.FOLDER / f"{name}.ipynb"))
    assert known
    for parameter, about in known.items():
        kind = about["inferred_type_name"]
        assert kind in ("str", "int", "float", "bool"), parameter
        shown = f"{parameter}: {kind} (default {about['default']}) {about['help']}"
        assert " ".join(shown.split()) in told, parameter


@pytest.mark.slow
def test_the_command_of_the_issue(tmp_path):
    before = {path.name for path in source.ROOT.iterdir()}
    out = tmp_path / "out.ipynb"
    done = papermill(NOTEBOOK, out, "-p", "data", "data_samples", "-p", "lang", "zh", timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    node = nbformat.read(out, as_version=4)
    kinds = {output.output_type for output in outputs(node)}
    assert kinds == {"display_data"}
    found = marks(node)
    assert {lang for kind, lang in found if kind != "style"} == {"zh"}
    assert [kind for kind, _ in found].count("chart") >= 10
    shown = "".join("".join(output.data["text/html"]) for output in outputs(node))
    assert "加入后第" in shown
    assert 'lang="en"' not in shown
    # Opened by hand it writes nothing: no run folder was named.
    assert {path.name for path in source.ROOT.iterdir()} <= before | {".pytest_cache"}


@pytest.mark.slow
def test_a_run_folder_is_filled_as_by_the_batch(tmp_path):
    folder = tmp_path / "run"
    done = papermill(
        "notebooks/00_data_health.ipynb", tmp_path / "out.ipynb",
        "-p", "lang", "en", "-p", "run_folder", folder, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert (folder / ".parts" / "00_data_health.json").is_file()
    assert (folder / "share" / "tables" / "00_data_health" / "coverage.csv").is_file()
    # Nobody in the sample behaves like staff: there is no list, and the page promises none.
    assert not (folder / "private").exists()
    assert "private/" not in (tmp_path / "out.ipynb").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_wrong_workspace_is_said_in_one_sentence(tmp_path):
    done = papermill(NOTEBOOK, tmp_path / "out.ipynb", "-p", "data", tmp_path / "nowhere")
    assert done.returncode != 0
    assert "WorkspaceError" in done.stderr or "no folder" in done.stderr, done.stderr[-1000:]
    assert "nowhere" in done.stderr
