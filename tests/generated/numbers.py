"""Expressions of numbers: of any shape, run-time and compile-time, inside every domain."""

from __future__ import annotations

from .scope import Scope, Shape, dims

LITERALS = (
    "0.5",
    "1",
    "2",
    "0.25",
    "-0.75",
    "1e-1",
    "2.5e-1",
    "1_0 / 20",
    "pi",
    "tau / 3",
    "euler / 4",
)
#: Of one argument; the ones with a domain are kept inside it.
ELEMENTWISE = (
    "sin({})", "cos({})", "tan(0.5 * tanh({}))", "arcsin(0.9 * tanh({}))", "arccos(0.9 * sin({}))",
    "arctan({})", "sinh(tanh({}))", "cosh(tanh({}))", "tanh({})", "exp(tanh({}))", "log(1.5 + cos({}))",
    "sqrt(1.25 + sin({}))", "abs({})", "sigmoid({})", "relu({})", "softplus({})", "-({})", "-abs({}) ** 2",
    "clip({}, -0.5, 0.75)", "tanh({}) ** 2", "2 ** tanh({})", "(1 + tanh({}) ** 2) ** -0.5",
)  # fmt: skip
OPERATORS = ("{} + {}", "{} - {}", "{} * {}", "({}) * ({})", "{} / (2 + cos({}))", "minimum({}, {})", "maximum({}, {})")  # fmt: skip


def number(scope: Scope, shape: Shape = (), depth: int = 2, *, constant: bool = False) -> str:
    """An expression of this shape."""
    rng = scope.rng
    if depth <= 0 or scope.chance(0.25):
        return leaf(scope, shape, constant)
    ways = [_elementwise, _operator, _operator]
    if not shape:
        ways += [_reduced, _element, _dot, _summed]
    if len(shape) == 1:
        ways += [_comprehension, _vector, _matrix_times]
    if len(shape) == 2:
        ways += [_rows, _outer, _transposed]
    if shape and all(isinstance(d, int) for d in shape):
        ways += [_reshaped]
    if not constant:
        ways += [_defined]
        if scope.reads and scope.kind in ("cell", "model"):
            ways += [_called, _looked_up]
    if scope.reads and scope.kind == "cell" and not scope.under_bits and not constant:
        from .reads import reading

        if scope.views:
            ways += [reading]
    found = rng.choice(ways)(scope, shape, depth - 1, constant)
    return found if found is not None else leaf(scope, shape, constant)


def leaf(scope: Scope, shape: Shape, constant: bool) -> str:
    """A name or a literal of this shape."""
    known = [r.text for r in scope.reals if r.shape == shape and (r.constant or not constant)]
    if known and scope.chance(0.8):
        return scope.rng.choice(known)
    if not shape:
        wholes = [f"{w.text} / 4" for w in scope.wholes]
        return scope.rng.choice([*LITERALS, *wholes])
    return f"{scope.rng.choice(('zeros', 'ones'))}({dims(shape)})"


def whole(scope: Scope, low: int, high: int) -> str:
    """A compile-time whole number from `low` to `high`."""
    rng = scope.rng
    fitting = [w for w in scope.wholes if low <= w.low and w.high <= high]
    if fitting and scope.chance(0.4):
        return rng.choice(fitting).text
    value = rng.randint(low, high)
    forms = [str(value)] * 3 + [f"{value + 1} - 1", f"div({2 * value + 1}, 2)", f"{value + 7} % 7" if 0 <= value < 7 else str(value)]  # fmt: skip
    if value >= 1:
        forms += [f"choose({value}, 1)", f"len(zeros({value}))", f"len(0..{value})"]
    return rng.choice(forms)


def flag(scope: Scope, depth: int = 2) -> str:
    """A compile-time condition."""
    rng = scope.rng
    if depth == 0 or scope.chance(0.4):
        comparison = f"{whole(scope, 0, 4)} {rng.choice(('==', '!=', '<', '<=', '>', '>='))} {whole(scope, 0, 4)}"  # fmt: skip
        return rng.choice([*scope.switches, "true", "false", comparison])
    a, b = flag(scope, depth - 1), flag(scope, depth - 1)
    form = rng.choice(("{} && {}", "{} || {}", "!({})", "({}) ^ ({})", "({}) != ({})"))
    return form.format(a, b)


# --- ways to make one ---------------------------------------------------------------------------


def _elementwise(scope: Scope, shape: Shape, depth: int, constant: bool) -> str:
    return scope.rng.choice(ELEMENTWISE).format(number(scope, shape, depth, constant=constant))


def _operator(scope: Scope, shape: Shape, depth: int, constant: bool) -> str:
    one = shape if not shape or scope.chance(0.6) else scope.rng.choice(((), shape[1:]))
    a, b = (
        number(scope, shape, depth, constant=constant),
        number(scope, one, depth, constant=constant),
    )
    return f"({scope.rng.choice(OPERATORS).format(a, b)})"


def _some_shape(scope: Scope) -> Shape:
    shapes = [r.shape for r in scope.reals if r.shape] or [(2,)]
    return scope.rng.choice([*shapes, (2,), (3,)])


def _reduced(scope: Scope, shape: Shape, depth: int, constant: bool) -> str:
    inner = number(scope, _some_shape(scope), depth, constant=constant)
    return f"{scope.rng.choice(('sum', 'mean', 'min', 'max', 'prod'))}(tanh({inner}))"


def _summed(scope: Scope, shape: Shape, depth: int, constant: bool) -> str:
    name, n = scope.name("i"), scope.rng.randint(1, 3)
    with scope.block():
        scope.wholes.append(_index(name, n))
        body = number(scope, (), depth, constant=constant)
        if scope.chance(0.5):
            return f"{scope.rng.choice(('sum', 'mean', 'min', 'max'))}({body} for {name} in 0..{n})"
        other = scope.name("j")
        scope.wholes.append(_index(other, n))
        return f"sum({body} * tanh({other}) for {name} in 0..{n}, {other} in 0..{name})"


def _element(scope: Scope, shape: Shape, depth: int, constant: bool) -> str | None:
    rng = scope.rng
    known = [r for r in scope.reals if r.shape and (r.constant or not constant)]
    if not known:
        return None
    array = rng.choice(known)
    index = [
        whole(scope, 0, d - 1) if isinstance(d, int) else rng.choice(("0", "-1", f"{d} - 1"))
        for d in array.shape
    ]
    if isinstance(array.shape[-1], int) and scope.chance(0.2):
        index[-1] = str(-rng.randint(1, array.shape[-1]))
    return f"{array.text}[{', '.join(index)}]"


def _dot(scope: Scope, shape: Shape, depth: int, constant: bool) -> str:
    n = scope.rng.randint(1, 3)
    a, b = (number(scope, (n,), depth, constant=constant) for _ in range(2))
    return scope.rng.choice(("dot({}, {})", "(({}) @ ({}))")).format(a, b)


def _comprehension(scope: Scope, shape: Shape, depth: int, constant: bool) -> str:
    name = scope.name("i")
    (n,) = shape
    with scope.block():
        scope.wholes.append(_index(name, n if isinstance(n, int) else 1))
        if not isinstance(n, int):
            scope.wholes.pop()  # how far it goes is not known
            scope.reals += [r for r in [_entry(r, n, name) for r in scope.reals] if r]
        return f"[{number(scope, (), depth, constant=constant)} for {name} in 0..{n}]"


def _vector(scope: Scope, shape: Shape, depth: int, constant: bool) -> str:
    (n,) = shape
    ways = [
        "normalize(1.5 + tanh({}))",
        "softmax({})",
        "reverse({})",
        "({})[0..{n}]",
        "[{}]",
        "({})[range({n})]",
    ]
    if not isinstance(n, int) or n == 0:
        return scope.rng.choice(ways).format(number(scope, shape, depth, constant=constant), n=n)
    if scope.chance(0.2):
        return f"onehot({whole(scope, 0, n - 1)}, {n})"
    if scope.chance(0.3):
        k = scope.rng.randint(0, n)
        parts = [number(scope, (k,), depth, constant=constant)] if k else []
        parts += [number(scope, (), depth, constant=constant) for _ in range(n - k)]
        return f"[{', '.join(parts)}]"
    if scope.chance(0.3):
        longer = number(scope, (n + 1,), depth, constant=constant)
        return scope.rng.choice(("({})[1..]", "({})[..-1]", "({})[..{n}]", "({})[1..{m}]")).format(longer, n=n, m=n + 1)  # fmt: skip
    return scope.rng.choice(ways).format(number(scope, shape, depth, constant=constant), n=n)


def _matrix_times(scope: Scope, shape: Shape, depth: int, constant: bool) -> str | None:
    (n,) = shape
    if not isinstance(n, int) or n == 0:
        return None
    k = scope.rng.randint(1, 3)
    matrix, vector = number(scope, (n, k), depth, constant=constant), number(scope, (k,), depth, constant=constant)  # fmt: skip
    form = scope.rng.choice(("(({}) @ ({}))", "(({1}) @ transpose({0}))", "(({}) @ [{}][..])"))
    return form.format(matrix, vector)


def _rows(scope: Scope, shape: Shape, depth: int, constant: bool) -> str:
    n, k = shape
    if isinstance(n, int) and 0 < n < 4 and scope.chance(0.5):
        rows = [number(scope, (k,), depth, constant=constant) for _ in range(n)]
        return f"stack({', '.join(rows)})"
    name = scope.name("i")
    with scope.block():
        if isinstance(n, int):
            scope.wholes.append(_index(name, n))
        return f"[{number(scope, (k,), depth, constant=constant)} for {name} in 0..{n}]"


def _outer(scope: Scope, shape: Shape, depth: int, constant: bool) -> str:
    a, b = (number(scope, (d,), depth, constant=constant) for d in shape)
    return f"outer({a}, {b})"


def _transposed(scope: Scope, shape: Shape, depth: int, constant: bool) -> str:
    return f"transpose({number(scope, shape[::-1], depth, constant=constant)})"


def _reshaped(scope: Scope, shape: Shape, depth: int, constant: bool) -> str:
    size = 1
    for d in shape:
        assert isinstance(d, int)
        size *= d
    return f"reshape({number(scope, (size,), depth, constant=constant)}, {dims(shape)})"


def _defined(scope: Scope, shape: Shape, depth: int, constant: bool) -> str | None:
    """A call of a `def` of the program, its sizes taken from the arguments."""
    fitting = [d for d in scope.defs if len(d.result) == len(shape)]
    if not fitting:
        return None
    chosen = scope.rng.choice(fitting)
    sizes = dict(zip(chosen.result, shape, strict=True))
    free = scope.rng.randint(1, 3)  # a size that the result does not fix
    given = []
    required = len(chosen.params) - chosen.defaults
    for k, (name, wanted) in enumerate(chosen.params):
        if k >= required and scope.chance(0.5):
            break
        concrete = tuple(sizes.get(d, free if isinstance(d, str) else d) for d in wanted)
        value = number(scope, concrete, depth)
        given.append((name, value))
    named = scope.chance(0.3)
    if named:
        scope.rng.shuffle(given)
    texts = [f"{name} = {value}" if named else value for name, value in given]
    return f"{chosen.name}({', '.join(texts)})"


def _called(scope: Scope, shape: Shape, depth: int, constant: bool) -> str | None:
    """An output of an instance that carries no state."""
    from .calls import applied

    if scope.kind == "model" or scope.under_bits:
        return None
    fitting = [
        (name, sort, output)
        for name, sort in scope.instances
        for output, found in sort.outputs
        if found == shape and not sort.stateful and scope.lent[0] + sort.qubits <= 3
    ]
    if not fitting:
        return None
    name, sort, output = scope.rng.choice(fitting)
    scope.lent[0] += sort.qubits
    call = applied(scope, name, sort, depth)
    return f"{call}.{output}" if len(sort.outputs) > 1 or scope.chance(0.3) else call


def _looked_up(scope: Scope, shape: Shape, depth: int, constant: bool) -> str | None:
    """A row of an array, by a label."""
    if not scope.labels or scope.kind == "model":
        return None
    label, k = scope.rng.choice(scope.labels)
    if shape == (k,) and scope.chance(0.4):
        return f"onehot({label}, {k})"
    table = [r.text for r in scope.reals if r.shape == (k, *shape)]
    return f"{scope.rng.choice(table)}[{label}]" if table else None


# --- parts --------------------------------------------------------------------------------------


def _index(name: str, n: int | str):
    from .scope import Whole

    assert isinstance(n, int)
    return Whole(name, 0, max(n - 1, 0))


def _entry(array, n, index):
    """A vector of length `n` inside a loop over it."""
    from .scope import Real

    return Real(f"{array.text}[{index}]", (), array.constant) if array.shape == (n,) else None
