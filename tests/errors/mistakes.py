"""Mistakes of beginners: what is changed in a right program, and the one thing to be said of it."""

from __future__ import annotations

from dataclasses import dataclass

PROGRAM = """qrnn 1.0;

cell C(layers: int = 2) {
    input x: real;
    carry m: qubit[2];
    carry s: real = 0;
    fresh e: qubit;
    param theta: angle[layers, 3];
    ry(x) e;
    for l in 0..layers {
        ry(theta[l]) [e, m];
        cz e, m[0];
    }
    next s = s + x;
    output z = expect(Z(e)) + 0 * mean(expect(Z(m))) + 0 * s;
}

model M {
    use c = C();
    use head = Linear(inputs = 1, outputs = 1);
    input x: seq real;
    target y: seq real;
    output pred = head(c(x));
    loss mse(pred, y);
    data csv("d.csv") { x = column("v"); y = shift(column("v"), 1); window = 8; split = (0.8, 0.2); }
    train { optimizer = adam(lr = 0.05); epochs = 2; seed = 1; }
}
"""


@dataclass(frozen=True)
class Mistake:
    """`right` of the program replaced by `wrong`: one error, `code`, marked at `at`.

    `says` stands in the message, the label or a note, `help` in the help line.
    """

    right: str
    wrong: str
    code: str
    at: str
    help: str = ""
    says: str = ""

    @property
    def text(self) -> str:
        assert PROGRAM.count(self.right) >= 1, self.right
        return PROGRAM.replace(self.right, self.wrong, 1)


OUTPUT = "output z = expect(Z(e)) + 0 * mean(expect(Z(m))) + 0 * s;"

#: In a cell that a model uses: what depends on the error is no second one.
MISTAKES = {
    # names
    "undeclared angle": Mistake(
        "param theta: angle[layers, 3];", "", "E0201", "theta",
        "declare it: `param theta: angle[…];`",
    ),
    "used before it is declared": Mistake(
        "ry(x) e;\n", "ry(a) e; let a = x;\n", "E0201", "a",
        "a name is declared before it is used: move the declaration up",
    ),
    "used after its block": Mistake(
        "cz e, m[0];\n    }", "cz e, m[0]; let q = [e, m]; x q; }\n    h q;", "E0201", "q",
        "a name ends with its block: bind it before the block",
    ),
    "undeclared and used twice": Mistake(
        "ry(x) e;", "ry(w) e; ry(w) e;", "E0201", "w", "declare it: `param w: angle;`"
    ),
    "undeclared register": Mistake(
        "ry(x) e;", "ry(x) f;", "E0201", "f", "declare it: `carry f: qubit;` or `fresh f: qubit;`"
    ),
    "undeclared size": Mistake(
        "0..layers", "0..depth", "E0201", "depth",
        "make it a hyperparameter of the cell: `(depth: int = …)`",
    ),
    "undeclared target": Mistake(
        "target y: seq real;\n", "", "E0201", "y", "declare it: `target y: seq real;`"
    ),
    "np.pi": Mistake("ry(x) e;", "ry(np.pi * x) e;", "E0201", "np", "here it is `pi`"),
    "PI": Mistake("ry(x) e;", "ry(PI * x) e;", "E0201", "PI", "here it is `pi`"),
    "np.sin": Mistake("ry(x) e;", "ry(np.sin(x)) e;", "E0204", "np.sin", "here it is `sin`"),
    "another case": Mistake("loss mse", "loss MSE", "E0204", "MSE", "did you mean `mse`?"),
    "a cell called by its name": Mistake(
        "head(c(x))", "head(C(x))", "E0204", "C", "`C` is a cell: call its instance, `c(x)`"
    ),
    "a cell without an instance": Mistake(
        "ry(x) e;", "ry(Linear(x)) e;", "E0204", "Linear",
        "`Linear` is a cell: declare an instance with `use c = Linear();`, and call that",
    ),
    "a gate as a function": Mistake(
        "ry(x) e;", "let a = rx(x);", "E0204", "rx",
        "`rx` is a gate, which stands as a statement: `rx(…) q;`",
    ),
    "a word of Paulis": Mistake(
        "expect(Z(e))", "expect(ZZ(e, m[0]))", "E0204", "ZZ", "write `Z(e) * Z(m[0])`"
    ),
    "a drawn value bound by let": Mistake(
        "ry(x) e;", "let J = uniform(0, 1); ry(J * x) e;", "E0204", "uniform",
        "a drawn value is declared: `fixed J: real ~ uniform(0, 1);`",
    ),
    "return": Mistake(
        OUTPUT, "return expect(Z(e));", "E0120", "return",
        "a cell gives values with `output`: write `output y = expect(Z(e));`",
    ),
    "discard": Mistake(
        "next s", "discard e; next s", "E0202", "discard",
        "a `fresh` register is discarded by itself; to start again from |0⟩, `reset q;`",
    ),
    "a gate that is not imported": Mistake(
        "ry(x) e;", "angle_encode(x) e;", "E0202", "angle_encode", "add `import std.encoding;`"
    ),
    "a gate in upper case": Mistake(
        "cz e, m[0];", "CX e, m[0];", "E0202", "CX", "gates are written in lower case: `cx`"
    ),
    "an unknown cell": Mistake(
        "use head = Linear", "use head = Liner", "E0203", "Liner", "did you mean `Linear`?"
    ),
    "a module that does not exist": Mistake(
        "qrnn 1.0;\n", "qrnn 1.0;\nimport std.encodings;\ngate g(t: angle) q: qubit { bits_encode(t) q; }\n",
        "E0214", "std.encodings", "did you mean `std.encoding`?",
    ),
    "an unknown type": Mistake(
        "input x: seq real;", "input x: seq rael;", "E0217", "rael", "did you mean `real`?"
    ),
    # outputs
    "an observable as an output": Mistake(
        OUTPUT, "output z = Z(e);", "E0302", "Z(e)", "read it with `expect(…)`"
    ),
    "a cell without outputs": Mistake(
        OUTPUT, "", "E0302", "c(x)", "let `C` give one: `output y = …;`", "`C` has no outputs"
    ),
    "an output under a condition on bits": Mistake(
        OUTPUT, "let b = measure e; if (b) { output z = 1; } else { output z = 0; }",
        "E0410", "output z = 1;",
    ),
    "an output of a model": Mistake("head(c(x))", "head(c(w))", "E0201", "w"),
    "an output of the wrong shape": Mistake(
        "inputs = 1", "inputs = 2", "E0305", "c(x)", says="`x` needs `real[2]`"
    ),
    "a register in a model": Mistake(
        "loss mse", "output q = expect(Z(e)); loss mse", "E0405", "expect(Z(e))"
    ),
    "a column for nothing": Mistake(
        'x = column("v")', 'z = column("v")', "E0506", "z",
        "inputs and targets: `x`, `y`; options: `window`, `stride`, `split`, `scale`, `shuffle`",
    ),
    # syntax
    "a comment as in Python": Mistake(
        "ry(x) e;", "# encode\n    ry(x) e;", "E0103", "#", "comments begin with `//`"
    ),
    "a comment behind a statement": Mistake(
        "ry(x) e;", "ry(x) e; # ; encode", "E0103", "#", "comments begin with `//`"
    ),
    "a missing semicolon": Mistake("ry(x) e;", "ry(x) e", "E0108", ""),
    "a declaration without a semicolon": Mistake("carry s: real = 0;", "carry s: real = 0", "E0108", ""),
    "a declaration without a type": Mistake(
        "param theta: angle[layers, 3];", "param theta;", "E0111", ";"
    ),
    "a declaration without a name": Mistake("input x: real;", "input: real;", "E0111", ":"),
    "an unclosed call": Mistake("expect(Z(e)) +", "expect(Z(e) +", "E0109", "("),
    "an unclosed gate": Mistake("ry(x) e;", "ry(x e;", "E0109", "("),
    "an unfinished expression": Mistake("output pred = head(c(x));", "output pred = ;", "E0111", ";"),
    "range as in Python": Mistake(
        "for l in 0..layers {", "for l in range(layers): {", "E0121", ":",
        "write `for l in 0..layers { … }`",
    ),
    "range from and to": Mistake(
        "for l in 0..layers {", "for l in range(1, len(theta)): {", "E0121", ":",
        "write `for l in 1..len(theta) { … }`",
    ),
    "if as in Python": Mistake(
        "cz e, m[0];", "if layers > 1: cz e, m[0];", "E0121", "layers",
        "the condition stands in parentheses: `if (layers > 1) { … }`",
    ),
    "a body without braces": Mistake(
        "cz e, m[0];", "if (layers > 1) cz e, m[0];", "E0121", "cz",
        "the body stands in braces, also a single statement: `{ cz e, m[0]; }`",
    ),
    "a slice as in Python": Mistake(
        "[e, m];", "[e, m[0:2]];", "E0111", ":", "a slice is written `a..b`, with `..` for everything"
    ),
    "a whole axis as in Python": Mistake(
        "theta[l]", "theta[l, :]", "E0111", ":",
        "a slice is written `a..b`, with `..` for everything",
    ),
    "a size in parentheses": Mistake(
        "carry m: qubit[2];", "carry m: qubit(2);", "E0111", "(", "write `qubit[2]`"
    ),
    "sizes one by one": Mistake(
        "angle[layers, 3]", "angle[layers][3]", "E0111", "[", "write `angle[layers, 3]`"
    ),
    "a value that is changed": Mistake(
        "cz e, m[0];", "l += 1;", "E0117", "+",
        "sum over a loop with `sum(… for …)`; `next l = …;` gives a carried value its next one",
    ),
    "a modifier without @": Mistake(
        "cz e, m[0];", "ctrl ry(x) e, m[0];", "E0111", "e", "write `ctrl @ ry(x) e, m[0];`"
    ),
    "controlled": Mistake(
        "cz e, m[0];", "controlled ry(x) e, m[0];", "E0111", "e", "write `ctrl @ ry(x) e, m[0];`"
    ),
    "a const in a cell": Mistake(
        "ry(x) e;", "const J = 3; ry(J * x) e;", "E0119", "const", "here write `let J = …;`"
    ),
    "a let with a type": Mistake(
        "ry(x) e;", "let r: real = x; ry(r) e;", "E0111", ":",
        "a `let` has no type, its value has one: `let r = …;`",
    ),
    "an array of instances": Mistake(
        "use c = C();", "use c[3] = C();", "E0111", "[",
        "there are no arrays of instances: write one `use` for each",
    ),
    "a closed range": Mistake(
        "0..layers", "1..=layers", "E0111", "=", "the end of a range is excluded: `1..layers + 1`"
    ),
    "a filter": Mistake(
        "ry(x) e;", "ry(sum(i * j * x for i in 0..3, j in 0..3 if i < j)) e;", "E0111", "if",
        "there is no filter: write `for (i, j) in pairs(0..n)`, or `j in i + 1..n`",
    ),
    "a lambda": Mistake(
        "ry(x) e;", "ry(lambda x: x) e;", "E0111", "x",
        "a function has a name, and stands before the cell: `def f(x: real) = …;`",
    ),
    "seq misspelt": Mistake(
        "target y: seq real;", "target y: sq real;", "E0111", "real", "did you mean `seq real`?"
    ),
    # data and train
    "learning_rate": Mistake(
        "adam(lr = 0.05)", "adam(learning_rate = 0.05)", "E0510", "learning_rate",
        "did you mean `lr`?",
    ),
    "a rate in quotes": Mistake("lr = 0.05", 'lr = "0.05"', "E0509", '"0.05"', "without quotes: `0.05`"),
    "a count in quotes": Mistake("epochs = 2", 'epochs = "2"', "E0509", '"2"', "without quotes: `2`"),
    "half an epoch": Mistake("epochs = 2", "epochs = 2.5", "E0509", "2.5"),
    "negative epochs": Mistake(
        "epochs = 2", "epochs = -2", "E0509", "-2", says="`epochs` is at least 1"
    ),
    "an optimizer in quotes": Mistake(
        "adam(lr = 0.05)", '"adam"', "E0508", '"adam"', "without quotes: `adam()`"
    ),
    "an optimizer in another case": Mistake(
        "adam(lr", "Adam(lr", "E0508", "Adam(lr = 0.05)", "did you mean `adam`?"
    ),
    "ridge beside other parameters": Mistake(
        "adam(lr = 0.05)", "ridge()", "E0511", "ridge()",
        "make the others `fixed`, or train with `adam(lr = 0.01)`",
        "it has other trained parameters: `c.theta`",
    ),
    "an empty window": Mistake("window = 8", "window = 0", "E0509", "0"),
    "a stride without a window": Mistake(
        "window = 8", "stride = 8", "E0509", "8", "add `window = …;`"
    ),
    "one share": Mistake(
        "split = (0.8, 0.2)", "split = 0.8", "E0509", "0.8", "write `(0.8, 0.2)`"
    ),
    "shares of more than all": Mistake(
        "split = (0.8, 0.2)", "split = (0.8, 0.3)", "E0509", "(0.8, 0.3)",
        says="they add up to 1.1",
    ),
    "a column without quotes": Mistake(
        'x = column("v")', "x = column(v)", "E0509", "v", 'a name stands in quotes: `column("v")`'
    ),
    "a column without `column`": Mistake('x = column("v")', 'x = "v"', "E0509", '"v"', 'write `column("v")`'),
    "a shift by nothing": Mistake(
        'shift(column("v"), 1)', 'shift(column("v"))', "E0510", 'shift(column("v"))',
        'for instance `shift(column("…"), 1)`',
    ),
    "a series that does not exist": Mistake(
        'csv("d.csv")', "series.sin()", "E0510", "series.sin()", "did you mean `sine`?"
    ),
    "a column that a series has not": Mistake(
        'csv("d.csv") { x = column("v")', 'series.sine() { x = column("u")', "E0509", 'column("u")',
        "known are `v`, `t`",
    ),
    "a number of points": Mistake(
        'csv("d.csv")', "series.sine(points = 2.5)", "E0509", "2.5"
    ),
    "columns for a number": Mistake(
        'x = column("v")', 'x = [column("v"), column("w")]', "E0509", '[column("v"), column("w")]',
        says="1 column wanted, and 2 given",
    ),
    "one column for a vector": Mistake(
        "input x: seq real;\n    target y: seq real;\n    output pred = head(c(x));",
        "input x: seq real[2];\n    target y: seq real;\n    output pred = head(c(x[0]));",
        "E0509", 'column("v")', "list them: `[column(…), column(…)]`",
    ),
    "a column from the end": Mistake('x = column("v")', "x = column(-1)", "E0509", "-1"),
    "column misspelt": Mistake('x = column("v")', 'x = colum("v")', "E0509", 'colum("v")', "did you mean `column`?"),
    "a column number that a series has not": Mistake(
        'csv("d.csv") { x = column("v")', "series.sine() { x = column(2)", "E0509", "column(2)",
    ),
    "a window that no series fills": Mistake(
        'csv("d.csv")', "series.sine(points = 5)", "E0509", "8", "give the series more: `points = 80`",
    ),
    "a path alone": Mistake('csv("d.csv")', '"d.csv"', "E0505", '"d.csv"', 'write `csv("d.csv")`'),
    "no path": Mistake('csv("d.csv")', "csv()", "E0510", "csv()", 'for instance `csv("data.csv")`'),
    "scale misspelt": Mistake(
        "window = 8;", "window = 8; scale = minmx(0, 1);", "E0509", "minmx(0, 1)", "did you mean `minmax`?"
    ),
    "scale in quotes": Mistake(
        "window = 8;", 'window = 8; scale = "standard";', "E0509", '"standard"', "without quotes: `standard`"
    ),
    "the rate beside the optimizer": Mistake(
        "seed = 1;", "seed = 1; lr = 0.1;", "E0506", "lr",
        "the rate belongs to the optimizer: `optimizer = adam(lr = 0.1);`",
    ),
    "a name that is no setting": Mistake(
        "epochs = 2", "epochs = many", "E0509", "many", says="found `many`"
    ),
}  # fmt: skip
