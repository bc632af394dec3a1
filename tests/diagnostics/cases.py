"""Diagnostics of every shape that the renderer has to draw."""

from __future__ import annotations

from qrnnlang.diagnostics import Diagnostic, Label, Source, Span

_CELL = """qrnn 1.0;
cell A {
    fresh q: qubit[2];
    let w = stack(
        zeros(2),
        ones(3)
    );
    cx q[0], q[0];
    let u = sin(w) + tan(w);
}
"""


def at(source: Source, text: str, nth: int = 0) -> Span:
    """The span of the n-th occurrence of `text`."""
    start = -1
    for _ in range(nth + 1):
        start = source.text.index(text, start + 1)
    return Span(source, start, start + len(text))


def _cases() -> dict[str, Diagnostic]:
    a = Source("cells/a.qrnn", _CELL)
    b = Source("b.qrnn", 'qrnn 1.0;\nimport "cells/a.qrnn";\ncell A { output y = 1; }\n')
    wide = Source("wide.qrnn", "qrnn 1.0;\n\tlet 量子 = e\u0301t\u00e9 + \x1b[2J\u202e;\t// tab\n")
    long = Source("long.qrnn", "let a = " + "x + " * 100 + "bad" + " + y" * 100 + ";\n")
    open_end = Source("open.qrnn", "cell A {\n")
    no_break = Source("no_break.qrnn", "cell A {")
    crlf = Source("crlf.qrnn", "qrnn 1.0;\r\ncell A {\r\n    h p;\r\n}\r\n")
    many = Source("many.qrnn", "".join(f"x q[{i}];\n" for i in range(1200)))
    call = at(a, "stack(").to(at(a, "    );"))
    return {
        "plain": Diagnostic("E0201", "there is no value `w` here", at(a, "w", 1)),
        "label": Diagnostic("E0201", "there is no value `w` here", at(a, "w", 1), "unknown name"),
        "warning": Diagnostic("W0201", "`u` is never used", at(a, "u = "), "unused"),
        "help": Diagnostic(
            *("E0201", "there is no value `w` here", at(a, "tan(w)"), "unknown name"),
            notes=("the first note", "a note\nof two lines"),
            help="did you mean `u`?",
        ),
        "two_on_a_line": Diagnostic(
            *("E0401", "the same qubit twice in one gate: `q[0]`", at(a, "q[0]", 1), "again"),
            labels=(Label(at(a, "q[0]"), "first used here"),),
        ),
        "primary_first": Diagnostic(
            *("E0401", "the same qubit twice in one gate: `q[0]`", at(a, "q[0]"), "here"),
            labels=(Label(at(a, "q[0]", 1), "and here"),),
        ),
        "nested_marks": Diagnostic(
            *("E0301", "shapes do not fit", at(a, "sin(w) + tan(w)"), "2 against 3"),
            labels=(Label(at(a, "sin(w)"), "`real[2]`"), Label(at(a, "tan(w)"), "`real[3]`")),
        ),
        "other_lines": Diagnostic(
            *("E0401", "the same qubit twice", at(a, "q[0]", 1), "again"),
            labels=(Label(at(a, "q: qubit[2]"), "declared here"), Label(at(a, "cell"), "in here")),
        ),
        "other_file": Diagnostic(
            *("E0205", "`A` is declared twice", at(b, "A {"), "declared again"),
            labels=(Label(at(a, "A {"), "first declared here"),),
        ),
        "multi_line": Diagnostic("E0301", "lengths differ", call, "2 against 3"),
        "multi_line_long": Diagnostic(
            "E0405", "this cannot stand here", Span(a, a.text.index("cell"), len(a.text)), "no"
        ),
        "multi_line_with_marks": Diagnostic(
            *("E0301", "lengths differ", call, "rows of one length"),
            labels=(Label(at(a, "zeros(2)"), "`real[2]`"), Label(at(a, "ones(3)"), "`real[3]`")),
        ),
        "end_of_file": Diagnostic(
            *("E0109", "unclosed `{`", Span(open_end, 9, 9), "the file ends here"),
            labels=(Label(at(open_end, "{"), "opened here"),),
        ),
        "end_without_break": Diagnostic(
            "E0109", "unclosed `{`", Span(no_break, 8, 8), "the file ends here"
        ),
        "empty_file": Diagnostic("E0101", "the file is empty", Span(Source("e.qrnn", ""), 0, 0)),
        "no_place": Diagnostic(
            *("E0608", "OpenQASM 2 has no unbound data", Span(Source("<model>", ""), 0, 0)),
            help="bind parameters and inputs",
        ),
        "line_break": Diagnostic("E0111", "expected `;`", at(open_end, "\n"), "expected `;`"),
        "crlf": Diagnostic("E0201", "there is no register `p`", at(crlf, "p;\r\n"), "unknown"),
        "wide": Diagnostic(
            *("E0103", "unexpected characters `量子\x1b`", at(wide, "量子"), "here"),
            labels=(Label(at(wide, "e\u0301t\u00e9"), "marks"), Label(at(wide, "// tab"), "after")),
        ),
        "long_line": Diagnostic(
            *("E0201", "there is no value `bad` here", at(long, "bad"), "unknown"),
            labels=(Label(at(long, "a ="), "in this"), Label(at(long, ";"), "the end")),
        ),
        "line_numbers": Diagnostic(
            *("E0304", "index 999 is out of range", at(many, "999"), "2 qubits"),
            labels=(
                Label(at(many, "x q[1001]"), "two lines below"),
                Label(at(many, "q[7]"), "far"),
            ),
        ),
    }


CASES = _cases()
