"""Small programs, most of them classical: they compile in no time."""

from __future__ import annotations

import qrnnlang as qr
from qrnnlang.runtime.model import Model

#: y = w·x, no state.
LINE = """qrnn 1.0;
model Line {
    param w: real = 0.5;
    input x: seq real;
    target y: seq real;
    output pred = w * x;
    loss mse(pred, y);
    metric rmse(pred, y);
    %s
}
"""

#: h ← h/2 + w·x, given out at every step.
LEAKY = """qrnn 1.0;
cell Leaky {
    input x: real;
    carry h: real = 0;
    param w: real = 1;
    let h1 = 0.5 * h + w * x;
    next h = h1;
    output y = h1;
}
model M {
    use cell = Leaky();
    input x: seq real;
    target y: %s;
    output pred = %s;
    loss mse(pred, y);
}
"""

#: A memory of one qubit, turned by the input.
QUBIT = """qrnn 1.0;
cell Turn {
    input x: real;
    carry m: qubit;
    fresh e: qubit;
    param w: angle[2];
    ry(x) e;
    crx(w[0]) e, m;
    rz(w[1]) m;
    output z = expect(Z(m));
}
"""


def line(blocks: str = "") -> Model:
    return qr.loads(LINE % blocks)


def leaky(last: bool = False) -> Model:
    if last:
        return qr.loads(LEAKY % ("real", "last(cell(x))"))
    return qr.loads(LEAKY % ("seq real", "cell(x)"))
