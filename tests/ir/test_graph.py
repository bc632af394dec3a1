"""The graph of a cell: its edges say why the order of operations matters."""

import networkx as nx

from qrnnlang.ir.graph import CARRY_IN, CARRY_OUT, build
from qrnnlang.ir.operands import bits_read, bits_written, scalars, values_read, wires_of
from qrnnlang.sema.closed import (
    Alloc,
    Bit,
    BitCarry,
    BitOp,
    Call,
    CarryIn,
    Discard,
    Elem,
    Evolve,
    Expect,
    Gate,
    Input,
    Measure,
    Origin,
    Port,
    Postselect,
    Prepare,
    Prob,
    QubitCarry,
    RealCarry,
    Term,
)

from .cells import closed, expect, graph, pauli
from .test_verifier import good


def reasons(cell, before, after):
    """Why `after` must follow `before`."""
    return {kind for kind, _ in cell.dag.edges[before, after]["via"]}


def test_program_order_is_a_topological_order():
    cell = build(good())
    assert nx.is_directed_acyclic_graph(cell.dag)
    place = {ref: i for i, (ref, _) in enumerate(cell.operations())}
    place |= {CARRY_IN: -1, CARRY_OUT: len(place)}
    assert all(place[a] < place[b] for a, b in cell.dag.edges)
    assert [op for _, op in cell.operations()] == list(good().ops)
    assert cell.carried_wires == (0, 1)
    assert cell.carried_wires_out == (1, 2)


def test_the_recurrence_enters_and_leaves_at_the_boundary():
    ops = [CarryIn("c", ()), Call("tanh", (0,), ()), Gate("x", (), (0,), when=Bit(0))]
    ops += [Gate("h", (), (1,))]
    carries = [
        QubitCarry("m", (0, 1), (1, 0)),
        RealCarry("c", (), 0, 1),
        BitCarry("b", (0,), (Bit(0),)),
    ]
    cell = graph(ops, carries=carries)
    assert reasons(cell, CARRY_IN, 0) == {"value"}
    assert reasons(cell, CARRY_IN, 2) == {"wire", "bit"}
    assert reasons(cell, CARRY_IN, 3) == {"wire"}
    assert reasons(cell, 1, CARRY_OUT) == {"value"}
    assert reasons(cell, 2, CARRY_OUT) == {"wire"}
    assert reasons(cell, 3, CARRY_OUT) == {"wire"}
    assert reasons(cell, CARRY_IN, CARRY_OUT) == {"bit"}


def test_a_postselection_stands_between_the_reads_before_and_after_it():
    ops = [
        Alloc((0, 1)),
        expect(pauli("Z", 0)),
        Postselect((1,), (0.0,)),
        expect(pauli("Z", 0)),
        Postselect((0,), (0.0,)),
        Discard((0, 1)),
    ]
    cell = graph(ops)
    assert reasons(cell, 1, 2) == {"norm"}
    assert reasons(cell, 2, 3) == {"norm"}
    assert reasons(cell, 3, 4) == {"norm", "wire"}
    assert not cell.dag.has_edge(1, 4)
    assert CARRY_OUT not in nx.descendants(cell.dag, 4)


def test_what_is_carried_depends_on_postselections_of_other_wires():
    ops = [Alloc((1,)), Gate("cx", (), (0, 1)), Postselect((1,), (0.0,)), Discard((1,))]
    cell = graph(ops, carries=[QubitCarry("m", (0,), (0,))])
    assert reasons(cell, 2, CARRY_OUT) == {"norm"}


def test_other_operations_keep_their_numbers():
    cell = build(good())
    kept = [(ref, op, Origin(None, "f")) for ref, op in cell.operations() if ref != 12]
    smaller = cell.with_operations(kept)
    assert 12 not in smaller.dag
    assert smaller.op(13) == cell.op(13)
    assert smaller.origin(13) == Origin(None, "f")
    assert 12 in cell.dag
    assert smaller.outputs == cell.outputs


def test_equal_cells_have_equal_graphs():
    one, two = build(good()), build(good())
    assert list(one.dag.edges(data=True)) == list(two.dag.edges(data=True))


def test_operands_are_found_in_every_field():
    evolve = Evolve((Term(Elem(3, 0), ((4, "X"), (2, "Y"))), pauli("Z", 4)), Elem(1, 0))
    assert scalars(evolve) == (Elem(1, 0), Elem(3, 0), 1.0)
    assert values_read(evolve) == (1, 3)
    assert wires_of(evolve) == (4, 2)
    read = Expect(((pauli("Z", 5), Term(Elem(7, 1), ())),), (1,))
    assert values_read(read) == (7,)
    assert wires_of(read) == (5,)
    assert values_read(Prepare((0,), 4, 2)) == (4, 2)
    assert values_read(Postselect((0, 1), (1.0, Elem(6, 0)))) == (6,)
    measure = Measure((3, 1), (8, 9), when=BitOp("xor", Bit(2), Bit(2)))
    assert (bits_read(measure), bits_written(measure), wires_of(measure)) == ((2,), (8, 9), (3, 1))
    assert bits_read(Prob((), (Bit(1), Bit(0)))) == (1, 0)
    assert wires_of(Input("x", ())) == ()


def test_inputs_stay_on_the_graph():
    cell = build(closed([Input("x", ())], {"y": (0, ())}, inputs=[Port("x", ())]))
    assert cell.inputs == (Port("x", ()),)
    assert list(cell.dag) == [CARRY_IN, 0, CARRY_OUT]
