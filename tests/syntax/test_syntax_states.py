"""Every state of the parser has a class with a message, and what the message says is true."""

import re

import pytest

from qrnnlang.diagnostics import Source
from qrnnlang.syntax import parse
from qrnnlang.syntax.build_table import GRAMMAR, lark_table
from qrnnlang.syntax.states import classes, going_on, main, message, messages, right_sides
from qrnnlang.syntax.table import Table, load

TABLE = load()


def stacks(table: Table) -> dict[int, list[int]]:
    """For every state the shortest stack of states with it on top."""
    found = {0: [0]}
    todo = [0]
    for state in todo:
        for action in table.rows[state].values():
            if action >= 0 and action not in found:
                found[action] = [*found[state], action]
                todo.append(action)
    return found


STACKS = stacks(TABLE)
# A token is refused only right after another one was read, so a state on top has read a token.
READ = [s for s in STACKS if 0 <= TABLE.accessing[s] < TABLE.terminal_count]


def test_every_state_has_a_class_with_a_message_and_every_message_a_state():
    of_state = classes()
    assert len(of_state) == len(TABLE.rows)
    assert {str(name) for name in of_state} == {str(name) for name in messages()}
    assert all(message(state) for state in range(len(TABLE.rows)))
    assert main() == 0


def test_a_class_or_a_message_too_many_is_noticed(monkeypatch, capsys):
    some = dict(messages())
    first, second = sorted(some)[:2]
    some[type(first)("no construct", "NAME")] = some.pop(first)
    monkeypatch.setattr("qrnnlang.syntax.states.messages", lambda: some)
    assert main() == 2
    assert capsys.readouterr().out == f"no message: {first}\nno state: no construct => NAME\n"
    assert second in some


def test_states_of_a_class_expect_the_same():
    """The binary operators count as one, all other terminals are told apart."""
    operators = {*"^<>+-*/%@", "||", "&&", "==", "!=", "<=", ">=", "**", ".."}
    sets: dict[object, set[frozenset[str]]] = {}
    for state, name in enumerate(classes()):
        row = {TABLE.symbols[k] for k in TABLE.rows[state] if k < TABLE.terminal_count}
        if "operator" in name.expected.split():
            row -= operators
        sets.setdefault(name, set()).add(frozenset(row))
    assert {str(name): found for name, found in sets.items() if len(found) > 1} == {}


def test_the_rules_are_read_back_from_the_table():
    lark = lark_table(GRAMMAR.read_text(encoding="utf-8"))
    literal = {t.name: t.pattern.value for t in lark.terminals if t.pattern.type == "str"}
    wanted = sorted((r.origin.name, [literal.get(s.name, s.name) for s in r.expansion])
                    for r in lark.rules)  # fmt: skip
    found = sorted((TABLE.symbols[rule[0]], [TABLE.symbols[k] for k in side])
                   for rule, side in zip(TABLE.rules, right_sides(TABLE), strict=True))  # fmt: skip
    assert found == wanted


@pytest.mark.parametrize("text", sorted(set(messages().values())))
def test_style(text):
    assert text[0].islower() and not text.endswith((".", " "))
    assert text.count("`") % 2 == 0
    assert text.count("expected") <= 1
    assert len(text) <= 130


def terminals(text: str) -> set[str]:
    """The terminals a message names after `expected`, by the first of each piece of code."""
    promised = re.sub(r"(as in|ranges over) `[^`]*`(( or|,) `[^`]*`)?", "", text).split("expected")[
        1
    ]
    codes = re.findall(r"`([^`]*)`", promised)
    found = {re.match(r"\w+|->|==|\.\.|\W", code).group() for code in codes}
    words = {code for code in found if code[0].isalpha() and code not in TABLE.number}
    return found - words | ({"NAME"} if words else set())


@pytest.mark.parametrize("state", READ)
def test_what_a_message_promises_can_stand_there(state):
    place, part = going_on(STACKS[state])
    assert "expected" in place
    assert "expected" not in part
    assert terminals(place) <= TABLE.expected(STACKS[state])


EXAMPLES = [
    ("const A 1;", "after the name of a `const`: expected `=` and its value"),
    ("cell { }", "after `cell`: expected the name of the cell"),
    (
        "cell A [n] { }",
        "after the name of a `cell`: expected its hyperparameters in `(…)`, or its body in `{…}`",
    ),
    ("import std.;", "after `.` in an `import`: expected the name of a module"),
    ("extern def f() -> 3;", "after `->`: expected the type of the result, as in `real[n]`"),
    (
        "cell A { carry q: 3; }",
        "after the `:` of a `carry`: expected its type, as in `qubit[n]` or `real[n]`",
    ),
    (
        "cell A { carry q: qubit 0; }",
        "after the type of a `carry`: expected `;`, `=` and its first value, or `{…}` that "
        "prepares it",
    ),
    (
        "cell A { param w: angle[3] normal; }",
        "after the type of a `param`: expected `;`, `=` and its first value, or `~` and what it is "
        "drawn from",
    ),
    ("cell A { let x y; }", "after the name of a `let`: expected `=` and its value"),
    ("cell A { x q r; }", "in the operands of a gate: expected `,` and another operand, or `;`"),
    (
        "cell A { ctrl @ ; }",
        "after a modifier and its `@`: expected the name of a gate or of another modifier",
    ),
    (
        "cell A { postselect q 0; }",
        "after the operand of `postselect`: expected `==` and the outcome",
    ),
    ("cell A { evolve H; }", "after `evolve`: expected `(…)` with the Hamiltonian and the time"),
    (
        "cell A { for i of x { } }",
        "after the name in a `for`: expected `in` and what it runs over",
    ),
    ("cell A { if (a b) { } }", "after the condition of an `if`: expected `)`"),
    ("cell A { let x = f(1, 2 3); }", "in the arguments of a call: expected `,` or `)`"),
    ("cell A { let x = [1, 2 3]; }", "in a list: expected `,` and another entry, or `]`"),
    (
        "cell A { let x = y[1 2]; }",
        "in an index: expected `,` and the index along another axis, or `]`",
    ),
    ("model M { train { epochs: 3; } }", "after a key: expected `=` and its value"),
    (
        'model M { data csv("a") { input x "c"; } }',
        "after the name of an `input`: expected `=` and where it is found in the data",
    ),
    ("cell A { 3; }", "at the start of a block: expected a statement or `}`"),
    ("foo;", "after the version line: expected an item or the end of the file"),
]


@pytest.mark.parametrize(("text", "label"), EXAMPLES)
def test_the_general_error_says_where_it_stands(text, label):
    (error,) = parse(Source("t", f"qrnn 1.0;\n{text}"))[1]
    assert (error.code, error.label) == ("E0111", label)


def test_a_note_says_what_may_continue_the_part_before():
    value = ("the value before may go on with an operator, `(…)`, `[…]` or `.name`",)
    for text, notes in [("const A = 1 2;", value), ("const A 1;", ()), ("cell A { } 3;", ())]:
        (error,) = parse(Source("t", f"qrnn 1.0;\n{text}"))[1]
        assert error.notes == notes


def test_the_messages_are_not_read_to_parse_what_is_right(monkeypatch):
    def never():
        raise AssertionError("the classes of states are computed without an error")

    monkeypatch.setattr("qrnnlang.syntax.states.classes", never)
    monkeypatch.setattr("qrnnlang.syntax.states.messages", never)
    assert parse(Source("t", "qrnn 1.0; const A = 1;"))[1] == ()
    with pytest.raises(AssertionError, match="without an error"):
        parse(Source("t", "qrnn 1.0; const A 1;"))
