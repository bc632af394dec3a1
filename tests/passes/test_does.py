"""What each pass does, and what it must not touch."""

from __future__ import annotations

from itertools import combinations

import pytest

from qrnnlang.passes import PASSES
from qrnnlang.passes.boundary import joined, split, worth_it
from qrnnlang.passes.line import constant, total
from qrnnlang.passes.parities import tour as strides
from qrnnlang.passes.tours import length, tour
from qrnnlang.sema.closed import Reset

from .helpers import after, cx, gates, step_of, whole

Y = "output y = expect(Z(e[0]));"
ALL = "output y = expect(Z(e)); output z = expect(Y(m));"


def test_fold_traces_entries_to_their_source() -> None:
    step = step_of("let v = [w[1], 0.5, x[0]]; rx(v[0]) e[0]; rx(v[1]) e[0]; rx(w[1]) e[0];" + Y)
    found = after("fold", step)
    first, second, third = (item.angles for _, item in found.line[1:4])  # type: ignore[union-attr]
    assert first == third
    assert constant(second[0]) == 0.5


def test_light_cone_removes_what_nothing_feels() -> None:
    step = step_of("ry(x[0]) e[0]; cx e[0], m[0]; rx(w[0]) e[1]; cz m[1], m[2]; ry(w[1]) m[0];" + Y)
    assert gates(after("light-cone", step)) == ["ry"]


def test_light_cone_goes_through_the_recurrence() -> None:
    body = "cx m[0], e[0]; ry(w[0]) m[1]; cx m[1], m[0]; ry(w[1]) m[2];" + Y
    assert gates(after("light-cone", step_of(body))) == ["cx", "ry", "cx"]


def test_light_cone_removes_phases_before_a_measurement_only() -> None:
    body = "h e; rz(w[0]) e[0]; cz e[0], e[1]; let b = measure e; if (b[0]) { x m[0]; }"
    step = step_of(body + "output y = expect(Z(m));")
    assert gates(after("light-cone", step)) == ["h", "x"] or gates(after("light-cone", step)) == [
        "h",
        "h",
        "x",
    ]
    kept = step_of("h e; rz(w[0]) e[0]; output y = expect(X(e[0]));")
    assert gates(after("light-cone", kept)) == ["h", "rz"]


def test_light_cone_keeps_what_a_projection_feels() -> None:
    body = "ry(w[0]) m[0]; ry(w[1]) e[1]; cx m[0], e[1]; postselect e[1] == 0; ry(x[0]) e[0];"
    assert gates(after("light-cone", step_of(body + Y))) == ["ry", "ry", "cx", "ry"]


def test_zeros_take_out_controls_phases_and_resets() -> None:
    body = "rz(w[0]) e[0]; cx e[0], m[0]; ctrl(2) @ x m[0], e[0], m[1]; reset e[0]; rzz(w[1]) e[0], m[0];"
    step = after("zeros", step_of(body + ALL))
    assert gates(step) == ["rz"]
    assert not any(isinstance(item, Reset) for _, item in step.line)


def test_zeros_after_a_projection() -> None:
    body = "ry(x[0]) e[0]; cx m[0], e[0]; postselect e[0] == 0; reset e[0]; h e[0];"
    step = after("zeros", step_of(body + ALL))
    assert not any(isinstance(item, Reset) for _, item in step.line)
    other = step_of(body.replace("== 0", "== 1") + ALL)
    assert any(isinstance(item, Reset) for _, item in after("zeros", other).line)


def test_a_reset_after_a_look_in_another_basis_stays() -> None:
    body = "output y = expect(X(e[0])); reset e[0]; ry(x[0]) e[0]; cx e[0], m[0];"
    step = after("zeros", step_of(body + "output z = expect(Z(m));"))
    assert any(isinstance(item, Reset) for _, item in step.line)


def test_rotations_add_up_past_what_commutes() -> None:
    body = "rz(w[0]) m[0]; cz m[0], m[1]; cx m[0], m[2]; rz(x[0]) m[0]; rzz(w[2]) m[0], m[1];"
    step = after("merge", step_of(body + "rzz(w[3]) m[1], m[0]; s m[0];" + ALL))
    assert gates(step) == ["rz", "rzz", "cx", "rz"] or cx(step) == 3
    (first, *_) = (item for _, item in step.line if getattr(item, "name", "") == "rz")
    assert len(total(*first.angles)) == 3  # type: ignore[union-attr]


def test_inverse_pairs_cancel() -> None:
    body = "cx m[0], m[1]; rz(w[0]) m[0]; rx(w[1]) m[1]; cx m[0], m[1]; h e; s e; sdg e; h e;"
    assert gates(after("merge", step_of(body + ALL))) == ["rz", "rx"]


def test_controlled_gates_on_one_pair_become_one() -> None:
    body = "crz(w[0]) m[0], m[1]; cz m[1], m[0]; cp(w[1]) m[0], m[1]; cx m[1], m[2]; crx(w[2]) m[1], m[2];"
    step = after("merge", step_of(body + ALL))
    assert cx(step_of(body + ALL)) == 8
    assert cx(step) == 4


@pytest.mark.parametrize(
    "body",
    [
        "rx(w[0]) m[0]; output a = expect(Z(m[0])); rx(w[1]) m[0];",
        "rx(w[0]) m[0]; rz(x[0]) m[0]; rx(w[1]) m[0];",
        "rx(w[0]) e[0]; let p = postselect e[0] == 0; rx(w[1]) e[0];",
        "rx(w[0]) e[0]; let b = measure e[0]; rx(w[1]) e[0];",
        "rx(w[0]) e[0]; let b = measure e[1]; if (b) { rx(w[1]) e[0]; }",
        "rx(w[0]) e[0]; reset e[0]; rx(w[1]) e[0];",
        "rx(w[0]) e[0]; barrier e; rx(w[1]) e[0];",
        "rx(w[0]) m[0]; cz m[0], m[1]; rx(w[1]) m[0];",
    ],
)
def test_merge_leaves_alone(body: str) -> None:
    step = step_of(body + ALL)
    assert after("merge", step).line == step.line


def test_a_fed_back_angle_stays_behind_its_read() -> None:
    body = "rx(w[0]) m[0]; let p = expect(Z(m[1])); rx(p) m[0]; rx(w[1]) m[0];"
    step = step_of(body + ALL)
    found = after("merge", step)
    assert gates(found) == ["rx", "rx"]


def test_swaps_become_names() -> None:
    body = "ry(x[0]) e[0]; cx e[0], m[0]; swap m[0], m[1]; ry(w[0]) m[0]; cswap e[0], m[1], m[2];"
    step = after("swaps", step_of(body + "swap e[0], m[2];" + ALL))
    assert gates(step) == ["ry", "cx", "ry", "cswap"]
    kept = step_of("let b = measure e[0]; if (b) { swap m[0], m[1]; }" + ALL)
    assert after("swaps", kept).line == kept.line


def test_controlled_rotations_become_one_with_a_table() -> None:
    full = "for (k, s) in enumerate(subsets(m, 1, 3)) { ctrl(len(s)) @ ry(w[k]) s, e[0]; }"
    step = step_of(full + "ry(x[0]) e[0];" + ALL)
    assert cx(PASSES["controls"](step, {})) > 40
    assert cx(after("multiplex", step)) == 8
    singles = step_of(
        "for q in m { cry(w[0]) q, e[0]; } ctrl(2) @ ry(w[1]) m[0], m[1], e[0];" + ALL
    )
    assert cx(after("multiplex", singles)) < 8


def test_vanishing_entries_cost_nothing() -> None:
    even = "ctrl(2) @ ry(2 * w[0]) m[0], m[1], e[0]; negctrl(2) @ ry(2 * w[0]) m[0], m[1], e[0];"
    step = step_of(even + ALL)
    assert cx(after("multiplex", step)) == 4  # only the parity of both is left, there and back


def test_diagonal_blocks_are_one_table() -> None:
    body = "ctrl(2) @ p(w[0]) m[0], m[1], m[2]; ccz m[0], m[1], m[2]; cz m[0], m[1]; crz(x[0]) m[1], m[2];"
    step = step_of(body + ALL)
    assert cx(after("multiplex", step)) == 6
    assert cx(PASSES["controls"](step, {})) > 15


def test_tables_do_not_reach_past_other_gates() -> None:
    body = "ctrl(2) @ ry(w[0]) m[0], m[1], e[0]; h m[0]; ctrl(2) @ ry(w[1]) m[0], m[1], e[0];"
    assert cx(after("multiplex", step_of(body + ALL))) == 8
    read = body.replace("h m[0]", "output a = expect(Z(e[0]))")
    assert cx(after("multiplex", step_of(read + ALL))) == 8


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_tours_are_no_longer_than_the_gray_code(k: int) -> None:
    masks = frozenset(
        frozenset(i for i in range(k) if n >> i & 1)
        for n in range(2**k)
        if n.bit_count() < k or k < 3
    )
    order = [m for m in tour(masks) if m]
    assert set(order) == masks - {frozenset()}
    assert length(order) <= 2**k


def test_known_blocks_take_three_cx_at_most() -> None:
    body = "cx m[0], m[1]; ry(0.3) m[0]; rz(0.2) m[1]; cx m[1], m[0]; ry(1.1) m[1]; cx m[0], m[1];"
    body += "rx(0.4) m[0]; ry(0.7) m[1]; cx m[0], m[1]; h m[0]; cx m[1], m[0];"
    assert cx(after("blocks", step_of(body + ALL))) == 3
    open_ = step_of(body.replace("0.3", "x[0]").replace("0.4", "w[0]") + ALL)
    assert cx(after("blocks", open_)) >= 3
    third = step_of("cx m[0], m[1]; cx m[1], m[2]; cx m[0], m[1];" + ALL)
    assert after("blocks", third).line == third.line


PAIRS = "let q = [m, e]; for (i, j) in pairs(0..5) {{ {}(w[i] + 0.3 * j + x[0]) q[i], q[j]; }}"


@pytest.mark.parametrize("name", ["rzz", "rxx", "ryy"])
def test_rotations_that_commute_become_a_tour(name: str) -> None:
    step = step_of(PAIRS.format(name) + ALL)
    assert cx(step) == 20
    found = after("parities", step)
    assert cx(found) == 14
    assert gates(found).count("rz") == 10


def test_tours_go_past_what_commutes_and_no_further() -> None:
    body = "rzz(w[0]) m[0], m[1]; rzz(w[1]) m[1], m[2]; {} rzz(w[2]) m[0], m[2];"
    assert cx(after("parities", step_of(body.format("rz(w[3]) m[0]; cx m[2], e[0];") + ALL))) == 6
    for between in ("rx(w[3]) m[0];", "output a = expect(Z(m[0]));", "barrier m;", "reset m[2];"):
        step = step_of(body.format(between) + ALL)
        assert after("parities", step).line == step.line
    mixed = "rzx(w[0]) m[0], m[1]; rxx(w[1]) m[1], e[0]; rzx(w[2]) m[0], e[0];"
    assert cx(after("parities", step_of(mixed + ALL))) == 5


def test_pairs_without_a_shorter_tour_stay() -> None:
    path = "rzz(w[0]) m[0], m[1]; rzz(w[1]) m[1], m[2]; rzz(w[2]) m[2], e[0];"
    known = "rzz(pi / 2) m[0], m[1]; rzz(pi / 2) m[1], m[2]; rzz(pi / 2) m[0], m[2];"
    bits = "let b = measure e[0]; if (b) { rzz(w[0]) m[0], m[1]; rzz(w[1]) m[1], m[2]; rzz(w[2]) m[0], m[2]; }"
    for body in (path, known, bits):
        step = step_of(body + ALL)
        assert after("parities", step).line == step.line


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_strides_hold_every_parity_and_come_home(n: int) -> None:
    pairs = tuple(combinations(range(n), 2))
    held = [1 << k for k in range(n)]
    met = []
    for control, target, pair in strides(n, pairs):
        held[target] ^= held[control]
        if pair is not None:
            assert held[target] == 1 << pair[0] | 1 << pair[1]
            met.append(pair)
    assert held == [1 << k for k in range(n)]
    assert sorted(met) == list(pairs)
    assert len(strides(n, pairs)) < 2 * len(pairs)


def test_runs_become_one_gate() -> None:
    step = after(
        "single", step_of("h m[0]; t m[0]; ry(0.3) m[0]; h m[1]; h m[1]; rx(w[0]) m[2];" + ALL)
    )
    assert gates(step) == ["u", "rx"]
    kept = step_of("let b = measure e[0]; h m[0]; if (b) { t m[0]; } h m[0];" + ALL)
    assert after("single", kept).line == kept.line


def test_ends_of_steps_meet() -> None:
    body = "cx m[0], m[1]; ry(x[0]) m[1]; cx m[1], e[0]; output y = expect(Z(e[0])); cx m[0], m[1];"
    step = step_of(body)
    assert worth_it(step, frozenset())
    line, tail = split(step)
    assert [item.name for _, item in tail] == ["cx"]  # type: ignore[union-attr]
    assert cx(step) == 3
    both = joined(tail, line, frozenset())
    assert [item.name for _, item in both if hasattr(item, "name")] == ["ry", "cx"]


@pytest.mark.parametrize(
    "body",
    [
        "ry(w[0]) m[0]; cx m[0], e[0]; output y = expect(Z(m[0])); ry(x[0]) m[0];",
        "ry(w[0]) m[0]; cx m[0], e[0]; ry(w[1]) m[0]; output y = expect(Z(m[0]));",
        "ry(w[0]) m[0]; cx m[0], e[0]; let b = measure e[0]; if (b) { ry(w[1]) m[0]; }"
        "output y = expect(Z(e[1]));",
    ],
)
def test_ends_that_cannot_move(body: str) -> None:
    _, tail = split(step_of(body))
    assert tail == ()


def test_levels_take_fewer_and_fewer() -> None:
    body = "for (k, s) in enumerate(subsets(m, 1, 2)) { ctrl(len(s)) @ ry(w[k]) s, e[0]; }"
    step = step_of(body + "swap m[0], m[1]; cx m[0], m[1]; cx m[0], m[1];" + Y)
    counts = [cx(whole(step, level)) for level in (0, 1, 2, 3)]
    assert counts[0] > counts[1] >= counts[2] >= counts[3]
