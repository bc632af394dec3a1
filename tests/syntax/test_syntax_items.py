"""Files and items, comments and documentation, and the programs of the language definition."""

import pytest

from qrnnlang.diagnostics import Source
from qrnnlang.syntax import parse, tree


def test_imports(parsed):
    whole, named, module = parsed(
        'import "a/b.qrnn";\nimport "b.qrnn" as b;\nimport std.ansatz;'
    ).items
    assert (whole.path.value, whole.alias, whole.module) == ("a/b.qrnn", None, ())
    assert whole.path.span.text == '"a/b.qrnn"'
    assert (named.path.value, named.alias.text) == ("b.qrnn", "b")
    assert (module.path, [n.text for n in module.module]) == (None, ["std", "ansatz"])


def test_const_and_functions(parsed, show):
    const, own, extern = parsed(
        "const D = 0.15;\ndef mix(a: real[n], b: real) = a * b;\nextern def f(x: real[n]) -> real[m];"
    ).items
    assert (const.name.text, show(const.value)) == ("D", "0.15")
    assert [show(p) for p in own.params] == ["a: real[n]", "b: real"]
    assert (show(own.body), own.result) == ("(a * b)", None)
    assert (extern.body, show(extern.result)) == (None, "real[m]")
    assert extern.span.text.startswith("extern def")


def test_gate(parsed, show):
    full, bare, phase = parsed(
        "gate g(t: angle[n], k: int) q: qubit[n], r: qubit { h q; }\n"
        "gate s2 q: qubit { s q; }\ngate p(t: angle) { gphase(t); }"
    ).items
    assert [show(p) for p in full.params] == ["t: angle[n]", "k: int"]
    assert [show(p) for p in full.operands] == ["q: qubit[n]", "r: qubit"]
    assert (bare.params, [show(p) for p in bare.operands]) == ((), ["q: qubit"])
    assert phase.operands == ()


def test_cell_and_model(parsed, show):
    cell, empty, model = parsed(
        'cell A(n: int = 2, s: string = "x", b: bool = true, r: real) { }\ncell B() { }\nmodel M { loss 1; }'
    ).items
    assert [show(p) for p in cell.params] == [
        "n: int = 2",
        's: string = "x"',
        "b: bool = true",
        "r: real",
    ]
    assert empty.params == model.params == ()
    assert isinstance(model, tree.ModelItem)
    assert isinstance(model.body.statements[0], tree.LossStmt)


def test_file(parsed):
    text = "// c\nqrnn 1.0;\nconst A = 1;\n"
    file = parsed(text)
    assert (file.version, file.span.text, file.broken) == ("1.0", text, ())


@pytest.mark.parametrize("name", ["emc", "qlstm", "reservoir_rus_feedback", "constructs"])
def test_programs(parsed, program, name):
    assert parsed(program(name)).items


def test_programs_have_their_items(parsed, program):
    names = [item.name.text for item in parsed(program("reservoir_rus_feedback")).items]
    assert names == ["Reservoir", "rotations", "neuron", "Rus", "Feedback"]
    lstm = parsed(program("qlstm")).items[1]
    assert lstm.doc == "Quantum LSTM: four variational circuits in the gates of an LSTM."
    assert len(lstm.body.statements) == 17


def test_documentation(parsed):
    file = parsed(
        "/// not for the version line\nqrnn 1.0;\n/// one\n///   two\n\n// not this\n///three\ncell A {\n"
        "  /// in\n  input x: real; /// carried\n  carry m: qubit;\n  //// ruler\n  let y = 1;\n  /// last\n}\n"
        "cell B { }"
    )
    a, b = file.items
    assert a.doc == "one\n  two\nthree"
    assert [s.doc for s in a.body.statements] == ["in", "carried", ""]
    assert b.doc == ""


def test_comments_are_kept_with_their_places(parsed):
    text = 'qrnn 1.0; // a\n/* b /* nested */ still */ const A = /* in */ 1; // "c\n/* multi\nline */\n'
    comments = parsed(text).comments
    assert [c.text for c in comments] == [
        "// a",
        "/* b /* nested */ still */",
        "/* in */",
        '// "c',
        "/* multi\nline */",
    ]
    assert all(c.span.text == c.text for c in comments)


def test_line_ends_and_byte_order_mark(parsed):
    file = parsed("\ufeffqrnn 1.0;\r\n// c\r\ncell A {\r\n\tx q; // d\r\n}\r\n")
    assert [c.text for c in file.comments] == ["// c", "// d"]
    assert file.items[0].body.statements[0].operands[0].name == "q"


def test_a_megabyte_is_the_limit():
    text = "qrnn 1.0;\n//"
    room = (1 << 20) - len(text)
    file, errors = parse(Source("t", text + "x" * room))
    assert file is not None
    assert errors == ()
    assert [d.code for d in parse(Source("t", text + "x" * (room + 1)))[1]] == ["E0701"]
    file, errors = parse(Source("t", text + "é" * (room // 2 + 1)))
    assert file is None
    assert [d.code for d in errors] == ["E0701"]
