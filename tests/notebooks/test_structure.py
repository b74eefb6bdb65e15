"""Notebooks as they stand in the repository: a story in two languages, without logic of its own."""

from __future__ import annotations

import ast
import fnmatch
import itertools
import string

import nbformat
import pytest
from papermill.inspection import inspect_notebook

from commlab.config import LANGUAGES
from commlab.report import notebooks as books
from commlab.tables import TABLES
from commlab.text import entries, topics

from . import notebook_source as source

LONGEST_CELL = 10  # lines: beyond it there is logic that belongs in the package
BY_HAND = ("data", "as_of", "lang", "engine", "run_folder")  # what the batch fills in
HEADED = {"lang-en": "en", "lang-zh": "zh"}

each = pytest.mark.parametrize("name", source.names())


def parameter_cell(name):
    return next(cell for cell in source.cells(name, "code") if "parameters" in source.tags(cell))


def texts_for(topic, lang):
    return entries(topic, lang) if topic in topics() else {}


def test_there_are_notebooks():
    assert "00_data_health" in source.names()
    assert "02_cohort_retention" in source.names()


@each
def test_is_a_notebook_of_the_current_format(name):
    node = source.read(name)
    nbformat.validate(node, relax_add_props=False)
    assert (node.nbformat, node.nbformat_minor) >= (4, 5)  # 4.5 brought cell ids
    assert node.metadata.kernelspec.name == "python3"


@each
def test_the_file_is_as_git_likes_it(name):
    raw = (source.FOLDER / f"{name}.ipynb").read_bytes()
    assert raw.endswith(b"}\n")
    assert not raw.endswith(b"\n\n")
    assert b"\r" not in raw
    assert b"\\u4e" not in raw  # Chinese stays readable in a diff


@each
def test_holds_no_outputs_and_no_traces_of_a_run(name):
    for cell in source.cells(name, "code"):
        assert cell.outputs == [], cell.id
        assert cell.execution_count is None, cell.id
    for cell in source.read(name).cells:
        assert set(cell.metadata) <= {"tags"}, cell.id
        assert "attachments" not in cell, cell.id
    assert "papermill" not in source.read(name).metadata
    assert "widgets" not in source.read(name).metadata


@each
def test_cell_ids_are_unique(name):
    ids = [cell.id for cell in source.read(name).cells]
    assert len(ids) == len(set(ids))


@each
def test_no_cell_is_empty(name):
    assert all(cell.source.strip() for cell in source.read(name).cells)


@each
def test_cells_are_short(name):
    for cell in source.cells(name, "code"):
        if "parameters" not in source.tags(cell):
            assert len(cell.source.splitlines()) <= LONGEST_CELL, cell.source


@each
def test_has_no_logic_of_its_own(name):
    forbidden = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.Try)
    found = [node for node in ast.walk(source.tree(name)) if isinstance(node, forbidden)]
    assert found == [], ast.unparse(found[0])


@each
def test_imports_commlab_only_and_once(name):
    found = [
        ast.unparse(node)
        for node in ast.walk(source.tree(name))
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert found == ["import commlab as cl"]


@each
def test_lines_are_as_short_as_in_the_package(name):
    lines = [line for cell in source.cells(name, "code") for line in cell.source.splitlines()]
    assert [line for line in lines if len(line) > 100] == []
    assert [line for line in lines if line != line.rstrip()] == []


# Words


@each
def test_markdown_comes_in_pairs_english_first(name):
    told = source.read(name).cells
    marked = [set(source.tags(cell)) & set(HEADED) for cell in told]
    for cell, mark in zip(told, marked, strict=True):
        assert bool(mark) == (cell.cell_type == "markdown"), cell.source
        assert len(mark) <= 1, cell.source
    order = [HEADED[mark.pop()] for mark in marked if mark]
    assert order == list(LANGUAGES) * (len(order) // 2)
    # A pair stands together: nothing comes between the two.
    for first, second in itertools.pairwise(told):
        if "lang-en" in source.tags(first):
            assert "lang-zh" in source.tags(second), first.source


@each
def test_markdown_is_in_the_language_of_its_tag(name):
    for cell in source.cells(name, "markdown"):
        chinese = "lang-zh" in source.tags(cell)
        assert bool(source.HAN.search(cell.source)) == chinese, cell.source
        for line in filter(None, cell.source.splitlines()):
            assert bool(source.HAN.search(line)) == chinese, line


@each
def test_pairs_have_the_same_outline(name):
    outline = {mark: [] for mark in HEADED}
    for cell in source.cells(name, "markdown"):
        lines = cell.source.splitlines()
        levels = [len(line) - len(line.lstrip("#")) for line in lines if line]
        outline[next(mark for mark in HEADED if mark in source.tags(cell))].append(levels)
    assert outline["lang-en"] == outline["lang-zh"]
    assert outline["lang-en"][0][0] == 1
    assert sum(levels.count(1) for levels in outline["lang-en"]) == 1


@each
def test_chinese_is_punctuated_in_full_width(name):
    for cell in source.cells(name, "markdown"):
        if "lang-zh" not in source.tags(cell):
            continue
        for before, mark, after in zip(cell.source, cell.source[1:], cell.source[2:], strict=False):
            assert not (mark in ",;:!?" and source.HAN.match(before)), f"{before}{mark}{after}"


@each
def test_markdown_is_plain(name):
    for cell in source.cells(name, "markdown"):
        assert not set("<>") & set(cell.source), cell.source
        assert "http" not in cell.source, cell.source


# Parameters


@each
def test_parameters_come_first_and_once(name):
    code = source.cells(name, "code")
    assert [cell for cell in code if "parameters" in source.tags(cell)] == [code[0]]


@each
def test_papermill_explains_every_parameter(name):
    assigned = [node.target.id for node in ast.parse(parameter_cell(name).source).body]
    known = inspect_notebook(str(source.FOLDER / f"{name}.ipynb"))
    assert list(known) == assigned
    for line in parameter_cell(name).source.splitlines():
        parameter, _, comment = line.partition("  # ")
        word = parameter.partition(":")[0]
        assert known[word]["help"] == comment.strip(), word
        assert len(comment) >= len("seed of what is random"), word
        assert known[word]["default"] == parameter.partition(" = ")[2], word


@each
def test_parameters_are_plain_values(name):
    for node in ast.parse(parameter_cell(name).source).body:
        assert isinstance(node, ast.AnnAssign)
        kind = type(ast.literal_eval(node.value))
        assert kind in (str, int, float, bool), ast.unparse(node)
        assert ast.unparse(node.annotation) == kind.__name__, ast.unparse(node)


@each
def test_has_the_parameters_that_the_batch_fills_in(name):
    found = books.read(source.FOLDER / f"{name}.ipynb").parameters
    assert set(BY_HAND) <= set(found)
    assert found["lang"].default == '"both"'
    assert found["run_folder"].default == '""'
    assert (source.ROOT / ast.literal_eval(found["data"].default)).is_dir()


@each
def test_every_parameter_is_read(name):
    read = {
        node.id
        for node in ast.walk(source.tree(name))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    assert set(books.read(source.FOLDER / f"{name}.ipynb").parameters) - read == set()


@each
def test_every_parameter_reaches_the_foot(name):
    """A page says with which parameters it was made: all of them go into `begin`."""
    begin = next(call for call in source.calls(name) if call.word == "cl.report.begin")
    given = {ast.unparse(item.value) for item in begin.node.keywords if item.arg}
    for item in begin.node.keywords:
        if item.arg is None:  # **settings
            given |= spread(name, item.value)
    said = set(books.read(source.FOLDER / f"{name}.ipynb").parameters) - given
    # How far a projection looks ahead stands in its title.
    assert said <= {"project_days"}


def spread(name, value):
    """Return the names in the dict literal that a variable was assigned."""
    for node in ast.walk(source.tree(name)):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == ast.unparse(value):
            return {ast.unparse(item) for item in node.value.values}
    return set()


# What it says about itself


@each
def test_says_what_it_is_about(name):
    about = source.about(name)
    assert set(about) - {"choices"} == {"topic", "needs", "uses"}
    known = books.read(source.FOLDER / f"{name}.ipynb").parameters
    for parameter, values in about.get("choices", {}).items():
        assert known[parameter].default.strip('"') in values, parameter
    assert about["topic"] in topics()
    assert all(group and isinstance(group, list) for group in about["needs"])
    tables = source.tables_of(name)
    assert [table for table in tables if table not in TABLES] == []
    assert len(about["uses"]) == len(set(about["uses"]))
    # A table that it cannot do without is one that it reads.
    needed = {table for group in about["needs"] for table in group}
    assert needed <= set(about["uses"])


@each
def test_names_of_file_begin_and_metadata_agree(name):
    begin = [call for call in source.calls(name) if call.word == "cl.report.begin"]
    assert [ast.literal_eval(call.node.args[0]) for call in begin] == [name]
    book = books.read(source.FOLDER / f"{name}.ipynb")
    assert (book.topic, list(book.uses)) == (
        source.about(name)["topic"],
        source.about(name)["uses"],
    )


@each
def test_opens_and_closes_its_page(name):
    words = [call.word for call in source.calls(name)]
    assert words.count("cl.report.begin") == words.count("cl.report.end") == 1
    last = source.cells(name, "code")[-1]
    assert last.source == "cl.report.end()"


@each
@pytest.mark.parametrize("lang", LANGUAGES)
def test_title_and_question_are_in_the_catalogue(name, lang):
    topic = source.about(name)["topic"]
    for word in ("title", "question"):
        text = texts_for(topic, lang).get(f"{topic}.page.{word}", "")
        assert text.strip(), word
        assert bool(source.HAN.search(text)) == (lang == "zh"), text
    question = texts_for(topic, lang)[f"{topic}.page.question"]
    assert question.endswith("？" if lang == "zh" else "?")


@each
@pytest.mark.parametrize("lang", LANGUAGES)
def test_title_of_page_and_of_index_agree(name, lang):
    topic = source.about(name)["topic"]
    first = next(
        cell for cell in source.cells(name, "markdown") if f"lang-{lang}" in cell.metadata.tags
    )
    heading = first.source.splitlines()[0].removeprefix("# ")
    assert heading == texts_for(topic, lang)[f"{topic}.page.title"]


@each
@pytest.mark.parametrize("lang", LANGUAGES)
def test_says_what_each_missing_table_would_add(name, lang):
    topic = source.about(name)["topic"]
    told = texts_for(topic, lang)
    for table in source.tables_of(name):
        sentence = told.get(f"{topic}.adds.{table}", "")
        assert sentence.endswith("。" if lang == "zh" else "."), f"{table}: {sentence!r}"
        assert bool(source.HAN.search(sentence)) == (lang == "zh"), table
    sentences = [told[f"{topic}.adds.{table}"] for table in source.tables_of(name)]
    assert len(set(sentences)) == len(sentences)


@each
def test_no_sentence_is_about_a_table_that_it_does_not_use(name):
    topic = source.about(name)["topic"]
    told = {
        key.removeprefix(f"{topic}.adds.")
        for key in texts_for(topic, "en")
        if key.startswith(f"{topic}.adds.")
    }
    assert told == set(source.tables_of(name))


# What it calls


@each
def test_every_text_key_is_in_both_catalogues(name):
    patterns = [pattern for pattern, _ in source.texts(name)]
    assert patterns
    for pattern in patterns:
        topic = pattern.partition(".")[0]
        for lang in LANGUAGES:
            assert fnmatch.filter(texts_for(topic, lang), pattern), f"{pattern} ({lang})"


@each
def test_every_string_that_looks_like_a_text_key_is_one(name):
    """Keys of figures (`put`) look the same and are labelled by the catalogue's cards."""
    topic = source.about(name)["topic"]
    patterns = {pattern.removesuffix(".refused") for pattern, _ in source.texts(name)}
    for node in ast.walk(source.tree(name)):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        word = node.value
        if not word.startswith(f"{topic}.") or word.endswith(".") or word in patterns:
            continue
        if any(pattern.startswith(word) for pattern in patterns):  # the head of an f-string
            continue
        label = f"{topic}.card.{word.removeprefix(f'{topic}.').replace('.', '_')}"
        known = texts_for(topic, "en")
        assert label in known or word in known or not is_key(word), word


def is_key(word):
    return all(part.isidentifier() for part in word.split("."))


@each
def test_every_slot_of_a_text_is_filled(name):
    for pattern, call in source.texts(name):
        if call.word == source.SECTION or call.spread:
            continue
        given = set(call.keywords)
        if call.word == "cl.report.Action":
            given = action_values(call)
            if given is None:  # made by a model, whose tests fill every slot
                continue
        for lang in LANGUAGES:
            told = texts_for(pattern.partition(".")[0], lang)
            for key in fnmatch.filter(told, pattern):
                assert slots(told[key]) <= given | {"currency"}, f"{key} ({lang})"


def action_values(call):
    values = next((item.value for item in call.node.keywords if item.arg == "values"), None)
    if isinstance(values, ast.Name):
        return None
    return {key.value for key in values.keys} if isinstance(values, ast.Dict) else set()


def slots(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@each
def test_every_name_of_the_kit_exists(name):
    words = source.kit_names(name)
    assert words
    for word in words:
        assert source.resolve(word) is not None, word


@each
def test_names_of_the_kit_are_public(name):
    for word in source.kit_names(name):
        home, _, last = word.rpartition(".")
        assert not last.startswith("_")
        public = getattr(source.resolve(home), "__all__", None) if home != "cl" else None
        assert public is None or last in public, word


@each
def test_every_call_fits_the_signature(name):
    for call in source.calls(name):
        try:
            call.bind(source.resolve(call.word))
            if call.word == "cl.report.show":
                drawn = source.resolve(source.dotted(call.node.args[0]))
                call.without("fold").bind(drawn, skip=1, lang="en")
        except TypeError as error:
            raise AssertionError(f"{ast.unparse(call.node)}: {error}") from None


@each
def test_every_figure_that_is_put_has_a_label(name):
    """`cards()` shows what was put, under labels of the catalogue; `*` is what a loop fills in."""
    topic = source.about(name)["topic"]
    for call in source.calls(name):
        if call.word != "cl.report.put" or not isinstance(call.node.args[0], ast.Constant):
            continue
        key = call.node.args[0].value
        if "." in key:  # figures are named by topic, tables and lists are not
            label = f"{topic}.card.{key.removeprefix(f'{topic}.').replace('.', '_')}"
            for lang in LANGUAGES:
                assert label in texts_for(topic, lang), f"{label} ({lang})"


@each
def test_a_refused_section_leaves_no_later_cell_without_a_value(name):
    assert source.may_be_unset(source.tree(name)) == []


def test_a_name_that_a_refusal_leaves_unset_is_found():
    section = "with cl.report.section('a'):\n    flow = f()\n    use(flow)\n"
    for before, after, wanted in [
        ("", "use(flow)", ["flow"]),
        ("", "with cl.report.section('b'):\n    use(flow)", ["flow"]),
        ("flow = None\n", "use(flow)", []),
        ("done = False\n", "if done:\n    use(flow)", []),
        ("", "if ds.has('orders'):\n    use(flow)", ["flow"]),
        ("", "flow = g()\nuse(flow)", []),
        ("", "use([flow for flow in x])", []),
    ]:
        found = source.may_be_unset(ast.parse(f"{before}{section}{after}"))
        assert [item.name for item in found] == wanted, after


@each
def test_tables_that_a_notebook_asks_for_are_tables_that_it_says_it_uses(name):
    asked = [
        argument.value
        for node in ast.walk(source.tree(name))
        if isinstance(node, ast.Call) and source.dotted(node.func) in ("ds.has", "ds.table")
        for argument in node.args
    ]
    assert set(asked) <= set(source.tables_of(name))


def test_numbers_and_topics_are_given_once():
    found = [books.read(path) for path in source.NOTEBOOKS]
    for known in ([book.topic for book in found], [book.name[:2] for book in found]):
        assert len(set(known)) == len(known)


def test_a_wrong_call_is_noticed():
    """The checks above can fail: a name, a keyword and a slot that are not there."""
    with pytest.raises(AttributeError):
        source.resolve("cl.metrics.retentoin")
    call = source.Call("cl.report.cards", ast.parse("f(label=1)").body[0].value)
    with pytest.raises(TypeError):
        call.bind(source.resolve("cl.report.cards"))
    assert slots("{cohort} and {rate:share}") == {"cohort", "rate"}
