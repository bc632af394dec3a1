"""The canonical layout."""

import pytest
from counted import calls_within

from qrnnlang.diagnostics import CompileError, Source
from qrnnlang.syntax import parse
from qrnnlang.syntax.compare import same_tree
from qrnnlang.syntax.format import format_source
from qrnnlang.syntax.layout import Begin, Break, BrokenComma, End, layout, put


def fmt(text):
    return format_source(Source("t.qrnn", text))


def body(text):
    """The formatted statements of a cell, without their indentation."""
    lines = fmt("qrnn 1.0;\ncell A {\n" + text + "\n}\n").splitlines()
    assert (lines[:3], lines[-1]) == (["qrnn 1.0;", "", "cell A {"], "}")
    return "\n".join(line[4:] for line in lines[3:-1])


SPACING = [
    ("let  a=b+c*-d**2;", "let a = b + c * -d ** 2;"),
    ("let a = ( b+c )*d ;", "let a = (b + c) * d;"),
    ("let a = ! b[ 0 ]&&c==d;", "let a = !b[0] && c == d;"),
    ("let a = x [ .. , 0 ] [ a .. b ];", "let a = x[.., 0][a..b];"),
    ("let a = x[1 ..,.. 2,-1];", "let a = x[1.., ..2, -1];"),
    ("let a = f (x , n=3 , ) . z;", "let a = f(x, n = 3).z;"),
    ("let a = [ 1,2, ];", "let a = [1, 2];"),
    ("let a = [f(x[i])for i in 0 .. n];", "let a = [f(x[i]) for i in 0..n];"),
    ("let a = 3 .foo;", "let a = 3 .foo;"),
    ("h[q,r];", "h [q, r];"),
    ("rx(t)[q,r][0];", "rx(t) [q, r][0];"),
    ("x q [0];", "x q[0];"),
    ("ctrl(2)@inv@b . g(t)q,r;", "ctrl(2) @ inv @ b.g(t) q, r;"),
    ("let a = w@x;", "let a = w @ x;"),
    ("param w:angle [l,k]~uniform(-pi,pi);", "param w: angle[l, k] ~ uniform(-pi, pi);"),
    ("input x:seq real [1];", "input x: seq real[1];"),
    ('postselect q=="01";', 'postselect q == "01";'),
    ("loss(a+b)*2;", "loss (a + b) * 2;"),
    ("evolve (H,t,steps=2) ;", "evolve(H, t, steps = 2);"),
    ("barrier ;", "barrier;"),
    ("for(a,b)in chain(q){cx a,b;}", "for (a, b) in chain(q) { cx a, b; }"),
    ("if(a){x q;}else if(b){y q;}else{z q;}", "if (a) { x q; } else if (b) { y q; } else { z q; }"),
    ("for i in 0..n{}", "for i in 0..n {}"),
    ("carry m:qubit{h m;}", "carry m: qubit { h m; }"),
]


@pytest.mark.parametrize(("text", "expected"), SPACING)
def test_spacing(text, expected):
    assert body(text) == expected


def test_blocks_are_broken_unless_short_and_written_so():
    assert body("for i in 0..n {\nx q; }") == "for i in 0..n {\n    x q;\n}"
    assert body("for i in 0..n { x q; y q; }") == "for i in 0..n {\n    x q;\n    y q;\n}"
    assert (
        body("if (a) { x q; } else { y q; z q; }")
        == "if (a) {\n    x q;\n} else {\n    y q;\n    z q;\n}"
    )
    assert body("if (a) { for i in x { y i; } }") == "if (a) { for i in x { y i; } }"
    long = "for i in 0..n { rx(" + "a" * 80 + ") q; }"
    assert body(long) == "for i in 0..n {\n    rx(" + "a" * 80 + ") q;\n}"
    assert body("train { epochs = 1; }") == "train {\n    epochs = 1;\n}"


def test_items_are_set_apart():
    text = "qrnn 1.0;const A=1;const B=2;\ncell C{}cell D{\nx q;}\n// e\ngate e q:qubit{x q;}\ngate f q:qubit{x q;}"
    assert fmt(text) == (
        "qrnn 1.0;\n\nconst A = 1;\nconst B = 2;\ncell C {}\ncell D {\n    x q;\n}\n\n// e\n"
        "gate e q: qubit { x q; }\ngate f q: qubit { x q; }\n"
    ).replace("cell C {}\ncell D", "cell C {}\n\ncell D")


def test_blank_lines_are_kept_once():
    assert body("\n\nx q;\n\n\n\ny q;\nz q;\n\n") == "x q;\n\ny q;\nz q;"


def test_comments_stay_where_they_are():
    text = (
        "// top\nqrnn 1.0; // version\n\n\n// one\n\n// two\n/// doc\ncell A { // head\n"
        "    // first\n    x q; // trailing\n    /* own */\n    y /* inline */ q;\n\n    // last\n} // end\n// after\n"
    )
    assert fmt(text) == (
        "// top\nqrnn 1.0;  // version\n\n// one\n\n// two\n/// doc\ncell A {  // head\n"
        "    // first\n    x q;  // trailing\n    /* own */\n    y /* inline */ q;\n\n    // last\n}  // end\n// after\n"
    )


def test_comments_within_a_statement_break_it():
    assert body("let a = f(b, // why\nc /* x */, // two\n// own\nd);") == (
        "let a = f(\n    b,  // why\n    c /* x */,  // two\n    // own\n    d,\n);"
    )
    assert body("let a = b // why\n+ c;") == "let a = b  // why\n    + c;"


def test_long_lines_break_at_the_loosest_place():
    name = "a" * 30
    assert body(f"let x = f({name}, {name}, g({name}));") == (
        f"let x = f(\n    {name},\n    {name},\n    g({name}),\n);"
    )
    assert body(f"let x = {name} * {name} + {name} * {name};") == (
        f"let x = {name} * {name}\n    + {name} * {name};"
    )
    assert body(f"let x = sum({name} * {name} for i in range(0, {name}, 2)) + 1;") == (
        f"let x = sum(\n    {name} * {name}\n    for i in range(0, {name}, 2)\n) + 1;"
    )
    assert body(f"let x = expect(prod([{name}, {name}, {name}]));") == (
        f"let x = expect(prod([\n    {name},\n    {name},\n    {name},\n]));"
    )
    assert body(f"g(1) {name}, {name}, {name};") == f"g(1) {name}, {name},\n    {name};"


def test_rows_of_numbers_are_filled():
    lines = body("let x = [" + ", ".join(str(k) for k in range(100)) + "];").splitlines()
    assert len(lines) == 5
    assert all(len(line) <= 96 for line in lines)


@pytest.mark.parametrize("name", ["emc", "qlstm", "reservoir_rus_feedback", "constructs"])
def test_programs(program, name):
    source = Source("t", program(name))
    text = fmt(source.text)
    assert (text == source.text) is (name == "emc")
    file, errors = parse(Source("t", text))
    assert errors == ()
    assert same_tree(file, parse(source)[0])
    assert [c.text for c in file.comments] == [c.text for c in parse(source)[0].comments]
    assert fmt(text) == text
    code = [line for line in text.splitlines() if "//" not in line]
    assert max(map(len, code)) <= 100
    assert all(line == line.rstrip() for line in text.splitlines())


def test_a_sum_of_ten_thousand_terms():
    text = "qrnn 1.0;\nconst A = " + " + ".join(f"x{k}" for k in range(10_000)) + ";\n"
    done = fmt(text)
    assert done.replace("\n    +", " +") == text.replace("1.0;\n", "1.0;\n\n")
    assert fmt(done) == done


def test_the_deepest_brackets():
    text = "qrnn 1.0;\n\nconst A = " + "(" * 199 + "1" + ")" * 199 + ";\n"
    assert same_tree(parse(Source("t", fmt(text)))[0], parse(Source("t", text))[0])
    assert fmt(fmt(text)) == fmt(text)


def test_errors_are_raised():
    with pytest.raises(CompileError) as caught:
        fmt("qrnn 1.0;\nconst A = ;")
    assert [d.code for d in caught.value.diagnostics] == ["E0111"]


def test_a_thousand_lines_are_parsed_in_linear_work(program):
    text = program("constructs")
    head, rest = text.split("import std.ansatz;")
    long = head + "\n".join(rest for _ in range(12))
    assert len(long.splitlines()) > 1000
    assert calls_within(40 * len(long), lambda: parse(Source("t", long)))[1] == ()
    assert fmt(long).count("cell Name(") == 12


def test_layout_of_groups():
    group = [
        put("f("),
        Begin(4, True),
        Break(""),
        put("a,"),
        Break(" "),
        put("b"),
        BrokenComma(),
        Break("", -4),
        End(),
    ]
    assert layout([*group, put(");")], 0) == "f(a, b);"
    assert layout([*group, put(");")], 0, width=7) == "f(\n    a,\n    b,\n);"
    fill = [
        Begin(2, False),
        put("aa"),
        Break(" "),
        put("bb"),
        Break(" "),
        put("cc"),
        End(),
        put(";"),
    ]
    assert layout(fill, 0, width=8) == "aa bb\n  cc;"
    assert layout(fill, 0, width=9) == "aa bb cc;"


def test_the_comma_of_a_broken_list_has_room():
    """A part that ends at the last column, the comma behind it beyond it, is broken itself."""
    for more in range(28):
        part = f"max({'e' * (60 + more)} + 1, g(ff))"
        lines = fmt(f"qrnn 1.0;\ncell A {{ let v = f({part}, {part}); }}\n").splitlines()
        assert max(map(len, lines)) <= 100, more


def test_a_line_may_end_behind_a_modifier():
    qubits = ", ".join(f"q[{i}]" for i in range(24))
    lines = body(f"{'ctrl @ ' * 22}inv @ x {qubits};").splitlines()
    assert max(map(len, lines)) <= 96 and len(lines) == 4  # a statement's own indentation is 4
    assert lines[0].endswith("ctrl @") and lines[1].startswith("    ctrl @ ")
    assert body("ctrl @ inv @ x q[0], q[1];") == "ctrl @ inv @ x q[0], q[1];"
