"""Bad arguments get an error that names them; what is tiny gets none, whatever np.seterr says."""

import datetime
import decimal

import numpy as np
import pytest

import fastbp as bp

X = np.ones((4, 2))
LONG = "k" * 70_000


class Key:
    """Two of them look alike."""

    def __init__(self, number):
        self.number = number

    def __repr__(self):
        return "key"


def trainer(params=None):
    params = {"w": np.ones(2)} if params is None else params
    return bp.Trainer(lambda p, *data: sum(np.sum(x) for x in data), params=params, optimizer="sgd")


def holding_itself(kind):
    made = kind()
    if kind is list:
        made.append(made)
    else:
        made["w"] = made
    return made


REFUSED = {
    "fit of nothing": (
        lambda p: trainer().fit((), verbose=0),
        ValueError,
        "data must hold an array",
    ),
    "step of nothing": (lambda p: trainer().step(), ValueError, "data must hold an array"),
    "gradients of nothing": (
        lambda p: trainer().gradients(),
        ValueError,
        "data must hold an array",
    ),
    "evaluate of nothing": (
        lambda p: trainer().evaluate(()),
        ValueError,
        "data must hold an array",
    ),
    "no validation": (
        lambda p: trainer().fit(X, validation_data=(), verbose=0),
        ValueError,
        "validation_data must hold an array",
    ),
    "a huge parameter": (
        lambda p: trainer({"w": 10**400}),
        ValueError,
        r"params\['w'\] must be finite",
    ),
    "a huge argument": (
        lambda p: bp.grad(lambda x: x * 2.0)(10**400),
        ValueError,
        "argument 0 must be finite",
    ),
    "a huge number": (
        lambda p: bp.compile(lambda x: x * 10**400)(X),
        OverflowError,
        "an operand must be a number that a float can be",
    ),
    "keys that look alike": (
        lambda p: trainer({Key(1): 1.0, Key(2): 2.0}),
        ValueError,
        r"params must have names that can be told apart, got params\[key\] twice",
    ),
    "a long key": (
        lambda p: trainer({LONG: 1.0}).save(p / "t.npz"),
        ValueError,
        "the name of a parameter is too long for a file",
    ),
    "a list in itself": (
        lambda p: trainer(holding_itself(list)),
        ValueError,
        "params must not hold itself",
    ),
    "a dict in itself": (
        lambda p: trainer(holding_itself(dict)),
        ValueError,
        "params must not hold itself",
    ),
    "an argument in itself": (
        lambda p: bp.grad(lambda p: p[0])(holding_itself(list)),
        ValueError,
        "an argument must not hold itself",
    ),
    "units": (lambda p: bp.Dense(10**400), ValueError, "units must be a positive integer up to"),
    "n_iter": (
        lambda p: bp.optimize(lambda w: (w**2).sum(), X, lr=0.1, n_iter=2**70),
        ValueError,
        "n_iter must be a positive integer up to",
    ),
    "a time": (
        lambda p: bp.SGD(datetime.timedelta(1)),
        TypeError,
        "learning_rate must be a number",
    ),
    "NumPy's time": (
        lambda p: bp.SGD(np.timedelta64(1, "s")),
        TypeError,
        "learning_rate must be a number",
    ),
    "a decimal": (
        lambda p: bp.SGD(decimal.Decimal("0.1")),
        TypeError,
        "learning_rate must be a number",
    ),
    "a time as parameter": (
        lambda p: trainer(np.timedelta64(1, "s")),
        TypeError,
        "params must be a float",
    ),
    "a share": (
        lambda p: bp.datasets.train_test_split(X, X[:, 0], test_size="a"),
        TypeError,
        "test_size must be a share between 0 and 1, got 'a'",
    ),
    "a huge share": (
        lambda p: bp.datasets.train_test_split(X, X[:, 0], test_size=10**400),
        ValueError,
        "test_size must be a share between 0 and 1",
    ),
    "a path": (lambda p: bp.load("a\0b"), ValueError, "path must name a file"),
    "a path to save to": (lambda p: trainer().save("a\0b"), ValueError, "path must name a file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_named(name, tmp_path):
    call, kind, message = REFUSED[name]
    with pytest.raises(kind, match=message) as caught:
        call(tmp_path)
    assert len(str(caught.value)) < 400


def test_optimize_needs_no_data():
    assert bp.optimize(lambda w: (w**2).sum(), X, (), lr=0.1, n_iter=2)[1].shape == (2,)


def test_a_number_of_threads_with_many_digits(run_python):
    code = "import fastbp as bp; print(bp.get_num_threads())"
    for digits in ("9" * 5000, "1" + "0" * 5000, "0" * 5000 + "1"):
        done = run_python("-P", "-c", code, FASTBP_NUM_THREADS=digits)
        assert done.stdout.split()[-1:] in (["256"], ["1"]), done.stderr


ELEMENTWISE = [
    "sigmoid",
    "tanh",
    "relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "softplus",
    "softsign",
    "erf",
    "leaky_relu",
    "hard_sigmoid",
]
TINY = np.array([[1e-300, 1.0], [1e-310, 0.5], [5e-324, 0.0], [1e-40, 1.0]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tiny_numbers_raise_nothing(dtype, tmp_path):
    y = np.array([0.0, 1, 0, 1])
    with np.errstate(all="raise"):
        model = bp.Sequential([bp.Dense(3, "relu"), bp.Dense(1, "sigmoid")], dtype=dtype, seed=0)
        model.fit(TINY, y, loss="bce", epochs=2, verbose=0)
        model.predict(TINY)
        model.evaluate(TINY, y, loss="bce")
        trained = bp.Trainer(model, loss="bce")
        trained.step(TINY, y)
        trained.gradients(TINY, y)
        trained.save(tmp_path / "t.npz")
        bp.Trainer.load(tmp_path / "t.npz")
        params = {"w": np.full(2, 0.5, dtype), "b": 1e-310}
        bp.Trainer(lambda p, x: ((x @ p["w"] + p["b"]) ** 2).mean(), params=params).fit(
            TINY, verbose=0
        )
        bp.grad(lambda x, y: (x * y).sum())(np.ones(3, dtype), 1e-310)
        bp.compile(lambda x: x * 1e-200 * 1e-200)(np.ones(2, dtype))
        bp.optimize(lambda p: (p**2).sum(), TINY, lr=0.1, n_iter=3)
        for name in ELEMENTWISE:
            getattr(bp, name)(np.array([[-800.0, 1e-310, 800.0]]))
        for name in ("softmax", "log_softmax", "logsumexp"):
            getattr(bp, name)(np.array([[-800.0, 1e-310, 0.0]]))
        for loss in (bp.mse, bp.mae, bp.huber):
            loss(TINY, 2 * TINY[::-1])
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        np.array([1e-310]) * 1e-10  # the setting is one
