"""Every invariant of a graph: one wrong graph each, and a right one beside it."""

from dataclasses import replace

import pytest

from qrnnlang.ir.graph import build
from qrnnlang.ir.verifier import VerificationError, verify
from qrnnlang.sema.closed import (
    Alloc,
    ApplyUnitary,
    Bit,
    BitCarry,
    Call,
    CarryIn,
    Channel,
    Const,
    Discard,
    Elem,
    Evolve,
    Expect,
    Gate,
    Gather,
    Input,
    Measure,
    Output,
    Param,
    ParamSpec,
    Port,
    Postselect,
    Prepare,
    Prob,
    QubitCarry,
    RealCarry,
    Reset,
    Term,
)

from .cells import closed, graph, param, pauli

HAAR = ParamSpec("U", (4, 4, 2), False, "unitary", ("haar",))
VECTOR = Const((0.0, 1.0), (2,))


def fresh(*ops, wires=(0, 1)):
    """Operations on fresh wires that are let go at the end; the first one is number 1."""
    return [Alloc(wires), *ops, Discard(wires)]


def good():
    """A cell with one of everything."""
    ops = [
        Input("x", (2,)),
        Param("w", (2, 2)),
        CarryIn("c", (2,)),
        Call("matmul", (1, 0), (2,)),
        Call("add", (3, 2), (2,)),
        Gather((4, 0), (3, 0), (2,)),
        Alloc((2, 3)),
        Prepare((2,), 4),
        Gate("ry", (Elem(4, 1),), (3,)),
        Gate("cx", (), (3, 0, 1), ctrl="0", when=Bit(0)),
        ApplyUnitary("U", (0, 2, 3), ctrl="1"),
        Evolve((pauli("XY", 0, 1, factor=0.5), Term(Elem(0, 0), ((2, "Z"),))), Elem(4, 0), 2, 2),
        Channel("depolarizing", (0.1,), (1,)),
        Measure((2,), (1,)),
        Reset((2,), when=Bit(1)),
        Postselect((3,), (1.0,)),
        Expect(((pauli("Z", 0),), (pauli("X", 1),)), (2,)),
        Prob((0, 1), value=3),
        Prob((), (Bit(1),)),
        Discard((0, 3)),
    ]
    carries = [
        QubitCarry("m", (0, 1), (1, 2)),
        RealCarry("c", (2,), 0, 5),
        BitCarry("b", (0,), (Bit(1),)),
    ]
    return closed(
        ops,
        {"z": (16, (2,)), "p": (15, ()), "k": (18, (2,))},
        inputs=[Port("x", (2,))],
        params=[param("w", (2, 2)), HAAR],
        carries=carries,
        init=[Const((1.0, 2.0), (2,)), Gate("h", (), (0,))],
    )


def test_a_right_graph_passes():
    verify(build(good()))


WRONG_OPERATIONS = {
    "a value that does not exist": ([Call("sin", (5,), ())], "reads %5, which is no value"),
    "a value after its use": (
        [Call("sin", (1,), ()), Const((1.0,), ())],
        "reads %1, which is no value",
    ),
    "an operation without a value": (fresh(Call("sin", (0,), ())), "reads %0, which is no value"),
    "an entry outside": (
        [VECTOR, *fresh(Gate("ry", (Elem(0, 2),), (0,)))],
        r"reads entry 2 of %0, which has shape \(2,\)",
    ),
    "a constant of another size": ([Const((1.0,), (2,))], r"1 entries in shape \(2,\)"),
    "a gather of another size": ([VECTOR, Gather((0,), (0, 1, 0), (2,))], "3 entries in shape"),
    "a gather outside": ([VECTOR, Gather((0,), (0, 2), (2,))], "entry 2 of 2"),
    "an unknown function": ([VECTOR, Call("sine", (0,), (2,))], "there is no function `sine`"),
    "arguments that do not fit": (
        [VECTOR, Const((0.0,) * 3, (3,)), Call("add", (0, 1), (2,))],
        "`add` of shapes",
    ),
    "a result of another shape": ([VECTOR, Call("sum", (0,), (2,))], r"gives shape \(\), not"),
    "an unknown input": ([Input("y", (2,))], "no such input: `y`"),
    "an input of another shape": ([Input("x", (3,))], "no such input: `x`"),
    "an unknown parameter": ([Param("v", (2, 2))], "no such parameter: `v`"),
    "an unknown carried array": ([CarryIn("c", (2,))], "no such carried array: `c`"),
    "a wire that never began": ([Gate("h", (), (7,))], "uses wire 7 before its begin"),
    "a wire that has ended": ([*fresh(), Gate("h", (), (1,))], "uses wire 1 after its end"),
    "a wire discarded twice": ([*fresh(), Discard((0,))], "uses wire 0 after its end"),
    "a wire begun twice": ([Alloc((0, 1)), Alloc((1,))], "wire 1 begins twice"),
    "a wire begun again after its end": ([*fresh(), *fresh()], "wire 0 begins twice"),
    "a wire left over": ([Alloc((0, 1)), Discard((0,))], r"wires \[1\] are neither"),
    "a wire twice in a gate": (fresh(Gate("cx", (), (0, 0))), "wire 0 appears twice"),
    "a control that is an operand": (fresh(Gate("x", (), (0, 0), "1")), "wire 0 appears twice"),
    "a wire twice in a term": (fresh(Evolve((pauli("XZ", 0, 0),), 1.0)), "wire 0 appears twice"),
    "a wire twice in an observable": (
        fresh(Expect(((pauli("XZ", 0, 0),),), (1,))),
        "wire 0 appears twice",
    ),
    "a wire twice in a read": (fresh(Prob((1, 1))), "wire 1 appears twice"),
    "an unknown gate": (fresh(Gate("foo", (), (0,))), "there is no gate `foo`"),
    "too many parameters": (fresh(Gate("h", (0.1,), (0,))), "`h` takes 0 parameters, not 1"),
    "too few wires": (fresh(Gate("cx", (), (0,))), "`cx` needs 2 wires, not 1"),
    "too few wires for controls": (fresh(Gate("x", (), (0,), "1")), "`x` needs 2 wires, not 1"),
    "a strange control": (fresh(Gate("x", (), (0, 1), "2")), "controls are written 0 and 1"),
    "an unknown unitary": (fresh(ApplyUnitary("V", (0, 1))), "no such unitary on 2 wires: `V`"),
    "a unitary on too few wires": (fresh(ApplyUnitary("U", (0,))), "no such unitary on 1 wires"),
    "an unknown channel": (fresh(Channel("noise", (0.1,), (0,))), "no channel `noise`"),
    "a channel on too many wires": (
        fresh(Channel("bit_flip", (0.1,), (0, 1))),
        "no channel `bit_flip` on 2 wires",
    ),
    "too few rates": (fresh(Channel("pauli_channel", (0.1,), (0,))), "with 1 rates"),
    "an unknown Pauli": (fresh(Evolve((pauli("I", 0),), 1.0)), "there is no Pauli 'I'"),
    "an unknown product formula": (
        fresh(Evolve((pauli("X", 0),), 1.0, 1, 3)),
        "no product formula of 1 steps and order 3",
    ),
    "a product formula without steps": (fresh(Evolve((pauli("X", 0),), 1.0, 0)), "of 0 steps"),
    "amplitudes of another size": (
        [VECTOR, *fresh(Prepare((0, 1), 0))],
        "2 wires need 4 amplitudes",
    ),
    "observables of another size": (fresh(Expect(((pauli("Z", 0),),), (2,))), "1 observables in"),
    "an outcome that does not exist": (fresh(Prob((0, 1), value=4)), "outcome 4 of 4"),
    "too few bits": (fresh(Measure((0, 1), (0,))), "2 wires measured into 1 bits"),
    "too few postselected values": (fresh(Postselect((0, 1), (0.0,))), "2 wires postselected on 1"),
    "a bit that was not written": (fresh(Gate("x", (), (0,), when=Bit(3))), "reads bit 3"),
    "a bit written twice": (fresh(Measure((0,), (0,)), Measure((1,), (0,))), "writes bit 0 twice"),
    "a bit twice in a measurement": (fresh(Measure((0, 1), (0, 0))), "writes a bit twice"),
}


@pytest.mark.parametrize("case", WRONG_OPERATIONS)
def test_a_wrong_operation(case):
    ops, message = WRONG_OPERATIONS[case]
    wrong = graph(ops, inputs=[Port("x", (2,))], params=[param("w", (2, 2)), HAAR])
    with pytest.raises(VerificationError, match=message):
        verify(wrong)


def test_the_error_names_the_operation():
    ops = fresh(Gate("h", (), (0,)), Gate("cx", (), (1, 1)))
    with pytest.raises(VerificationError) as caught:
        verify(graph(ops))
    assert caught.value.ref == 2
    assert caught.value.op == ops[2]
    assert "cell `Test`" in str(caught.value)
    assert "%2 = Gate(name='cx'" in str(caught.value)


def with_carry(cell, name, **changes):
    """The cell with one carried value changed."""
    carries = tuple(replace(c, **changes) if c.name == name else c for c in cell.carries)
    return replace(cell, carries=carries)


WRONG_BOUNDARIES = {
    "a wire carried in twice": (
        lambda c: with_carry(c, "m", wires=(0, 0)),
        "wire 0 is carried in twice",
    ),
    "a wire carried out twice": (
        lambda c: with_carry(c, "m", out=(1, 1)),
        "wire 1 is carried out twice",
    ),
    "another number of wires": (
        lambda c: with_carry(c, "m", out=(1,)),
        "`m` enters on 2 wires, leaves on 1",
    ),
    "a wire carried out after its end": (
        lambda c: with_carry(c, "m", out=(1, 3)),
        "`m` continues on wire 3, which has ended",
    ),
    "a start of another shape": (
        lambda c: replace(c, init=(Const((1.0,), ()), *c.init[1:])),
        "`c` starts from %0, no value of its shape",
    ),
    "a start that does not exist": (
        lambda c: with_carry(c, "c", initial=1),
        "`c` starts from %1, no value",
    ),
    "a next value of another shape": (
        lambda c: with_carry(c, "c", out=1),
        "`c` continues as %1, no value of its shape",
    ),
    "another number of bits": (
        lambda c: with_carry(c, "b", out=(Bit(0), Bit(1))),
        "`b` enters as 1 bits, leaves as 2",
    ),
    "a carried bit that was not written": (
        lambda c: with_carry(c, "b", out=(Bit(9),)),
        "`b` continues as bit 9, which was not written",
    ),
    "an output without a value": (
        lambda c: replace(c, outputs=(Output("y", (), 6),)),
        "output `y`: %6 has no value of its shape",
    ),
    "an output of another shape": (
        lambda c: replace(c, outputs=(Output("y", (3,), 16),)),
        "output `y`: %16 has no value of its shape",
    ),
    "two outputs of one name": (
        lambda c: replace(c, outputs=(Output("y", (2,), 16), Output("y", (), 15))),
        "two of kind output named `y`",
    ),
    "an input before the first step": (
        lambda c: replace(c, init=(*c.init, Input("x", (2,)))),
        "an input or carried value before the first step",
    ),
    "a measurement before the first step": (
        lambda c: replace(c, init=(*c.init, Measure((0,), (5,)))),
        "a measurement before the first step",
    ),
    "a wire left open before the first step": (
        lambda c: replace(c, init=(*c.init, Alloc((9,)))),
        r"`init` leaves wires \[9\] open",
    ),
}


@pytest.mark.parametrize("case", WRONG_BOUNDARIES)
def test_a_wrong_boundary(case):
    change, message = WRONG_BOUNDARIES[case]
    with pytest.raises(VerificationError, match=message):
        verify(build(change(good())))
