"""The reference and the cheat sheet name everything that the code has, with its defaults."""

from __future__ import annotations

import argparse
import inspect
import re
from importlib import import_module
from itertools import chain
from pathlib import Path

import pytest

import qrnnlang
from qrnnlang.cli.main import VERBS, module
from qrnnlang.ir.losses import LOSSES
from qrnnlang.runtime.series import SERIES
from qrnnlang.runtime.training.methods import METHODS, SCHEDULES
from qrnnlang.sema import check_path, limits
from qrnnlang.sema.blocks import DATA_KEYS
from qrnnlang.sema.functions import NAMES
from qrnnlang.sema.gates import GATES
from qrnnlang.sema.modules import CHANNELS
from qrnnlang.sema.training import KEYS as TRAIN_KEYS
from qrnnlang.syntax.limits import MAX_BYTES, MAX_DEPTH

from .pages import DOCS, ROOT

LANGUAGE = (DOCS / "language.md").read_text(encoding="utf-8")
SHEET = (DOCS / "cheatsheet.md").read_text(encoding="utf-8")
STD = Path(qrnnlang.__file__).parent / "std"
KNOWN = {
    "gate": GATES,
    "function": NAMES,
    "loss": LOSSES,
    "optimizer": METHODS,
    "data key": DATA_KEYS,
    "train key": TRAIN_KEYS,
    "channel": CHANNELS,
}


def words(text: str) -> set[str]:
    """The words of a page that stand in code."""
    code = chain(re.findall(r"```qrnn.*?```", text, re.DOTALL), re.findall(r"`[^`\n]+`", text))
    return {word for part in code for word in re.findall(r"\w+", part)}


@pytest.mark.parametrize("kind", KNOWN)
def test_everything_is_named(kind: str) -> None:
    assert set(KNOWN[kind]) - words(LANGUAGE) == set()
    assert set(KNOWN[kind]) - words(SHEET) == set()


def row(name: str) -> str:
    """The row of the cheat sheet's table that begins so."""
    (found,) = re.findall(rf"^\| {re.escape(name)} \| (.*) \|$", SHEET, re.MULTILINE)
    return str(found)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("gates", GATES),
        ("losses", LOSSES),
        ("optimizers", METHODS),
        ("`train` keys", TRAIN_KEYS),
        ("series", SERIES),
    ],
)
def test_the_sheet_names_nothing_else(name: str, known: object) -> None:
    assert re.findall(r"\w+", row(name)) and set(re.findall(r"\w+", row(name))) == set(known)  # type: ignore[call-overload]


def number(value: object) -> str:
    if value == 8 / 3:
        return "8/3"
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


def arguments(defaults: dict[str, object]) -> str:
    return ", ".join(f"{k} = {number(v)}" for k, v in defaults.items())


@pytest.mark.parametrize("name", SERIES)
def test_a_generator_has_the_defaults_and_columns_of_its_row(name: str) -> None:
    (line,) = [t for t in LANGUAGE.splitlines() if t.startswith("|") and f"`series.{name}`" in t]
    found = inspect.signature(SERIES[name]).parameters.values()
    assert (arguments({p.name: p.default for p in found}) or "none") in line
    if name not in ("santa_fe", "air_passengers", "digits"):  # packages that may be missing
        assert f"`{' '.join(SERIES[name]())}`" in line


@pytest.mark.parametrize("name", METHODS)
def test_an_optimizer_has_the_arguments_of_its_row(name: str) -> None:
    i = LANGUAGE.index("| optimizer | arguments |")
    table = LANGUAGE[i : i + 1500]
    (line,) = [
        t for t in table.splitlines() if t.startswith("|") and f"`{name}`" in t.split("|")[1]
    ]
    for key, value in METHODS[name].items():
        (said,) = re.findall(rf"\b{key} = ([\w.+-]+)", line)
        assert (said == "false") if value is False else float(said) == value, key


def test_schedules_and_their_arguments() -> None:
    for name, given in SCHEDULES.items():
        shown = f"`{name}({arguments(given)})`" if given else f"`{name}`"
        assert shown in LANGUAGE


def declared(word: str, folder: Path) -> dict[str, str]:
    """Names and parameters of the library's cells or gates."""
    files = folder.rglob("*.qrnn") if folder.is_dir() else [folder]
    texts = [path.read_text(encoding="utf-8") for path in files]
    found = chain(*(re.findall(rf"^{word} (\w+)\(([^)]*)\)", t, re.MULTILINE) for t in texts))
    return {name: " ".join(parameters.split()) for name, parameters in found}


def test_cells_of_the_library() -> None:
    cells = declared("cell", STD)
    assert len(cells) >= 15
    for name, parameters in cells.items():
        assert re.search(rf"`{name}\(", LANGUAGE), name
        for part in parameters.split(", "):
            key, _, rest = part.partition(": ")
            default = rest.partition(" = ")[2].rstrip(",")
            entry = LANGUAGE[LANGUAGE.index(f"`{name}(") :][:400]
            if name != "LiStaggered":
                assert re.search(rf"\b{key}\b" + (f"[^,]* = {default}" if default else ""), entry)


@pytest.mark.parametrize("module", ["ansatz", "encoding"])
def test_gates_of_the_library(module: str) -> None:
    gates = declared("gate", STD / f"{module}.qrnn")
    assert len(gates) >= 3
    for name in gates:
        assert name in words(LANGUAGE) and name in (words(SHEET) if module == "ansatz" else gates)


def test_limits() -> None:
    i = LANGUAGE.index("| limit | |")
    table = LANGUAGE[i : i + 600]
    assert MAX_BYTES == 1 << 20 and "1 MiB" in table
    for limit in (
        MAX_DEPTH,
        limits.MAX_GATE_DEPTH,
        limits.MAX_QUBITS,
        limits.MAX_OPERATIONS,
        limits.MAX_ELEMENTS,
    ):
        assert f"| {limit:,} |" in table


@pytest.mark.parametrize("page", [*sorted(p.name for p in DOCS.glob("*.md")), "../README.md"])
def test_links(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]*)(?:#[^)]*)?\)", text):
        if target and "://" not in target:
            path = ((DOCS / page).parent / target).resolve()
            assert path.exists() and path.is_relative_to(ROOT), target


def test_every_verb_and_option_is_described() -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    for verb in VERBS:
        assert re.search(rf"qrnnc {verb}\b|`{verb}`", text), verb
        parser = argparse.ArgumentParser()
        import_module(module(verb), "qrnnlang.cli").add_arguments(parser)
        for option in chain(*(action.option_strings for action in parser._actions)):
            if option not in ("-h", "--help", "--output"):
                assert option in text, (verb, option)


@pytest.mark.parametrize("page", sorted(p.name for p in DOCS.glob("*.md")))
def test_anchors(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\(([^)#]*)#([^)]*)\)", text):
        there = (DOCS / (target or page)).read_text(encoding="utf-8")
        heads = re.findall(r"^#+ (.*)$", there, re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in heads}


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("*.qrnn")), ids=lambda p: p.name)
def test_examples_are_free_of_warnings(path: Path) -> None:
    assert not check_path(path)
