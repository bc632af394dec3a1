"""The text of a graph."""

from qrnnlang.ir.graph import build
from qrnnlang.ir.printer import print_graph, print_operation
from qrnnlang.sema.closed import (
    ApplyUnitary,
    Bit,
    BitConst,
    BitNot,
    BitOp,
    Elem,
    Evolve,
    Expect,
    Extern,
    Gate,
    Prepare,
    Prob,
    RegisterInfo,
    Term,
)

from .cells import pauli
from .test_verifier import good

TEXT = """\
cell Test {
  input x: real[2]
  param w: real[2, 2] ~ uniform(0.0, 1.0)
  fixed U: unitary[4, 4, 2] ~ haar
  carry m: w0 w1
  carry c: real[2] = init %0
  carry b: b0
  init {
    %0: real[2] = const 1.0, 2.0
    h w0
  }
  step {
    %0: real[2] = input x
    %1: real[2, 2] = param w
    %2: real[2] = carried c
    %3: real[2] = matmul(%1, %0)
    %4: real[2] = add(%3, %2)
    %5: real[2] = gather %4, %0 at 3, 0
    alloc w2 w3
    prepare(%4) w2
    ry(%4[1]) w3
    negctrl @ cx w3 w0 w1 if b0
    ctrl @ apply(U) w0 w2 w3
    evolve(0.5 * X(w0) * Y(w1) + %0[0] * Z(w2), %4[0], steps = 2, order = 2)
    depolarizing(0.1) w1
    measure w2 -> b1
    reset w2 if b1
    %15: real = postselect w3 == 1.0
    %16: real[2] = expect(Z(w0), X(w1))
    %17: real = prob(w0 w1 == 3)
    %18: real[2] = prob(b1)
    discard w0 w3
  }
  output z: real[2] = %16
  output p: real = %15
  output k: real[2] = %18
  next m = w1 w2
  next c = %5
  next b = b1
}
"""


def test_a_whole_cell():
    assert print_graph(build(good())) == TEXT


def test_fresh_registers_and_labels():
    from dataclasses import replace

    from qrnnlang.sema.closed import Input, Port

    cell = replace(
        good(),
        inputs=(Port("x", (2,)), Port("tok", (), 5)),
        ops=(*good().ops, Input("tok", (), 5)),
        origins=(*good().origins, good().origins[0]),
        registers=(RegisterInfo("m", "carry", (0, 1)), RegisterInfo("e", "fresh", (2, 3))),
    )
    lines = print_graph(build(cell)).splitlines()
    assert "  input tok: class[5]" in lines
    assert "  fresh e: w2 w3" in lines


def test_the_rarer_operations():
    condition = BitOp("or", BitNot(Bit(1)), BitOp("and", Bit(2), BitConst(True)))
    texts = {
        print_operation(Gate("gphase", (0.25,), ())): "gphase(0.25)",
        print_operation(
            Gate("x", (), (1, 0), "1", condition)
        ): "ctrl @ x w1 w0 if (!b1 || (b2 && true))",
        print_operation(ApplyUnitary("f.U", (0,), adjoint=True)): "inv @ apply(f.U) w0",
        print_operation(Prepare((0,), 3, 4)): "prepare(%3, %4) w0",
        print_operation(Evolve((pauli("", factor=2.0),), 1.0)): "evolve(2.0, 1.0)",
        print_operation(Evolve((), Elem(1, 0))): "evolve(0, %1[0])",
        print_operation(Extern("f", (1, 2), (3,)), 7): "%7: real[3] = extern f(%1, %2)",
        print_operation(Expect(((pauli("Z", 0), Term(Elem(2, 1), ())),), ()), 4): (
            "%4: real = expect(Z(w0) + %2[1])"
        ),
        print_operation(
            Prob((), (BitOp("xor", Bit(0), Bit(1)),), 1), 5
        ): "%5: real = prob((b0 ^ b1) == 1)",
    }
    assert list(texts) == list(texts.values())
