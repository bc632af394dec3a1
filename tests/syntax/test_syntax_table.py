"""The grammar has no conflicts, and the shipped table is that of the grammar."""

import json
import subprocess
import sys

from qrnnlang.syntax.build_table import GRAMMAR, TABLE, generate, lark_table
from qrnnlang.syntax.context import BUILDERS
from qrnnlang.syntax.table import load


def test_the_grammar_is_strictly_lalr():
    assert lark_table(GRAMMAR.read_text(encoding="utf-8"), strict=True).rules


def test_the_table_is_current():
    assert TABLE.read_text(encoding="utf-8") == generate(GRAMMAR.read_text(encoding="utf-8"))


def test_the_table_does_not_depend_on_hashing():
    code = (
        "from qrnnlang.syntax.build_table import *; import sys;"
        "sys.stdout.buffer.write(generate(GRAMMAR.read_text(encoding='utf-8')).encode())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONHASHSEED": "12345", "PYTHONPATH": str(TABLE.parents[2])},
        capture_output=True,
        check=True,
    )
    assert done.stdout == TABLE.read_bytes()


def test_every_rule_has_a_builder_and_every_builder_a_rule():
    aliases = {alias for _, _, alias in load().rules if alias}
    assert aliases == set(BUILDERS)
    bare = [(length, alias) for _, length, alias in load().rules if not alias]
    assert all(length == 1 for length, _ in bare)


def test_the_table_is_plain_data():
    assert set(json.loads(TABLE.read_text(encoding="utf-8"))) >= {"rules", "rows", "states"}


def test_parsing_imports_neither_lark_nor_anything_heavy():
    code = (
        "import sys; from qrnnlang.diagnostics import Source; from qrnnlang.syntax import parse;"
        "parse(Source('t', 'qrnn 1.0; cell A { x q; }'));"
        "print(sorted(m for m in ('lark', 'jax', 'qiskit', 'matplotlib', 'networkx', 'numpy') if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(TABLE.parents[2])},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
