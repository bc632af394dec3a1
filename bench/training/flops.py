"""Useful arithmetic: the real operations of the cheapest plan known, whatever plan runs.

Fixed beforehand, for one loss and the gradient of all parameters. F = 2^fresh, N = 2^carried; a
complex multiplication and addition (cma) is 8 real operations, a real number times a complex one,
added, is 4. Counted is what has to be done in each step of each sequence; what is done once an
update (matrices from parameters) and cosines are not counted, which makes the figure smaller.

The Kraus form, K_a(x) = ⟨a|U|φ(x)⟩:

    K           F·N·N·F cma, or products with a real φ(x) where all of the encoding is RY
    W = K ρ     F·N·N·N cma
    ρ' = W K†   F·N·N·N cma, halved because ρ' is Hermitian
    G K         F·N·N·N cma        (reverse; W is kept, K too)
    2 (G K) ρ   F·N·N·N cma
    K† (G K)    F·N·N·N cma, halved likewise
    Ū           F·N·N·F cma, with a real φ(x) as above
    φ̄           F·N·N·F cma, where the encoding has parameters

The Pauli-transfer form, r' = R (u(x) ⊗ r) with f features (4 for a fresh qubit in any state, 3
where its encoding is RY), N² − 1 + outputs rows and f·N² columns: 2·rows·columns operations for
r', the same for the way back and for R̄, and 2·f·N² for each product with u.
"""

from __future__ import annotations

from .workloads import Workload

CMA, REAL = 8, 4


def kraus(fresh: int, carried: int, real_encoding: bool) -> int:
    """Operations of a step of one sequence, forwards and back."""
    F, N = 2**fresh, 2**carried
    cube, encode = CMA * F * N**3, F * N * N * F
    forward = encode * (REAL if real_encoding else CMA) + cube + cube // 2
    back = cube + cube + cube // 2 + encode * (REAL if real_encoding else CMA)
    return forward + back + (0 if real_encoding else CMA * encode)


def pauli(fresh: int, carried: int, real_encoding: bool) -> int:
    F, N = 2**fresh, 2**carried
    features = (3 if real_encoding else 4) ** fresh
    outputs = F.bit_length() - 1
    columns = features * N * N
    return 3 * 2 * (N * N - 1 + outputs) * columns + 3 * 2 * columns


def useful(workload: Workload) -> int | None:
    """Operations of a whole call on `emc`, `ring` and the 4+2 cell; None for others."""
    if workload.family not in ("emc", "ring") or workload.name == "wide":
        return None
    real = workload.family == "ring"
    size = (workload.fresh, workload.carried, real)
    return min(kraus(*size), pauli(*size)) * workload.steps * workload.batch
