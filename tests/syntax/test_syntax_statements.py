"""Statements and declarations: what the tree holds."""

import pytest

from qrnnlang.syntax import tree


def test_simple_declarations(statements):
    found = statements("input x: real[d];\ntarget y: class[3];\nfresh e: qubit;")
    assert [type(s) for s in found] == [tree.InputDecl, tree.TargetDecl, tree.FreshDecl]
    assert [s.name.text for s in found] == ["x", "y", "e"]
    assert found[0].type.dims is not None
    assert found[2].type.dims is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("real", "real"),
        ("real[d]", "real[d]"),
        ("angle[l, k + 1]", "angle[l, (k + 1)]"),
        ("seq real[1]", "seq real[1]"),
        ("seq class[k]", "seq class[k]"),
        ("unitary[n]", "unitary[n]"),
    ],
)
def test_types(statements, show, text, shown):
    assert show(statements(f"input x: {text};")[0].type) == shown


def test_carry(statements, show):
    plain, start, body = statements(
        "carry m: qubit[k];\ncarry c: real[h] = 0;\ncarry n: qubit { h n; }"
    )
    assert (plain.start, plain.body) == (None, None)
    assert (show(start.start), start.body) == ("0", None)
    assert body.start is None
    assert body.body.statements[0].gate.name == "h"
    assert body.body.span.text == "{ h n; }"


@pytest.mark.parametrize(
    ("text", "trained", "start"),
    [
        ("param w: angle[l, k] ~ uniform(-pi, pi);", True, "~ uniform((-pi), pi)"),
        ("param s: real = 1;", True, "1"),
        ("param s: real;", True, ""),
        ("fixed J: real[k, k] ~ normal(0, 1);", False, "~ normal(0, 1)"),
        ("fixed U: unitary[n] ~ haar;", False, "~ haar()"),
    ],
)
def test_parameters(statements, show, text, trained, start):
    (declared,) = statements(text)
    assert isinstance(declared, tree.ParamDecl)
    assert declared.trained is trained
    assert show(declared.start) == start


@pytest.mark.parametrize(
    ("text", "cell", "args"),
    [
        ("use f = Vqc(n = 4, depth = d);", "Vqc", ["n = 4", "depth = d"]),
        ("use cell = Emc();", "Emc", []),
        ("use cell = Emc;", "Emc", []),
        ("use cell = b.Emc(2);", "b.Emc", ["2"]),
    ],
)
def test_use(statements, show, text, cell, args):
    (use,) = statements(text)
    assert isinstance(use, tree.UseDecl)
    assert show(use.cell) == cell
    assert [show(a) for a in use.args] == args


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("let b = x + 1;", "(x + 1)"),
        ("let b = measure q;", "measure q"),
        ("let b = measure [q, r][0..2];", "measure [q, r][(0..2)]"),
        ("let p = postselect q == 0;", "postselect q == 0"),
        ("let p = postselect q[0..2] == k + 1;", "postselect q[(0..2)] == (k + 1)"),
        ("next b = measure q;", "measure q"),
        ("next m = [m[1..k], e[0]];", "[m[(1..k)], e[0]]"),
    ],
)
def test_bound_values(statements, show, text, value):
    assert show(statements(text)[0].value) == value


def test_entries(statements, show):
    whole, entry = statements("next c = 0;\nnext c[i, ..] = 1;")
    assert (whole.indices, whole.name.text) == (None, "c")
    assert [show(i) for i in entry.indices] == ["i", "(..)"]
    given, declared, filled = statements("output y = 1;\noutput z: real[n];\noutput z[k, ..] = 2;")
    assert (show(given.value), given.type, given.indices) == ("1", None, None)
    assert (declared.value, show(declared.type), declared.indices) == (None, "real[n]", None)
    assert (show(filled.value), filled.type) == ("2", None)
    assert [show(i) for i in filled.indices] == ["k", "(..)"]


GATES = [
    ("h q;", [], "h", [], ["q"]),
    ("x target;", [], "x", [], ["target"]),
    ("h [q, r];", [], "h", [], ["[q, r]"]),
    ("cx q[0..2], q[1..3];", [], "cx", [], ["q[(0..2)]", "q[(1..3)]"]),
    ("ry(t) reverse(q)[0];", [], "ry", ["t"], ["reverse(q)[0]"]),
    ("x [q[i] for i in 0..2];", [], "x", [], ["[q[i] for i in (0..2)]"]),
    ("b.ladder(theta[0]) m;", [], "b.ladder", ["theta[0]"], ["m"]),
    ("gphase(t);", [], "gphase", ["t"], []),
    ("f(n = 3) q;", [], "f", ["n = 3"], ["q"]),
    ("ctrl @ x a, b;", ["ctrl"], "x", [], ["a", "b"]),
    (
        "ctrl(2) @ inv @ b.g(t) q[0], [a, c];",
        ["ctrl(2)", "inv"],
        "b.g",
        ["t"],
        ["q[0]", "[a, c]"],
    ),
    (
        "negctrl(len(c)) @ pow(-k) @ u(1, 2) c, q;",
        ["negctrl(len(c))", "pow((-k))"],
        "u",
        ["1", "2"],
        ["c", "q"],
    ),
]


@pytest.mark.parametrize(("text", "modifiers", "gate", "args", "operands"), GATES)
def test_gates(statements, show, text, modifiers, gate, args, operands):
    (stmt,) = statements(text)
    assert isinstance(stmt, tree.GateStmt)
    assert [show(m) for m in stmt.modifiers] == modifiers
    assert show(stmt.gate) == gate
    assert [show(a) for a in stmt.args] == args
    assert [show(q) for q in stmt.operands] == operands
    assert stmt.span.text == text


def test_other_quantum_statements(statements, show):
    found = statements(
        'reset q, e[0];\nbarrier q;\nbarrier;\nmeasure q[0];\npostselect q == "011";\n'
        "postselect [a, b] == bits(v);\nevolve(H, t, steps = 2);\nprepare(re, im) q, r;"
    )
    reset, barrier, bare, measure, post, bits, evolve, prepare = found
    assert [show(q) for q in reset.operands] == ["q", "e[0]"]
    assert [show(q) for q in barrier.operands] == ["q"]
    assert bare == tree.BarrierStmt(bare.span, ())
    assert isinstance(measure, tree.MeasureStmt)
    assert show(measure.operand) == "q[0]"
    assert (show(post.operand), show(post.value)) == ("q", '"011"')
    assert (show(bits.operand), show(bits.value)) == ("[a, b]", "bits(v)")
    assert [show(a) for a in evolve.args] == ["H", "t", "steps = 2"]
    assert isinstance(prepare, tree.PrepareStmt)
    assert ([show(a) for a in prepare.args], [show(q) for q in prepare.operands]) == (
        ["re", "im"],
        ["q", "r"],
    )


def test_for(statements, show):
    single, unpacked, nested = statements(
        "for i in 0..n { x q[i]; }\nfor (a, b) in zip(e, m) { cx a, b; }\nfor l in 0..d, q in m { }"
    )
    assert [(c.targets[0].text, c.unpack, show(c.iterable)) for c in single.clauses] == [
        ("i", False, "(0..n)")
    ]
    (clause,) = unpacked.clauses
    assert ([n.text for n in clause.targets], clause.unpack) == (["a", "b"], True)
    assert [c.targets[0].text for c in nested.clauses] == ["l", "q"]
    assert nested.body.statements == ()
    assert len(single.body.statements) == 1


def test_if_and_else_if(statements, show):
    (stmt,) = statements("if (a) { x q; } else if (b == 2) { y q; } else { z q; h q; }")
    assert show(stmt.condition) == "a"
    (inner,) = stmt.orelse.statements
    assert isinstance(inner, tree.IfStmt)
    assert show(inner.condition) == "(b == 2)"
    assert [s.gate.name for s in inner.orelse.statements] == ["z", "h"]
    assert inner.orelse.span.text == "{ z q; h q; }"
    (alone,) = statements("if (!b[0] && c) { }")
    assert alone.orelse is None


def test_loss_data_and_train(statements, show):
    loss, metric, data, empty, train = statements(
        "loss mse(p, y) + 0.1 * sum(w ** 2);\nmetric rmse(p, y);\n"
        'data csv("a.csv") { x = column("v"); input split = column(0); target y = shift(column(1), 1);\n'
        "  split = (0.64, 0.16, 0.20); target = 1; input = 2; shuffle = true; }\n"
        "data series.narma(order = 10) { }\n"
        "train { optimizer = adam(lr = 1e-3); epochs = 5; }"
    )
    assert show(loss.value) == "(mse(p, y) + (0.1 * sum((w ** 2))))"
    assert show(metric.value) == "rmse(p, y)"
    assert show(data.source) == 'csv("a.csv")'
    assert [(a.role, a.key.text, show(a.value)) for a in data.assignments] == [
        (None, "x", 'column("v")'),
        ("input", "split", "column(0)"),
        ("target", "y", "shift(column(1), 1)"),
        (None, "split", "<0.64, 0.16, 0.2>"),
        (None, "target", "1"),
        (None, "input", "2"),
        (None, "shuffle", "true"),
    ]
    assert show(empty.source) == "series.narma(order = 10)"
    assert empty.assignments == ()
    assert [(a.key.text, show(a.value)) for a in train.assignments] == [
        ("optimizer", "adam(lr = 0.001)"),
        ("epochs", "5"),
    ]


OPENING_WORDS = [
    "import",
    "const",
    "def",
    "extern",
    "gate",
    "cell",
    "model",
    "input",
    "target",
    "output",
    "carry",
    "fresh",
    "param",
    "fixed",
    "use",
    "let",
    "next",
    "reset",
    "barrier",
    "evolve",
    "prepare",
    "data",
    "train",
    "loss",
    "metric",
    "qrnn",
    "as",
    "seq",
]


@pytest.mark.parametrize("word", OPENING_WORDS)
def test_opening_words_are_names_elsewhere(statements, parsed, show, word):
    found = statements(
        f"fresh {word}: qubit;\nuse {word} = {word}({word} = {word});\nlet {word} = {word}({word})[{word}].{word};\n"
        f"x {word};\nrx({word}) {word}[{word}];\nctrl @ {word} {word};\nfor {word} in {word} {{ }}\n"
        f"next {word} = {word};\noutput {word} = {word};"
    )
    assert show(found[2].value) == f"{word}({word})[{word}].{word}"
    assert show(found[3].operands[0]) == word
    assert show(found[5].gate) == word
    items = parsed(f"cell {word}({word}: real) {{ }}\ngate {word} {word}: qubit {{ }}").items
    assert [item.name.text for item in items] == [word, word]


@pytest.mark.parametrize(
    "word", ["for", "in", "if", "else", "true", "false", "measure", "postselect"]
)
def test_reserved_words_are_no_names_but_may_begin_one(statements, places, word):
    assert statements(f"let {word}_ = {word}s;")[0].name.text == f"{word}_"
    assert places(f"cell A {{\nlet {word} = 3;\n}}") == [("E0107", 3, 5)]
