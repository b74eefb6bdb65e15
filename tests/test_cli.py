"""The command line: help, exit statuses, messages instead of tracebacks."""

import json
import re
import shlex
import subprocess
import sys
import warnings
from pathlib import Path

import click
import nbformat
import pandas as pd
import pytest
from click.testing import CliRunner
from nbformat.v4 import new_code_cell, new_notebook

from commlab import __version__, errors
from commlab.cli import main
from commlab.cli._values import parameters, scalar
from commlab.cli.tables import dictionary
from commlab.tables import TABLES

COMMANDS = sorted(main.commands)
ORDERS = pd.DataFrame(
    {
        "order_id": ["a", "b"],
        "member_id": ["m1", "m2"],
        "paid_at": ["2026-01-01 10:00", "2026-01-20 11:00"],
        "amount": [10.0, 20.0],
    }
)


def invoke(*words, **options):
    return CliRunner().invoke(main, [str(word) for word in words], **options)


@pytest.fixture
def failing(monkeypatch):
    """Makes `commlab tables` raise what the test wants."""

    def install(error):
        def dictionary(*_):
            if isinstance(error, Warning):
                warnings.warn(error, stacklevel=1)
                return ""
            raise error

        monkeypatch.setattr("commlab.cli.tables.dictionary", dictionary)

    return install


def test_version():
    assert invoke("--version").output == f"commlab {__version__}\n"


def test_the_commands_are_those_of_the_design_that_exist():
    assert COMMANDS == [
        "assign",
        "check",
        "compare",
        "forget",
        "load",
        "notebooks",
        "run",
        "simulate",
        "tables",
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_explained_with_an_example(name):
    command = main.commands[name]
    assert command.help
    assert len(command.get_short_help_str(200)) <= 60
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            assert parameter.help.rstrip("]").endswith((".", "default: number of cores",
                "default: name of the data and day", "default: the workspace's",
                "default: Asia/Shanghai", "default: found in the whole file"))  # fmt: skip
    assert command.examples
    shown = invoke(name, "--help")
    assert shown.exit_code == 0
    assert all(line in re.sub(r"\s+", " ", shown.output) for line in command.examples)


@pytest.mark.parametrize(
    "line", [line for name in COMMANDS for line in main.commands[name].examples] + [*main.examples]
)
def test_examples_parse(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "map.toml").touch()
    program, name, *words = shlex.split(line)
    assert program == "commlab"
    main.commands[name].make_context(name, words)


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from commlab.cli import main; main(['--help'], standalone_mode=False); "
        "print(sorted({'pandas', 'numpy', 'ibis', 'duckdb', 'papermill', 'nbformat', 'rich', "
        "'matplotlib', 'yaml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_python_m_commlab():
    call = [sys.executable, "-m", "commlab", "--version"]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    assert done.stdout.endswith(f"{__version__}\n")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.ArgumentError("wrong.", fix="Mend it."), 2),
        (errors.DataError("wrong.", fix="Mend it."), 2),
        (errors.WorkspaceError("wrong.", fix="Mend it."), 2),
        (errors.LoadError("wrong.", fix="Mend it."), 2),
        (errors.MissingTableError("wrong.", fix="Mend it."), 2),
        (errors.NotEnoughDataError("wrong.", fix="Mend it."), 2),
        (errors.RunError("wrong.", fix="Mend it."), 1),
    ],
)
def test_errors_raised_on_purpose_are_messages(failing, error, status):
    failing(error)
    result = invoke("tables", "--markdown")
    assert result.exit_code == status
    assert result.stderr == "Error: wrong. Mend it.\n"
    assert result.stdout == ""


def test_what_was_not_foreseen_is_one_line(failing):
    failing(ZeroDivisionError("division by zero\nand more"))
    result = invoke("tables", "--markdown")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: ZeroDivisionError: division by zero. "
        "This was not foreseen: add --debug for the traceback.\n"
    )


@pytest.mark.parametrize("words", [("--debug", "tables"), ("tables", "--debug")])
def test_debug_gives_the_traceback(failing, words):
    failing(ZeroDivisionError("division by zero"))
    result = invoke(*words, "--markdown")
    assert isinstance(result.exception, ZeroDivisionError)


def test_ctrl_c_is_not_success(failing):
    failing(KeyboardInterrupt())
    result = invoke("tables", "--markdown")
    assert (result.exit_code, result.stderr) == (130, "Error: stopped before the end.\n")


def test_own_warnings_are_one_line_and_others_are_kept_quiet(failing):
    failing(errors.DataWarning("3 rows were left out."))
    assert invoke("tables", "--markdown").stderr == "Warning: 3 rows were left out.\n"
    failing(FutureWarning("an internal of some library"))
    assert invoke("tables", "--markdown").stderr == ""


@pytest.mark.parametrize(
    "words",
    [["bogus"], ["run"], ["run", "--data", "x", "--lang", "fr"], ["simulate", "--out", "x",
     "--members", "0"], ["load", "x", "--out", "y"], ["run", "--data", "x", "-p", "level"]],
)  # fmt: skip
def test_wrong_usage_is_status_2(words):
    result = invoke(*words)
    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert "Traceback" not in result.stderr


# Values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12), ("-3", -3), ("0", 0), ("0.5", 0.5), ("1e3", 1000.0), (".5", 0.5),
        ("true", True), ("False", False), ("null", None), ("None", None),
        ("on", "on"), ("no", "no"), ("month", "month"), ("2026-06-30", "2026-06-30"),
        ("0012", "0012"), ("1_000", "1_000"), ("nan", "nan"), ("", ""),
        ('["a", 1]', ["a", 1]), ('{"a": 0.1}', {"a": 0.1}), ("[broken", "[broken"), ("[a]", "[a]"),
    ],
)  # fmt: skip
def test_scalar(text, value):
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_a_file_of_parameters_means_what_the_command_line_means(tmp_path):
    file = tmp_path / "p.yml"
    file.write_text(
        "kind: on\nlevel: 0.9\nregion: NO\ncampaign: 0012\nweeks: 4\nday: 2026-06-30\n"
        "tiers: [gold, 2]\nquoted: '4'\nnothing:\nyes_no: true\n品类: 茶\n",
        encoding="utf-8",
    )
    assert parameters([("weeks", "8")], file) == {
        "kind": "on", "level": 0.9, "region": "NO", "campaign": "0012", "weeks": 8,
        "day": "2026-06-30", "tiers": ["gold", 2], "quoted": "4", "nothing": None,
        "yes_no": True, "品类": "茶",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n- b\n", "is not a mapping"),
        ("a: [1", "is not YAML"),
        ("!!python/name:os.system", "YAML"),
    ],
)
def test_files_that_are_no_parameters(tmp_path, text, message):
    file = tmp_path / "p.yml"
    file.write_text(text)
    with pytest.raises(errors.ArgumentError, match=message):
        parameters([], file)


def test_an_empty_file_and_a_name_given_twice(tmp_path):
    file = tmp_path / "p.yml"
    file.write_text("# nothing\n")
    assert parameters([], file) == {}
    with pytest.raises(errors.ArgumentError, match="given twice"):
        parameters([("a", "1"), ("a", "2")], None)


# Commands


def test_tables_lists_every_table_and_its_columns():
    listed = invoke("tables").stdout
    for name, table in TABLES.items():
        assert re.search(rf"^{name} +{re.escape(table.meaning)}$", listed, re.MULTILINE)
    columns = invoke("tables", "orders").stdout
    assert all(
        re.search(rf"^  {name}\*? ", columns, re.MULTILINE) for name in TABLES["orders"].names
    )
    assert re.search(r"^  amount\* +money ", columns, re.MULTILINE)
    wrong = invoke("tables", "ordres")
    assert (wrong.exit_code, "Did you mean 'orders'?" in wrong.stderr) == (2, True)


def test_the_data_dictionary_has_every_column():
    text = invoke("tables", "--markdown").stdout
    assert text == dictionary(TABLES.values())
    for name, table in TABLES.items():
        section = text.split(f"## {name}\n")[1].split("\n## ")[0]
        rows = [line for line in section.splitlines() if line.startswith("| `")]
        assert [row.split("`")[1] for row in rows] == list(table.names)
        assert all(len(re.findall(r"(?<!\\)\|", row)) == 5 for row in rows)


def write_book(folder):
    first = new_code_cell(
        'data = "x"  # workspace\nlevel = 0.95  # confidence level\nrun_folder = ""'
    )
    first.metadata["tags"] = ["parameters"]
    book = new_notebook(cells=[first])
    book.metadata["commlab"] = {
        "topic": "nothing",
        "needs": [["orders", "messages"]],
        "uses": ["orders"],
    }
    folder.mkdir(exist_ok=True)
    nbformat.write(book, folder / "02_alpha.ipynb")


def test_notebooks_lists_what_a_user_may_set(tmp_path, monkeypatch):
    write_book(tmp_path)
    monkeypatch.setenv("COMMLAB_NOTEBOOKS", str(tmp_path))
    assert invoke("notebooks").stdout.splitlines() == [
        "02_alpha",
        "  needs: orders or messages",
        "  uses: orders",
        "  -p level = 0.95  confidence level",
    ]
    assert "Did you mean '02_alpha'" in invoke("notebooks", "02_alhpa").stderr


def test_run_hands_everything_over_and_ends_with_the_index(tmp_path, monkeypatch):
    from commlab.report import batch

    seen = {}

    def run(data, notebooks, **options):
        seen.update(options, data=data, notebooks=notebooks)
        return batch.RunResult(
            tmp_path, tmp_path / "index.html", {}, {"02_a": "done", "03_b": "failed"}
        )

    monkeypatch.setattr(batch, "run", run)
    file = tmp_path / "p.yml"
    file.write_text("level: 0.9\nkind: on\n")
    result = invoke(
        "run", "02", "03", "--data", "brand", "--out", tmp_path, "--name", "weekly", "--lang", "zh",
        "--as-of", "2026-06-30", "-p", "level", "0.8", "-p", "cohort", "week", "--params", file,
        "--jobs", 3, "--force", "--internal", "--engine", "duckdb",
    )  # fmt: skip
    assert result.exit_code == 1
    assert result.stdout == f"{tmp_path / 'index.html'}\n"
    assert result.stderr == "1 done, 1 failed\n"
    progress = seen.pop("progress")
    assert hasattr(progress, "begin")
    assert seen == {
        "data": "brand", "notebooks": ("02", "03"), "out": tmp_path, "name": "weekly", "lang": "zh",
        "as_of": "2026-06-30", "params": {"level": 0.8, "kind": "on", "cohort": "week"}, "jobs": 3,
        "force": True, "internal": True, "engine": "duckdb",
    }  # fmt: skip


def test_run_on_a_workspace_that_is_not_there(tmp_path, monkeypatch):
    write_book(tmp_path / "books")
    monkeypatch.setenv("COMMLAB_NOTEBOOKS", str(tmp_path / "books"))
    result = invoke("run", "--data", tmp_path / "absent", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "there is no such folder" in result.stderr
    result = invoke("run", "--data", tmp_path, "-p", "levle", "1")
    assert result.exit_code == 2
    assert "Did you mean 'level'?" in result.stderr


def test_check_says_what_and_ends_with_a_status(make_workspace):
    good = make_workspace({"orders": ORDERS})
    result = invoke("check", good)
    assert result.exit_code == 0, result.output
    assert re.search(r"^0 errors, \d+ warnings, \d+ notes$", result.stdout, re.MULTILINE)
    twice = pd.concat([ORDERS, ORDERS.head(1).assign(amount=99.0)])  # one key, two amounts
    bad = make_workspace({"orders": twice})
    result = invoke("check", bad)
    assert result.exit_code == 1
    assert re.search(r"^Error: orders\.order_id: ", result.stdout, re.MULTILINE)
    told = json.loads(invoke("check", bad, "--json").stdout)
    assert told["counts"]["error"] >= 1
    assert invoke("check", bad / "absent").exit_code == 2


def test_simulate_then_load_its_own_tables(tmp_path):
    world = tmp_path / "world"
    result = invoke("simulate", "--out", world, "--members", 60, "--seed", 1, "--months", 3)
    assert (result.exit_code, result.stdout) == (0, f"60 members written to {world}\n")
    assert (world / "truth.json").exists()
    source = tmp_path / "orders.csv"
    source.write_text("order_id,member_id,paid_at,amount\na,m1,2026-01-01 10:00:00,10.00\n")
    result = invoke("load", source, "--format", "files", "--out", tmp_path / "loaded")
    assert result.exit_code == 0, result.output
    assert "orders 1" in result.stdout
    assert (tmp_path / "loaded" / "load_report.json").exists()
    result = invoke("load", source, "--format", "taobaoo", "--out", tmp_path / "x")
    assert result.exit_code == 2
    assert not Path(tmp_path / "x").exists()


def test_load_lists_its_formats():
    from commlab.loaders import FORMATS

    listed = invoke("load", "--formats").stdout
    assert all(re.search(rf"^{name} ", listed, re.MULTILINE) for name in FORMATS)


def test_a_value_that_no_notebook_takes_stops_before_anything_is_touched(tmp_path):
    out = tmp_path / "out"
    done = invoke("run", "02", "--data", "data_samples", "--out", out, "-p", "cohort", "weekly")
    assert done.exit_code == 2
    assert "cohort == 'weekly', must be one of 'month', 'week'. Did you mean 'week'?" in done.output
    assert not out.exists()
