"""The sentences of the language's definition, each by a small program and a value computed by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from qrnnlang.diagnostics import CompileError
from qrnnlang.ir.model import run_model
from qrnnlang.runtime.init import init
from qrnnlang.sema import load_text


@dataclass(frozen=True)
class Case:
    """`wanted`: the first output, or outputs by name; at the first step if it runs for one only."""

    name: str
    text: str
    wanted: Any
    steps: int = 1
    entry: str | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    hyper: dict[str, Any] = field(default_factory=dict)


def program(
    name: str,
    text: str,
    wanted: Any,
    *,
    steps: int = 1,
    entry: str | None = None,
    inputs: dict[str, Any] | None = None,
    **hyper: Any,
) -> Case:
    return Case(name, text, wanted, steps, entry, inputs or {}, hyper)


def value(name: str, expression: str, wanted: Any) -> Case:
    return program(name, f"cell A {{ output y = {expression}; }}", wanted)


def qubits(name: str, body: str, wanted: Any) -> Case:
    """On three qubits `q` and one `a`, all fresh."""
    return program(name, f"cell A {{ fresh q: qubit[3]; fresh a: qubit; {body} }}", wanted)


CASES = [
    program("nested comment", "/* a /* b */ c */ cell A { output y = 1 /* x */ + 2; // end\n }", 3.0),
    value("comment before version", "1", 1.0),
    value("numbers", "[1_000, 2.5e3, 1e-3, 0.5, 3]", [1000.0, 2500.0, 0.001, 0.5, 3.0]),
    value("0..n", "[i for i in 0..3]", [0.0, 1.0, 2.0]),
    value("const names", "[pi, tau, euler]", [3.141592653589793, 6.283185307179586, 2.718281828459045]),
    program("words", "cell cell { input input: real; fresh target: qubit; fresh use: qubit; ry(input) target; x use; let next = expect(Z(target)); output let = next; output carry = expect(Z(use)); }", {'let': [0.955336489125606], 'carry': [-1.0]}),
    program("use cell", "cell Emc1 { input x: real; output y = 2 * x; } cell A { input x: real; use cell = Emc1(); output y = cell(x); }", 0.6, entry='A'),
    value("prec1", "2 + 3 * 4 ** 2 / 8 - 1", 7.0),
    value("prec2", "-2 ** 2", -4.0),
    value("prec3", "2 ** -1", 0.5),
    value("prec4", "2 ** 3 ** 2", 512.0),
    value("prec5", "7 % 3 * 2", 2.0),
    program("prec6", "cell A(b: bool = true) { if (1 + 1 == 2 && !false || false) { output y = 1; } else { output y = 0; } }", 1.0),
    value("prec7", "len(0..2 + 3)", 5.0),
    value("/", "7 / 2", 3.5),
    value("div", "div(7, 2)", 3.0),
    value("div neg", "div(-7, 2)", -4.0),
    value("mod neg", "-7 % 3", 2.0),
    value("matmul prec", "sum(2 * stack([1, 2], [3, 4]) @ [1, 1])", 20.0),
    value("unary after *", "2 * -3", -6.0),
    program("short and", "cell A { let v = [1, 2]; output y = sum(v[i] for i in 0..2); if (false && v[5] == 1) { output z = 1; } }", 3.0),
    program("short or", "cell A { let v = [1, 2]; output y = 1; for i in 0..2 { if (i == 0 || v[i - 1] == 1) { } } }", 1.0),
    value("neg index", "[1, 2, 3][-1]", 3.0),
    value("slice", "[1, 2, 3][1..]", [2.0, 3.0]),
    value("slice neg", "[1, 2, 3][..-1]", [1.0, 2.0]),
    value("empty slice", "sum([1, 2, 3][1..1])", 0.0),
    value("row", "stack([1,2],[3,4])[1, ..]", [3.0, 4.0]),
    value("row2", "stack([1,2],[3,4])[1]", [3.0, 4.0]),
    value("col", "stack([1,2],[3,4])[.., 0]", [1.0, 3.0]),
    value("range step", "[1,2,3,4][range(0, 4, 2)]", [1.0, 3.0]),
    value("range back", "[i for i in range(3, 0, -1)]", [3.0, 2.0, 1.0]),
    value("bcast", "stack([1,2],[3,4]) + [10, 20]", [[11.0, 22.0], [13.0, 24.0]]),
    value("col bcast", "reshape([1,2], 2, 1) * [1, 10]", [[1.0, 10.0], [2.0, 20.0]]),
    program("scalar real[1]", "def f(x: real) = x + 1; cell A { output y = f([2]); }", 3.0),
    program("scalar real[1] b", "def f(x: real[1]) = x + 1; cell A { output y = f(2); }", [3.0]),
    value("sum for", "sum(i * j for i in 0..3, j in 0..i)", 2.0),
    value("prod for", "prod(i + 1 for i in 0..4)", 24.0),
    value("mean for", "mean(i for i in 0..4)", 1.5),
    value("sum empty", "sum(i for i in 0..0)", 0.0),
    value("rows", "[[i, 2 * i] for i in 0..2]", [[0.0, 0.0], [1.0, 2.0]]),
    value("onehot", "onehot(2, 4)", [0.0, 0.0, 1.0, 0.0]),
    value("choose", "choose(5, 2)", 10.0),
    value("clip etc", "[clip(3, 0, 1), minimum(1, 2), maximum(1, 2), relu(-1), softplus(0), sigmoid(0)]", [1.0, 1.0, 2.0, 0.0, 0.6931471805599453, 0.5]),
    value("outer dot", "sum(outer([1,2],[3,4])) + dot([1,2],[3,4])", 32.0),
    value("normalize zero?", "normalize([3, 4])", [0.6, 0.8]),
    value("transpose", "transpose(stack([1,2,3],[4,5,6]))", [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]),
    value("stack 3d", "stack(stack([1],[2]), stack([3],[4]))", [[[1.0], [2.0]], [[3.0], [4.0]]]),
    value("len", "len(zeros(2, 3)) + len(0..5)", 7.0),
    value("pow neg", "(-2) ** 3", -8.0),
    value("abs", "abs(-3) + sqrt(16) + exp(0) + log(euler)", 9.0),
    program("named", "def f(a: real, b: real = 2) = a - b; cell A { output y = [f(b = 1, a = 5), f(3)]; }", [4.0, 1.0]),
    program("gate named", "gate g(s: real, t: real) q: qubit { ry(s - t) q; } cell A { fresh q: qubit; g(t = 0, s = pi) q; output y = expect(Z(q)); }", -1.0),
    program("class", "cell A { input tok: class[3]; fixed E: real[3, 2] = stack([1,2],[3,4],[5,6]); output y = E[tok]; }", [5.0, 6.0], inputs={'tok': [[2]]}),
    program("class 2", "cell A { input tok: class[3]; fixed E: real[3, 2] = stack([1,2],[3,4],[5,6]); output y = E[tok, 1]; }", 4.0, inputs={'tok': [[1]]}),
    program("class range idx", "cell A { input tok: class[3]; fixed E: real[3, 2] = stack([1,2],[3,4],[5,6]); output y = sum(E[tok, ..]); }", 7.0, inputs={'tok': [[1]]}),
    value("chain0", "sum(1 + i + 10 * j for (i, j) in chain(0..0))", 0.0),
    value("ring0", "sum(1 + i + 10 * j for (i, j) in ring(0..0))", 0.0),
    value("pairs0", "sum(1 + i + 10 * j for (i, j) in pairs(0..0))", 0.0),
    value("cross0", "sum(1 + i + 10 * j for (i, j) in cross(0..0, 0..2))", 0.0),
    value("zip0", "sum(1 + i + 10 * j for (i, j) in zip(0..0, 5..5))", 0.0),
    value("enum0", "sum(1 + i + 10 * j for (i, j) in enumerate(5..5))", 0.0),
    value("subsets0", "sum(len(s) + sum(k for k in s) for s in subsets(0..0, 1, 2))", 0.0),
    value("chain1", "sum(1 + i + 10 * j for (i, j) in chain(0..1))", 0.0),
    value("ring1", "sum(1 + i + 10 * j for (i, j) in ring(0..1))", 0.0),
    value("pairs1", "sum(1 + i + 10 * j for (i, j) in pairs(0..1))", 0.0),
    value("cross1", "sum(1 + i + 10 * j for (i, j) in cross(0..1, 0..2))", 12.0),
    value("zip1", "sum(1 + i + 10 * j for (i, j) in zip(0..1, 5..6))", 51.0),
    value("enum1", "sum(1 + i + 10 * j for (i, j) in enumerate(5..6))", 51.0),
    value("subsets1", "sum(len(s) + sum(k for k in s) for s in subsets(0..1, 1, 2))", 1.0),
    value("chain2", "sum(1 + i + 10 * j for (i, j) in chain(0..2))", 11.0),
    value("ring2", "sum(1 + i + 10 * j for (i, j) in ring(0..2))", 11.0),
    value("pairs2", "sum(1 + i + 10 * j for (i, j) in pairs(0..2))", 11.0),
    value("cross2", "sum(1 + i + 10 * j for (i, j) in cross(0..2, 0..2))", 26.0),
    value("zip2", "sum(1 + i + 10 * j for (i, j) in zip(0..2, 5..7))", 113.0),
    value("enum2", "sum(1 + i + 10 * j for (i, j) in enumerate(5..7))", 113.0),
    value("subsets2", "sum(len(s) + sum(k for k in s) for s in subsets(0..2, 1, 2))", 6.0),
    value("chain3", "sum(1 + i + 10 * j for (i, j) in chain(0..3))", 33.0),
    value("ring3", "sum(1 + i + 10 * j for (i, j) in ring(0..3))", 36.0),
    value("pairs3", "sum(1 + i + 10 * j for (i, j) in pairs(0..3))", 54.0),
    value("cross3", "sum(1 + i + 10 * j for (i, j) in cross(0..3, 0..2))", 42.0),
    value("zip3", "sum(1 + i + 10 * j for (i, j) in zip(0..3, 5..8))", 186.0),
    value("enum3", "sum(1 + i + 10 * j for (i, j) in enumerate(5..8))", 186.0),
    value("subsets3", "sum(len(s) + sum(k for k in s) for s in subsets(0..3, 1, 2))", 18.0),
    value("subsets 0", "sum(1 for s in subsets(0..3, 0, 5))", 8.0),
    qubits("ctrl reg", "x q; ctrl(len(q)) @ x q, a; output y = expect(Z(a));", -1.0),
    qubits("ctrl reg2", "x q[0..2]; ctrl(2) @ x q[0..2], a; output y = expect(Z(a));", -1.0),
    qubits("negctrl", "negctrl @ x q[0], a; output y = expect(Z(a));", -1.0),
    qubits("negctrl(n)", "x q[0]; negctrl(2) @ x q[1..3], a; output y = expect(Z(a));", -1.0),
    qubits("mixed", "x q[0]; ctrl @ negctrl @ x q[0], q[1], a; output y = expect(Z(a));", -1.0),
    qubits("pow -2", "pow(-2) @ sx a; output y = prob(a);", [0.0, 1.0]),
    qubits("pow 0", "pow(0) @ x a; output y = prob(a);", [1.0, 0.0]),
    qubits("inv", "s a; h a; inv @ h a; inv @ s a; output y = prob(a);", [1.0, 0.0]),
    qubits("inv pow", "h a; inv @ pow(2) @ t a; pow(2) @ t a; h a; output y = prob(a);", [1.0, 0.0]),
    program("gate named value", "cell A { input x: real; fresh q: qubit; let h = 2; x q; h q; output y = expect(X(q)) * h; }", -2.0),
    qubits("pairwise", "x q[0]; cx q[0..2], q[1..3]; output y = prob(q == 7);", 1.0),
    qubits("bcast reg/qubit", "x q; cx q, a; output y = prob(a);", [0.0, 1.0]),
    qubits("vec angle", "ry([0, pi, 0]) q; output y = prob(q == 2);", 1.0),
    qubits("empty view", "x q[1..1]; cx q[2..2], a; rx([]) q[0..0]; output y = prob(q == 0);", 1.0),
    program("qubit[1]", "cell A { fresh q: qubit[1]; fresh m: qubit[3]; x q; cx q, m; output y = prob(m == 7); }", 1.0),
    qubits("ctrl(0)", "ctrl(len(q[0..0])) @ x q[0..0], a; output y = prob(a == 1);", 1.0),
    qubits("range view", "x q[range(0, 3, 2)]; output y = prob(q == 5);", 1.0),
    qubits("reverse", "let r = reverse(q); x r[0]; output y = prob(q == 4);", 1.0),
    qubits("concat", "let r = [a, q]; x r[3]; output y = prob(q == 4);", 1.0),
    qubits("neg view", 'x q[-1]; output y = prob(q == "100");', 1.0),
    program("gphase", "cell A { fresh q: qubit[2]; h q[0]; ctrl @ gphase(pi) q[0]; h q[0]; output y = prob(q == 1); }", 1.0),
    program("user gate bcast", "gate g(t: angle) a: qubit { ry(t) a; } cell A { fresh q: qubit[2]; g([pi, 0]) q; output y = prob(q == 1); }", 1.0),
    program("recursion", "gate up(n: int) q: qubit[m] { if (n > 0) { x q[n - 1]; up(n - 1) q; } } cell A { fresh q: qubit[3]; up(2) q; output y = prob(q == 3); }", 1.0),
    program("inv postselect", "gate g q: qubit, r: qubit { h q; cx q, r; postselect r == 0; } cell A { fresh q: qubit; fresh r: qubit; inv @ g q, r; output y = expect(X(q)); }", 1.0),
    qubits("measure bits", "x q[1]; let b = measure q; output y = prob(b == 2);", 1.0),
    qubits("prob(q==k) on bits", 'x q[0]; let b = measure q; output y = prob(b == "001");', 1.0),
    qubits("bit expr", "x q[0]; let b = measure q; output y = prob(b[0] && !b[1]);", [0.0, 1.0]),
    qubits("bit eq", "x q[0]; let b = measure q; output y = prob((b[0] ^ b[1]) == true);", 1.0),
    qubits("if else", "x q[0]; let b = measure q[0]; if (b) { x a; } else { h a; } output y = prob(a == 1);", 1.0),
    qubits("if b==2", "x q[1]; let b = measure q; if (b == 2) { x a; } output y = prob(a == 1);", 1.0),
    qubits("measure in branch", "if (false) { x a; } let b = measure a; if (b) { x q[0]; } output y = prob(q[0]);", [1.0, 0.0]),
    program("carry bit", "cell A { carry b: bit; fresh q: qubit; if (!b) { x q; } let m = measure q; next b = m; output y = prob(b); }", [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], steps=3),
    program("carry bits idx", "cell A { carry b: bit[2]; fresh q: qubit; next b[0] = !b[0]; next b[1] = b[0]; output y = prob(b); }", [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0]], steps=4),
    program("next measure", "cell A { carry b: bit; fresh q: qubit; x q; next b = measure q; output y = prob(b); }", [[1.0, 0.0], [0.0, 1.0]], steps=2),
    program("next bit concat", "cell A { carry b: bit[2]; next b = [b[1], !b[0]]; output y = prob(b == 2); }", [0.0, 1.0, 0.0, 0.0], steps=4),
    program("relabel", "cell A { carry m: qubit[2]; fresh e: qubit; x e; next m = [m[1], e]; output y = prob(m); }", [[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]], steps=3),
    program("relabel slice", "cell A(k: int = 2) { carry m: qubit[k]; fresh e: qubit[2]; x e[0]; next m = [m[1..k], e[0]]; output y = prob(m == 3); }", [0.0, 0.0, 1.0], steps=3),
    qubits("postselect val", "h a; let p = postselect a == 0; output y = p;", 0.5),
    qubits("postselect str", 'h q; postselect q == "101"; output y = prob(q == 5);', 1.0),
    qubits("postselect bits", "h q; postselect q == bits([1, 0, 1]); output y = prob(q == 5);", 1.0),
    qubits("postselect bits order", "h q; postselect q == bits([1, 0, 0]); output y = prob(q == 1);", 1.0),
    qubits("prepare", "prepare([1, 2, 3, 4]) q[0..2]; output y = prob(q[0..2]);", [0.03333333333333333, 0.13333333333333333, 0.3, 0.5333333333333333]),
    qubits("reset", "x a; reset a; output y = prob(a);", [1.0, 0.0]),
    qubits("evolve", "evolve(X(a), pi / 4); output y = expect(Y(a));", -1.0),
    program("evolve empty sum", "cell A(n: int = 1) { fresh q: qubit[n]; evolve(sum(X(q[i]) * X(q[j]) for (i, j) in pairs(0..n)) + 0.5 * sum(Z(q)), 1); output y = expect(Z(q)); }", [1.0]),
    program("evolve of nothing", "cell A(n: int = 1) { fresh q: qubit[n]; evolve(sum(X(a) * X(b) for (a, b) in chain(q)), 1); output y = expect(Z(q)); }", [1.0]),
    program("expect of nothing", "cell A(n: int = 1) { fresh q: qubit[n]; output y = expect(sum(X(a) * X(b) for (a, b) in chain(q))); }", 0.0),
    qubits("depol", "x a; depolarizing(0.5) a; output y = prob(a);", [0.25, 0.75]),
    qubits("ad", "x a; amplitude_damping(0.3) a; output y = prob(a);", [0.3, 0.7]),
    qubits("pd", "h a; phase_damping(0.36) a; output y = expect(X(a));", 0.8),
    qubits("vec rates", "x q; bit_flip([0, 1, 0]) q; output y = prob(q == 5);", 1.0),
    qubits("barrier", "barrier; barrier a, q; output y = 1;", 1.0),
    qubits("obs", "x q[0]; output y = expect(Z(q));", [-1.0, 1.0, 1.0]),
    qubits("obs2", "x q[0]; output y = expect(prod(Z(q)));", -1.0),
    qubits("obs3", "x q[0]; output y = expect(mean(Z(q)));", 0.3333333333333333),
    qubits("obs vec", "x q[0]; output y = expect([Z(q[0]), Z(q[0]) * Z(a)]);", [-1.0, -1.0]),
    qubits("obs I", "output y = expect(I(a) * 3);", 3.0),
    qubits("obs -", "output y = expect(-Z(a) - 1);", -2.0),
    qubits("obs idx", "x q[2]; output y = expect(Z(q)[2]);", -1.0),
    qubits("obs comp", "x q[2]; output y = expect([Z(p) for p in q]);", [1.0, 1.0, -1.0]),
    qubits("obs w*", "x q[2]; output y = expect([1, 2, 3] * Z(q));", [1.0, 2.0, -3.0]),
    qubits("obs dot", "x q[2]; output y = expect(sum([1, 2, 3] * Z(q)));", 0.0),
    program("two blocks", "cell A { fresh q: qubit; for i in 0..2 { let v = 2; rx(v) q; } for i in 0..2 { let v = 3; rz(v) q; } output y = 1; }", 1.0),
    program("indexed out", "cell A { output z: real[2, 2]; output z[0, ..] = [1, 2]; output z[1, 0] = 3; output z[1, 1] = 4; }", [[1.0, 2.0], [3.0, 4.0]]),
    program("read output", "cell A { output z = 1; output y = z + 1; }", {'y': [2.0]}),
    program("record", "cell B { input x: real; output u = x; output v = 2 * x; } cell A { input x: real; use b = B(); let r = b(x); output y = r.u + b(x = x).v; }", 0.9, entry='A'),
    program(".z one", "cell B { input x: real; output z = x; } cell A { input x: real; use b = B(); output y = b(x).z; }", 0.3, entry='A'),
    program("hyper str", 'cell A(s: string = "a", b: bool = false) { if (s == "a" && !b) { output y = 1; } else { output y = 2; } }', 1.0),
    program("hyper str2", 'cell A(s: string = "a", b: bool = false) { if (s == "a" && !b) { output y = 1; } else { output y = 2; } }', 2.0, s='z'),
    program("hyper use", 'cell B(s: string, n: int) { output y = zeros(n); } cell A { use b = B(n = 2, s = "q"); output y = b(); }', [0.0, 0.0], entry='A'),
    program("hyper default expr", "cell A(n: int = 2, m: int = n + 1) { output y = zeros(m); }", [0.0, 0.0, 0.0]),
    program("hyper real int", "cell A(r: real = 2) { output y = r / 4; }", 0.5),
    qubits("let loop", "for l in 0..2 { let p = [a, q]; x p; } output y = prob(q == 0);", 1.0),
    program("next array", "cell A { carry c: real[2] = [1, 2]; next c = [c[1], c[0]]; output y = c; }", [[1.0, 2.0], [2.0, 1.0]], steps=2),
    program("carry from param expr", "cell A { param w: real[2] = [1, 2]; carry c: real[2] = 2 * w; output y = c; }", [2.0, 4.0]),
    program("carry prep", "cell A { carry m: qubit[2] { h m[0]; cx m[0], m[1]; } output y = prob(m); }", [0.5, 0.0, 0.0, 0.5]),
    program("carry prep param", "cell A { param w: angle = 1.1; carry m: qubit { ry(w) m; } output y = expect(Z(m)); }", 0.4535961214255773),
    program("if param next", "cell A(f: bool = true) { carry c: real = 1; if (f) { next c = 2 * c; } else { next c = 3; } output y = c; }", [1.0, 2.0, 4.0], steps=3),
    program("loop real", "cell A { let s = [1, 2, 3]; output y = sum(v * v for v in s); }", 14.0),
    program("for rows", "cell A { param w: real[2, 2] = stack([0, 1], [2, 3]); output y = [sum(r) for r in w]; }", [1.0, 5.0]),
    program("const chain", "const A = B + 1; const B = 2; cell C { output y = A; }", 3.0),
    qubits("gate mod stacked", "pow(2) @ ctrl @ sx q[0], a; x q[0]; output y = prob(a);", [1.0, 0.0]),
    qubits("gate mod stacked2", "x q[0]; pow(2) @ ctrl @ sx q[0], a; output y = prob(a);", [0.0, 1.0]),
    qubits("reverse qubit", "x reverse(a); output y = prob(a);", [0.0, 1.0]),
    qubits("deep if bits", "x q[0]; let b = measure q; if (b[0]) { if (b[1]) { x a; } else { h a; h a; x a; } } output y = prob(a);", [0.0, 1.0]),
    qubits("xor carry", "x q[0]; let b = measure q; let c = b[0] ^ b[1] ^ b[2]; if (c) { x a; } output y = prob(a);", [0.0, 1.0]),
    qubits("long xor", "x q[0]; let b = measure q[0]; let c = b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b ^ b; if (c) { x a; } output y = prob(a);", [0.0, 1.0]),
    program("bit[1]", "cell A { fresh q: qubit[1]; x q; let b = measure q; fresh a: qubit; if (b) { x a; } if (!b) { x a; } output y = prob(a); }", [0.0, 1.0]),
    qubits("bit eq bits", "x q[0]; x q[2]; let b = measure q; output y = prob(b[0] == b[2]);", 1.0),
    qubits("bit regs eq", "x q[0]; let b = measure q[0..2]; let c = measure q[1..3]; output y = prob(b == c);", 0.0),
    qubits("expect after let H", "let H = Z(a); x a; output y = expect(H);", -1.0),
    value("softmax", "softmax([0, 0])", [0.5, 0.5]),
    program("string cmp", 'cell A(s: string = "a") { if (s != "b") { output y = 1; } else { output y = 0; } }', 1.0),
]  # fmt: skip
REFUSED = [
    ("float size", "cell A { fresh q: qubit[4 / 2]; output y = 1; }", 'E0302'),
    ("no bcast", "cell A { output y = [1,2] + [1,2,3]; }", 'E0301'),
    ("sqrt -1", "cell A { output y = sqrt(-1); }", 'E0308'),
    ("sizes", "def f(a: real[n], b: real[n]) = sum(a * b); cell A { output y = f([1,2],[1,2,3]); }", 'E0305'),
    ("class arith", "cell A { input tok: class[3]; output y = tok + 1; }", 'E0302'),
    ("zip len", "cell A { output y = sum(i for (i, j) in zip(0..2, 0..3)); }", 'E0312'),
    ("alias", "cell A { fresh q: qubit[3]; fresh a: qubit; cx a, a; output y = 1; }", 'E0401'),
    ("ctrl register", "cell A { fresh q: qubit[3]; fresh a: qubit; ctrl @ x q, a; output y = 1; }", 'E0309'),
    ("ctrl postselect", "gate g q: qubit { postselect q == 0; } cell A { fresh q: qubit[2]; ctrl @ g q[0], q[1]; output y = 1; }", 'E0404'),
    ("measure in gate", "gate g q: qubit { measure q; } cell A { fresh q: qubit; g q; output y = 1; }", 'E0405'),
    ("relabel len", "cell A { carry m: qubit[2]; next m = m[0]; output y = 1; }", 'E0305'),
    ("rate", "cell A { fresh q: qubit[3]; fresh a: qubit; bit_flip(1.5) a; output y = 1; }", 'E0308'),
    ("obs same", "cell A { fresh q: qubit[3]; fresh a: qubit; output y = expect(Z(a) * X(a)); }", 'E0310'),
    ("shadow", "cell A { let v = 1; for v in 0..2 { } output y = v; }", 'E0205'),
    ("shadow2", "cell A { let v = 1; for i in 0..2 { let v = 2; } output y = v; }", 'E0205'),
    ("out of scope", "cell A { fresh q: qubit; for i in 0..2 { let v = 2; rx(v) q; } output y = v; }", 'E0201'),
    ("incomplete", "cell A { output z: real[2]; output z[0] = 1; }", 'E0406'),
    ("twice", "cell A { output z = 1; output z = 2; }", 'E0407'),
    ("stateful twice", "cell B { input x: real; carry c: real; next c = x; output z = c; } cell A { input x: real; use b = B(); output y = b(x) + b(x); }", 'E0409'),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_value(case: Case) -> None:
    model = load_text("qrnn 1.0;\n" + case.text, entry=case.entry, hyper=case.hyper)
    params = {k: np.asarray(v) for k, v in init(model.params, 0).items()}
    inputs = {
        p.name: np.asarray(case.inputs.get(p.name, np.full((1, case.steps, *p.shape), 0.3)))
        for p in model.inputs
    }
    found = run_model(model, params, inputs, steps=None if model.inputs else case.steps).outputs
    wanted = case.wanted if isinstance(case.wanted, dict) else {next(iter(found)): case.wanted}
    for name, value in wanted.items():
        have = found[name][0] if case.steps > 1 else found[name][0, 0]
        want = value[0] if isinstance(case.wanted, dict) and case.steps == 1 else value
        assert np.shape(have) == np.shape(want)
        np.testing.assert_allclose(have, want, atol=1e-12)


@pytest.mark.parametrize(("text", "code"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_refused(text: str, code: str) -> None:
    with pytest.raises(CompileError) as caught:
        load_text("qrnn 1.0;\n" + text, entry="A")
    assert {d.code for d in caught.value.diagnostics if d.severity == "error"} == {code}
