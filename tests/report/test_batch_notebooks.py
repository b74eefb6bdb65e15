"""Which notebooks there are, what names stand for, which parameters they take."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from commlab.errors import ArgumentError, RunError
from commlab.report import kernels, notebooks as books

PARAMETERS = """data = "data_samples"  # workspace folder
lang = "both"
level = 0.95  # confidence level
run_folder = ""
"""
RETENTION = {
    "topic": "retention",
    "needs": [["orders", "messages"], ["members"]],
    "uses": ["orders", "messages", "members", "groups"],
}


def write(folder, name, about, parameters=PARAMETERS, source="1 + 1", outputs=()):
    first = new_code_cell(parameters)
    first.metadata["tags"] = ["parameters"]
    second = new_code_cell(source, outputs=list(outputs))
    book = new_notebook(cells=[first, new_markdown_cell("text"), second])
    book.metadata["commlab"] = about
    path = folder / f"{name}.ipynb"
    nbformat.write(book, path)
    return path


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, "00_data_health", {"topic": "health"})
    write(tmp_path, "01_overview", {"topic": "overview"})
    write(tmp_path, "02_cohort_retention", RETENTION)
    write(tmp_path, "12_group_cohort", {"topic": "groups"}, "seed = 0\n")
    (tmp_path / "notes.txt").write_text("not a notebook")
    return tmp_path


def test_discover(folder):
    found = books.discover(folder)
    assert [book.name for book in found] == [
        "00_data_health", "01_overview", "02_cohort_retention", "12_group_cohort",
    ]  # fmt: skip
    retention = found[2]
    assert (retention.topic, retention.cells) == ("retention", 2)
    assert list(retention.parameters) == ["data", "lang", "level", "run_folder"]
    level = retention.parameters["level"]
    assert (level.default, level.help) == ("0.95", "confidence level")


def test_the_folder_can_be_set_by_the_environment(folder, monkeypatch):
    monkeypatch.setenv("COMMLAB_NOTEBOOKS", str(folder))
    assert len(books.discover()) == 4


def test_no_notebooks_is_an_error_that_names_the_way_out(tmp_path):
    with pytest.raises(RunError, match="COMMLAB_NOTEBOOKS"):
        books.discover(tmp_path)
    with pytest.raises(RunError, match="COMMLAB_NOTEBOOKS"):
        books.discover(tmp_path / "absent")


@pytest.mark.parametrize("text", ["not json", "{}", '{"cells": 3}', "[1]"])
def test_a_broken_notebook_is_named(tmp_path, text):
    (tmp_path / "03_x.ipynb").write_text(text)
    with pytest.raises(RunError, match=r"03_x\.ipynb: is not a notebook"):
        books.discover(tmp_path)


def test_a_foreign_kernelspec_does_not_matter(tmp_path):
    path = write(tmp_path, "02_x", {})
    node = nbformat.read(path, 4)
    node.metadata["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
    nbformat.write(node, path)
    assert list(books.read(path).parameters) == ["data", "lang", "level", "run_folder"]


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("02_cohort_retention", "02_cohort_retention"),
        ("02_cohort_retention.ipynb", "02_cohort_retention"),
        ("02", "02_cohort_retention"),
        ("2", "02_cohort_retention"),
        ("retention", "02_cohort_retention"),
        ("cohort_retention", "02_cohort_retention"),
        ("groups", "12_group_cohort"),
        ("group", "12_group_cohort"),
        ("health", "00_data_health"),
        ("data", "00_data_health"),
    ],
)
def test_names_numbers_topics_and_words_resolve(folder, word, name):
    assert [book.name for book in books.choose([word], books.discover(folder))] == [name]


def test_choose_keeps_order_and_drops_repeats(folder):
    known = books.discover(folder)
    assert [b.name for b in books.choose(["groups", "02", "retention"], known)] == [
        "02_cohort_retention", "12_group_cohort",
    ]  # fmt: skip
    assert books.choose(None, known) == known
    assert books.choose([], known) == known


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("retentoin", "Did you mean 'retention'?"),
        ("02_cohort_retenion", "Did you mean '02_cohort_retention'?"),
        ("03", "there is no notebook '03'"),
        ("cohort", "fits more than one: 02_cohort_retention, 12_group_cohort"),
    ],
)
def test_unknown_and_ambiguous_names(folder, word, message):
    with pytest.raises(ArgumentError) as caught:
        books.choose([word], books.discover(folder))
    assert message in str(caught.value)


def test_lacks_and_reads():
    book = books.Notebook(
        "x", None, "", (("orders", "messages"), ("members",)), ("members", "groups"), {}, 1, ""
    )
    assert book.lacks(["messages", "members"]) == ()
    assert book.lacks(["members"]) == (("orders", "messages"),)
    assert book.lacks([]) == (("orders", "messages"), ("members",))
    assert book.reads(["members", "orders"]) == {"members"}


def test_a_notebook_that_does_not_say_reads_everything():
    book = books.Notebook("x", None, "", (), None, {}, 1, "")
    assert book.reads(["members", "orders"]) == {"members", "orders"}


def test_digest_follows_sources_and_metadata_not_outputs(tmp_path):
    def digest(**changed):
        return books.read(write(tmp_path, "x", **{"about": {"topic": "a"}, **changed})).digest

    plain = digest()
    assert digest(outputs=[new_output("stream", text="seen")]) == plain
    assert digest(source="1 + 2") != plain
    assert digest(about={"topic": "a", "needs": [["orders"]]}) != plain


def test_parameters_are_checked_against_all_notebooks_asked_for(folder):
    known = books.discover(folder)
    books.check_parameters({"level": 0.9, "seed": 1}, known)
    books.check_parameters({}, known)
    with pytest.raises(ArgumentError, match=r"12_group_cohort has no parameter 'level'"):
        books.check_parameters({"level": 0.9}, books.choose(["12"], known))
    with pytest.raises(ArgumentError, match=r"'levle'\. Did you mean 'level'\?"):
        books.check_parameters({"levle": 0.9}, known)


@pytest.mark.parametrize("name", ["data", "as_of", "lang", "engine", "run_folder"])
def test_what_the_run_fills_in_is_an_option_not_a_parameter(folder, name):
    with pytest.raises(ArgumentError, match=r"Use --"):
        books.check_parameters({name: "x"}, books.discover(folder))


def test_an_executed_notebook_keeps_no_password():
    node = new_notebook(cells=[new_code_cell('data = ""', metadata={"tags": ["parameters"]})])
    node.metadata["papermill"] = {}
    address = "postgres://crm:s3cret@db.example/crm?password=s3cret"
    kernels.without_run_folder(node, {"data": address, "run_folder": "/somewhere", "level": 3})
    text = nbformat.writes(node)
    assert "postgres://db.example/crm" in text
    assert "s3cret" not in text
    assert "/somewhere" not in text
