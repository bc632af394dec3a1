"""Cells whose quantities are known."""

from __future__ import annotations

from typing import Any

import qrnnlang as qr
from qrnnlang.analysis.subject import Subject, subject

DEPOLARISED = "cell A { input x: real; carry m: qubit; rx(x) m; ry(0.4) m; depolarizing(0.2) m; output y = expect(Z(m)); }"
#: Reset of one of two qubits, then a partial exchange: neither unital nor normal.
RESET = "cell A { carry m: qubit[2]; reset m[0]; cx m[0], m[1]; cry(1.1) m[1], m[0]; cx m[0], m[1]; rx(0.7) m[1]; output y = expect(Z(m)); }"
#: Three fresh qubits behind each other: nothing survives three steps.
DELAY = "cell A { input x: real; carry m: qubit[3]; fresh e: qubit; ry(arccos(x)) e; next m = [m[1..3], e]; output y = expect(Z(m)); }"
BELL = "cell A { carry m: qubit; fresh e: qubit; reset m; h m; cx m, e; output y = expect(Z(e)); }"
ENTANGLER = "gate g(t: angle[l, n, 3]) q: qubit[n] { for i in 0..l { rz(t[i, .., 0]) q; ry(t[i, .., 1]) q; rz(t[i, .., 2]) q; for (a, b) in ring(q) { cx a, b; } } }"


def of(source: str, **given: Any) -> Subject:
    """The subject of a source without its first line."""
    return subject(qr.loads("qrnn 1.0; " + source), **given)
