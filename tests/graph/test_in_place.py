"""In-place operators: the variable has what NumPy has there, and what NumPy would change is refused when used."""

import copy
import operator

import numpy as np
import pytest

import fastbp as bp

X = np.array([[1.0, 2.0, 4.0], [0.5, 3.0, 1.5]])
ROW = np.array([1.0, 2.0, 3.0])
W = np.array([[1.0, 0.5], [0.0, 2.0], [1.0, -1.0]])


def center(a):
    a -= a.mean()


def centered(a):
    a -= a.mean()
    return a


def standardised(a):
    a -= a.mean(axis=0)
    a /= a.std(axis=0) + 1
    return a


def net(x):
    h = x @ W
    h += ROW[:2]
    h = np.tanh(h)
    h *= 2
    return (h**2).sum()


def summed(x):
    total = 0.0
    rows = np.zeros(3)
    for row in x:
        total += (row**2).sum()
        rows = rows + row
        rows *= 0.5
    return total + rows.sum()


def of_copy(x, make):
    y = x * 2
    z = make(y)
    z += 1
    return (y * z).sum()


def of_parts(x, parts):
    y = x * 2
    a, b = parts(y)
    a *= b
    b = b + 1
    b **= 2
    return (a + b).sum()


def rows_alone(x):
    total = 0
    for row in x * 2:
        row /= row.sum() + 1
        total += (row**2).sum()
    return total


RIGHT = {
    "net": net,
    "loop": summed,
    "function that returns": lambda x: (centered(x * 2) ** 2).sum(),
    "several": lambda x: (standardised(x * 2) ** 2).sum(),
    "rows alone": rows_alone,
    "halves": lambda x: of_parts(x, lambda y: (y[:1], y[1:])),
    "rows": lambda x: of_parts(x, lambda y: y),
    "columns": lambda x: of_parts(x, lambda y: (y[:, 0], y[:, 1])),
    "split": lambda x: of_parts(x, lambda y: np.split(y, 2)),
    "split, moved": lambda x: of_parts(x, lambda y: np.split(y.T, 3)[:2]),
    "unused before": lambda x: (lambda y: operator.iadd(y, 1))(x * 2).sum(),
}


def accumulated(x, first, other):
    y = x * 2
    total = first(y)
    total += other(y)
    total *= 0.5
    total -= other(y)[::-1]
    return (total**2).sum()


RIGHT |= {
    "rows, added up": lambda x: accumulated(x, lambda y: y[0], lambda y: y[1]),
    "columns, added up": lambda x: accumulated(x, lambda y: y[:, 0], lambda y: y[:, 2]),
    "parts of a part": lambda x: accumulated(x, lambda y: y.T[1:][0], lambda y: y[:, [0, 2]][:, 1]),
    "numbers": lambda x: accumulated(x, lambda y: y[0, :2], lambda y: y[1, 2:]),
}
COPIES = {
    "copy": lambda y: y.copy(),
    "np.copy": np.copy,
    "copy.copy": copy.copy,
    "deepcopy": lambda y: copy.deepcopy([y, 1])[0],
    "+": lambda y: +y,
    "np.positive": np.positive,
    "astype": lambda y: y.astype(float),
    "flatten": lambda y: y.flatten().reshape(y.shape),
    "fancy": lambda y: y[[0, 1]],
    "mask": lambda y: y[:, np.array([True] * 3)],
    "take": lambda y: np.take(y, [0, 1], axis=0),
    "concatenate": lambda y: np.concatenate([y]),
    "tile": lambda y: np.tile(y, (1, 1)),
    "roll": lambda y: np.roll(y, 0),
    "repeat": lambda y: y.repeat(1, axis=0),
    "prod": lambda y: y[None].prod(axis=0),
    "sum": lambda y: y[None].sum(axis=0),
    "+ 0": lambda y: y + 0,
}
RIGHT |= {name: lambda x, make=make: of_copy(x, make) for name, make in COPIES.items()}


@pytest.mark.parametrize("name", RIGHT)
def test_numpys_value_and_slopes(name):
    f = RIGHT[name]
    x = X.copy()
    np.testing.assert_allclose(bp.compile(f)(x), f(X.copy()), rtol=1e-12)
    slopes = bp.grad(f)(x)
    numeric = np.empty_like(X)
    for i in np.ndindex(*X.shape):
        step = np.zeros_like(X)
        step[i] = 1e-6
        numeric[i] = (f(X + step) - f(X - step)) / 2e-6
    np.testing.assert_allclose(slopes, numeric, rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(x, X)


def used(x, change, use):
    y = x * 2
    change(y)
    return use(y)


def view(make):
    def change(y):
        z = make(y)
        z += 1

    return change


CHANGES = {
    "a function": center,
    "another name": lambda y: operator.iadd(y, 1),
    "twice": lambda y: operator.imul(operator.iadd(y, 1), 2),
    "row": view(lambda y: y[0]),
    "last row": view(lambda y: y[-1]),
    "slice": view(lambda y: y[:, 1:]),
    "slice of a slice": view(lambda y: y[:, 1:][0]),
    "transposed": view(lambda y: y.T),
    "reshaped": view(lambda y: y.reshape(-1)),
    "raveled": view(lambda y: y.ravel()),
    "np.ravel": view(np.ravel),
    "turned": view(lambda y: np.rot90(y)),
    "flipped": view(lambda y: y[::-1]),
    "new axis": view(lambda y: y[None]),
    "squeezed": view(lambda y: np.squeeze(y)),
    "same shape": view(lambda y: y.reshape(2, 3)),
    "all": view(lambda y: y[:]),
    "moved axes": view(lambda y: np.moveaxis(y, 0, 1)),
    "split": view(lambda y: np.split(y, 2)[1]),
    "unpacked": view(lambda y: next(iter(y))),
}
USES = {
    "operator": lambda y: (y**2).sum(),
    "on the right": lambda y: (X + y).sum(),
    "of a node": lambda y: (bp.relu(X * np.sin(0.0)) + y).sum(),
    "function": lambda y: np.tanh(y).sum(),
    "np.sum": lambda y: np.sum(y),
    "method": lambda y: y.sum(),
    "stack": lambda y: np.stack([X, y]).sum(),
    "index": lambda y: y[0].sum(),
    "fancy index": lambda y: y[[1, 0]].sum(),
    "index of a node": lambda y: y[np.argsort(X[:, 0] + 0 * np.sin(X[:, 1]))].sum(),
    "loop": lambda y: sum(row.sum() for row in y),
    "comparison": lambda y: (y > 1).sum() * 1.0,
    "matmul": lambda y: (y @ W).sum(),
    "bp": lambda y: bp.silu(y).sum(),
    "bp.erf": lambda y: bp.erf(y).sum(),
    "bp.sigmoid": lambda y: bp.sigmoid(y).sum(),
    "loss": lambda y: bp.mse(y, X),
    "astype": lambda y: y.astype(np.float32).sum(),
    "where": lambda y: np.where(X > 1, y, 0).sum(),
    "in place": lambda y: operator.iadd(y, 1).sum(),
    "copy": lambda y: y.copy().sum(),
    "inner": lambda y: bp.grad(lambda z: (z**2).sum())(y).sum(),
    "inner compile": lambda y: bp.compile(lambda z: (z**2).sum())(y),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("transform", [bp.compile, bp.grad])
def test_a_changed_array_is_refused(change, transform):
    with pytest.raises(TypeError, match=r"changed in place \(test_in_place.py, line \d+: .*"):
        transform(lambda x: used(x, change, lambda y: (y**2).sum()))(X)


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_each_use_is_refused(use):
    message = (
        r"changed in place \(test_in_place.py, line \d+: a -= a.mean\(\)\) is .* Write a = a - "
    )
    with pytest.raises(TypeError, match=message):
        bp.compile(lambda x: used(x, center, use))(X)


@pytest.mark.parametrize("result", [lambda y: y, lambda y: {"a": [y]}])
def test_it_is_not_returned(result):
    with pytest.raises(TypeError, match=r"a -= a.mean\(\)\) is returned"):
        bp.compile(lambda x: used(x, center, result))(X)


def test_nor_differentiated():
    with pytest.raises(TypeError, match=r"a -= a.mean\(\)\) is returned"):
        bp.jacobian(lambda x: used(x, center, lambda y: y))(X)


def test_views_made_before():
    def f(x, which):
        y = x * 2
        views = {
            "row": y[0],
            "other": y[1],
            "turned": y.T,
            "flat": y.reshape(-1)[1:],
            "copy": y[[0]],
        }
        first = y[0]
        first += 1
        return (views[which] ** 2).sum() + first.sum()

    for which in ("row", "turned", "flat"):
        with pytest.raises(TypeError, match="first \\+= 1"):
            bp.compile(f)(X, which)
    for which in ("other", "copy"):
        y = X * 2
        wanted = (y[1 if which == "other" else 0] ** 2).sum() + (y[0] + 1).sum()
        assert bp.compile(f)(X, which) == wanted


def test_an_argument_that_is_changed_and_used():
    def f(x):
        y = x
        y += 1
        return (x * y).sum()

    with pytest.raises(TypeError, match=r"y \+= 1"):
        bp.grad(f)(X)


def test_inner_gradients_of_what_was_changed():
    def f(x):
        y = x * 2
        t = np.tanh(y) * y
        y *= x
        y /= 3
        inner = bp.grad(lambda z: (z**2 * t).sum())(y)
        return (inner * t).sum() + (t * y).sum()

    def plain(x):
        y = x * 2
        t = np.tanh(y) * y
        z = y * x / 3
        inner = bp.grad(lambda z: (z**2 * t).sum())(z)
        return (inner * t).sum() + (t * z).sum()

    np.testing.assert_allclose(bp.grad(f)(X), bp.grad(plain)(X), rtol=1e-13)
    np.testing.assert_allclose(bp.hessian(f)(X), bp.hessian(plain)(X), rtol=1e-12)
    assert str(bp.trace(f, X).output.value)


def test_steps_of_an_inner_descent():
    def loss(w, x):
        return ((x @ w) ** 2).sum()

    def f(w, x):
        w = w.copy()
        for _ in range(3):
            w -= 0.01 * bp.grad(loss)(w, x)
        return loss(w, x)

    def plain(w, x):
        for _ in range(3):
            w = w - 0.01 * bp.grad(loss)(w, x)
        return loss(w, x)

    np.testing.assert_allclose(bp.grad(f)(ROW, X), bp.grad(plain)(ROW, X), rtol=1e-13)


def test_a_trainer():
    def loss(p, x):
        h = x @ p["W"]
        h += p["b"]
        h = np.tanh(h)
        return (h**2).mean()

    params = {"W": W, "b": ROW[:2]}
    trainer = bp.Trainer(loss, params=params, seed=1)
    _, slopes = trainer.gradients(X)
    wanted = bp.grad(loss)(params, X)
    np.testing.assert_allclose(slopes["params['W']"], wanted["W"], rtol=1e-12)

    with pytest.raises(TypeError, match="changed in place"):
        bp.Trainer(lambda p, x: used(x @ p["W"], center, np.mean), params=params).gradients(X)


# ------------------------------------------------------------ shapes and dtypes

PAIRS = [
    ("float64", "float32"), ("float32", "float64"), ("float32", "int64"), ("int64", "float64"),
    ("int64", "int32"), ("int32", "int64"), ("bool", "float64"), ("uint8", "int64"), ("int64", "bool"),
]  # fmt: skip
SYMBOLS = {
    "+=": operator.iadd, "-=": operator.isub, "*=": operator.imul, "/=": operator.itruediv,
    "//=": operator.ifloordiv, "%=": operator.imod, "**=": operator.ipow, "&=": operator.iand,
    "|=": operator.ior, "^=": operator.ixor, "<<=": operator.ilshift, ">>=": operator.irshift,
}  # fmt: skip


@pytest.mark.parametrize(("left", "right"), PAIRS)
@pytest.mark.parametrize("change", SYMBOLS.values(), ids=SYMBOLS.keys())
@pytest.mark.parametrize("number", [False, True])
def test_dtypes_are_numpys(left, right, change, number):
    a, b = np.array([3, 1, 1]).astype(left), np.array([2, 1, 1]).astype(right)
    b = b[0].item() if number else b
    try:
        wanted = change(a.copy(), b)
    except TypeError:
        with pytest.raises(TypeError):
            bp.compile(change)(a, b)
        return
    found = bp.compile(change)(a, b)
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("other", [np.ones((2, 3)), np.ones((1, 3))])
def test_shapes_are_numpys(other):
    with pytest.raises(ValueError, match="non-broadcastable output operand with shape") as numpys:
        operator.iadd(ROW.copy(), other)
    with pytest.raises(ValueError, match="non-broadcastable") as found:
        bp.compile(operator.iadd)(ROW, other)
    assert str(numpys.value) in str(found.value)


def test_matmul():
    np.testing.assert_allclose(bp.compile(operator.imatmul)(X, np.eye(3) * 2), 2 * X)
    with pytest.raises(ValueError, match="non-broadcastable"):
        bp.compile(operator.imatmul)(X, W)


def test_whole_numbers():
    i = np.array([1, 2, 3, 4])

    def used_later(i, view):
        j = view(i)
        j += 1
        return i * 2

    for view in (lambda i: i, lambda i: i[1:], lambda i: i.reshape(2, 2), np.flip):
        with pytest.raises(TypeError, match=r"j \+= 1"):
            bp.compile(used_later)(i, view)
    for view in (lambda i: i.copy(), lambda i: i[[0, 1]], np.copy, lambda i: i * 1):
        np.testing.assert_array_equal(bp.compile(used_later)(i, view), i * 2)


def test_numbers_are_bound_anew():
    def f(x):
        y = x.sum()
        z = y
        z += 1
        z *= 2
        return y * z

    assert bp.compile(f)(X) == 12 * 26
