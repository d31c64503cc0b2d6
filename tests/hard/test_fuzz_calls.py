"""Public calls with one argument that is odd: refused by name before anything starts, or accepted and right."""

from __future__ import annotations

import copy
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import odd_values
import pytest
from seeded import Numbers

import fastbp as bp
from fastbp.transforms import GradientError

N, WIDTH = 24, 3
DATA = np.random.default_rng(0)
X = DATA.normal(size=(N, WIDTH))
Y = (X[:, :1] > 0).astype(float)
LABELS = DATA.integers(0, 3, N)
SHARES = abs(X) / abs(X).sum(1, keepdims=True)
DTYPES = "float32", "float64"

# Other words by which a message may call an argument.
ALSO = {
    "X": ["features", "columns"],
    "xb": ["X", "batch"],
    "yb": ["y", "targets", "batch"],
    "y": ["targets"],
    "first": [r"data\[0\]"],
    "second": [r"data\[1\]"],
    "part": ["validation_data"],
    "metrics": ["metric"],
    "target": ["class indices", "targets"],
    "layers": ["layer"],
    "model": ["params"],
    "value": ["0.weight"],
}
# What goes to a function of the user's, or is one: any of its operations may refuse it.
_OF_TRANSFORMS = {"w", "x", "v", "function"}
INSIDE = {
    "transforms": _OF_TRANSFORMS,
    "hvp": _OF_TRANSFORMS,
    "trace": _OF_TRANSFORMS,
    "a_parameter": _OF_TRANSFORMS,
    "check_grad": _OF_TRANSFORMS,
    "transforms_of": {"function"},
    "optimize": {"loss", "params", "data"},
    "trainer_of_a_function": {"loss", "params"},
    "fit_of_a_function": {"first", "second"},
    "step_of_a_function": {"first", "second"},
    "data_of_a_function": {"data"},
    "fit_with_validation": {"loss"},
    "activations": {"x"},
}
AMOUNTS = (
    "epochs",
    "n_iter",
    "units",
    "n_samples",
    "n_features",
    "threads",
    "n",
)  # large ones are meant, and take long
ALLOWED = ValueError, TypeError, IndexError, MemoryError, bp.DivergenceError, GradientError
INNER = re.compile(
    "'NoneType'|object has no attribute|unpack|not supported between|unhashable|KeyError|unexpected keyword|"
    "not iterable|not subscriptable|must be str, not|object is not callable|required field|can't convert|"
    "could not be broadcast|^setting an array element|recursion"
)


def network(numbers: Any, last: str = "sigmoid", units: int = 1) -> Any:
    layers = [bp.Dense(4, numbers.choice(["relu", "tanh"])), bp.Dense(units, last)]
    return bp.Sequential(layers, dtype=numbers.choice(DTYPES), seed=0)


def trained(numbers: Any) -> Any:
    trainer = bp.Trainer(
        network(numbers), loss="bce", optimizer=numbers.choice(["adam", bp.SGD(0.1, momentum=0.9)])
    )
    if numbers.random() < 0.7:
        trainer.step(X, Y)
    return trainer


def loss_of(params: Any, x: Any, y: Any) -> Any:
    return bp.bce_with_logits(np.tanh(x @ params["w"]) @ params["u"] + params["b"], y)


def params(numbers: Any) -> dict[str, Any]:
    return {"w": np.full((WIDTH, 2), 0.5), "u": np.ones((2, 1)), "b": 0.5}


def of_function(numbers: Any) -> Any:
    return bp.Trainer(loss_of, params=params(numbers), optimizer=bp.SGD(0.1), seed=0)


def options(numbers: Any) -> dict[str, Any]:
    return {
        "epochs": 2,
        "batch_size": 8,
        "shuffle": True,
        "verbose": 0,
        "threads": 1,
        "validation_data": None,
    }


Target = Callable[[Any], tuple[Callable[..., Any], dict[str, Any], Any]]
TARGETS: dict[str, Target] = {}


def target(function: Target) -> Target:
    """A public call: makes what is called, good arguments, and the object whose state a refusal must leave alone."""
    TARGETS[function.__name__] = function
    return function


@target
def fit(numbers):
    model = network(numbers)
    more = {"loss": "bce", "optimizer": "adam", "metrics": "accuracy"}
    return model.fit, {"X": X, "y": Y, **options(numbers), **more}, model


@target
def fit_of_classes(numbers):
    model = network(numbers, "softmax", 3)
    return model.fit, {"X": X, "y": LABELS, "loss": "cross_entropy", **options(numbers)}, model


@target
def fit_with_validation(numbers):
    model = network(numbers)
    data = [X, Y]
    which = numbers.randrange(2)
    given = data.pop(which)

    def call(part, **more):
        pair = (part, *data) if which == 0 else (*data, part)
        return model.fit(X, Y, loss="bce", verbose=0, validation_data=pair, **more)

    return call, {"part": given, "epochs": 2}, model


@target
def predict(numbers):
    model = network(numbers)
    model.build(WIDTH)
    return model.predict, {"X": X, "threads": 1}, model


@target
def evaluate(numbers):
    model = network(numbers)
    model.build(WIDTH)
    return (
        model.evaluate,
        {"X": X, "y": Y, "loss": "bce", "metrics": "accuracy", "threads": 1},
        model,
    )


@target
def build(numbers):
    model = network(numbers)
    return model.build, {"n_features": 3}, model


@target
def step(numbers):
    trainer = trained(numbers)
    return trainer.step, {"xb": X, "yb": Y}, trainer


@target
def gradients(numbers):
    trainer = trained(numbers)
    return trainer.gradients, {"xb": X, "yb": Y}, trainer


@target
def trainer_fit(numbers):
    trainer = trained(numbers)
    return trainer.fit, {"X": X, "y": Y, **options(numbers), "metrics": "accuracy"}, trainer


@target
def trainer_evaluate(numbers):
    trainer = trained(numbers)
    return trainer.evaluate, {"X": X, "y": Y, "metrics": "accuracy", "threads": 2}, trainer


@target
def trainer(numbers):
    return (
        bp.Trainer,
        {"model": network(numbers), "loss": "bce", "optimizer": "adam", "metrics": "accuracy"},
        None,
    )


@target
def trainer_of_a_function(numbers):
    def call(loss, **more):
        return bp.Trainer(loss, **more)

    return call, {"loss": loss_of, "params": params(numbers), "optimizer": "sgd", "seed": 1}, None


@target
def a_parameter(numbers):
    def call(w):
        made = bp.Trainer(loss_of, params={**params(numbers), "w": w}, optimizer="sgd")
        made.step(X, Y)
        return made

    return call, {"w": params(numbers)["w"]}, None


@target
def fit_of_a_function(numbers):
    trainer = of_function(numbers)

    def call(first, second, **more):
        return trainer.fit((first, second), **more)

    return call, {"first": X, "second": Y, **options(numbers)}, trainer


@target
def data_of_a_function(numbers):
    trainer = of_function(numbers)
    method = getattr(trainer, numbers.choice(["fit", "evaluate"]))
    return method, {"data": (X, Y)}, trainer


@target
def step_of_a_function(numbers):
    trainer = of_function(numbers)
    method = getattr(trainer, numbers.choice(["step", "gradients"]))
    return lambda first, second: method(first, second), {"first": X, "second": Y}, trainer


@target
def optimize(numbers):
    data = {
        "params": {"w": np.ones(WIDTH)},
        "data": (X, Y[:, 0]),
        "lr": 0.1,
        "n_iter": 3,
        "threads": 1,
    }
    return bp.optimize, {"loss": lambda p, x, y: ((x @ p["w"] - y) ** 2).mean(), **data}, None


@target
def dense(numbers):
    return bp.Dense, {"units": 3, "activation": "relu"}, None


@target
def sequential(numbers):
    layers = [bp.Dense(2, "tanh"), bp.Dense(1)]

    def call(**given):
        model = bp.Sequential(**given)
        model.build(WIDTH)
        return model

    return call, {"layers": layers, "dtype": "float32", "seed": 3}, None


@target
def sgd(numbers):
    return bp.SGD, {"learning_rate": 0.1, "momentum": 0.5, "nesterov": True}, None


@target
def adam(numbers):
    return bp.Adam, {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-7}, None


@target
def losses(numbers):
    name = numbers.choice(["bce", "bce_with_logits", "mse", "mae", "huber"])
    given = {"prediction": SHARES[:, :1].copy(), "target": Y}
    return getattr(bp, name), given | ({"delta": 0.5} if name == "huber" else {}), None


@target
def losses_of_classes(numbers):
    name = numbers.choice(["cross_entropy", "cross_entropy_with_logits"])
    return getattr(bp, name), {"prediction": SHARES, "target": LABELS, "label_smoothing": 0.1}, None


@target
def activations(numbers):
    name = numbers.choice(
        [
            "elu",
            "erf",
            "gelu",
            "hard_sigmoid",
            "leaky_relu",
            "log_softmax",
            "logsumexp",
            "relu",
            "selu",
            "sigmoid",
            "silu",
            "softmax",
            "softplus",
            "softsign",
            "tanh",
        ]
    )
    more = {
        "elu": {"alpha": 0.5},
        "leaky_relu": {"negative_slope": 0.1},
        "log_softmax": {"axis": 0},
        "logsumexp": {"axis": 1, "keepdims": True},
    }
    return getattr(bp, name), {"x": X} | more.get(name, {}), None


@target
def transforms(numbers):
    def f(w, x):
        return (np.tanh(x @ w) ** 2).sum()

    name = numbers.choice(
        ["grad", "value_and_grad", "compile", "hessian", "jacobian", "per_sample_grad"]
    )
    made = getattr(bp, name)(f)
    return lambda w, x: made(w, x), {"w": np.ones(WIDTH), "x": X}, None


@target
def transforms_of(numbers):
    name = numbers.choice(["grad", "value_and_grad", "jacobian"])

    def call(function, argnums):
        return getattr(bp, name)(function, argnums)(np.ones(WIDTH), X)

    return call, {"function": lambda w, x: (np.tanh(x @ w) ** 2).sum(), "argnums": 0}, None


@target
def hvp(numbers):
    made = bp.hvp(lambda w: (np.tanh(X @ w) ** 2).sum())
    return lambda w, v: made(w, v), {"w": np.ones(WIDTH), "v": np.ones(WIDTH)}, None


@target
def check_grad(numbers):
    given = {"argnums": 0, "step": 1e-5, "rtol": 1e-3, "atol": 1e-6, "seed": 0}

    def call(function, w, **more):
        return bp.check_grad(function, w, **more)

    return (
        call,
        {"function": lambda w: (np.tanh(X @ w) ** 2).sum(), "w": np.ones(WIDTH), **given},
        None,
    )


@target
def trace(numbers):
    def call(function, w):
        return bp.trace(function, w).output.value

    return call, {"function": lambda w: (w * w).sum(), "w": np.ones(2)}, None


@target
def datasets(numbers):
    name = numbers.choice(["make_moons", "make_xor", "make_regression"])
    more = {"n_features": 3} if name == "make_regression" else {}
    return getattr(bp.datasets, name), {"n_samples": 20, "noise": 0.1, "seed": 1, **more}, None


@target
def train_test_split(numbers):
    return bp.datasets.train_test_split, {"X": X, "y": Y, "test_size": 0.25, "seed": 1}, None


@target
def standardize(numbers):
    return bp.datasets.standardize, {"train": X, "test": X + 1}, None


@target
def set_num_threads(numbers):
    def call(n):
        try:
            bp.set_num_threads(n)
            return bp.get_num_threads()
        finally:
            bp.set_num_threads(None)

    return call, {"n": 2}, None


@target
def loads(numbers):
    function = numbers.choice([bp.load, bp.Trainer.load])

    def call(path):
        return "nothing to load" if path is good else function(path)

    good = "a path"
    return call, {"path": good}, None


@target
def assigned(numbers):
    trainer = trained(numbers)
    trainer.model.build(WIDTH)

    def call(value):
        trainer.model.parameters["0.weight"] = value
        return trainer

    return call, {"value": np.ones((WIDTH, 4))}, trainer


def digest(value: Any) -> Any:
    """The numbers of a result or of an object, to compare."""
    if isinstance(value, np.generic | float | int | str | bool | None):
        return type(value).__name__, repr(value) if isinstance(value, str | None) else np.asarray(
            value
        )
    if isinstance(value, bp.Trainer | bp.Sequential):
        return state(value)
    if isinstance(value, Mapping):
        return [(key, digest(each)) for key, each in value.items()]
    if isinstance(value, list | tuple):
        return [digest(each) for each in value]
    return value if isinstance(value, np.ndarray) else repr(value)


def alike(one: Any, other: Any) -> bool:
    """Whether two digests are the same, to the rounding of sums in another order."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if not isinstance(one, np.ndarray):
        return type(one) is type(other) and one == other
    same = one.dtype == other.dtype.newbyteorder(one.dtype.byteorder) and one.shape == other.shape
    if same and one.dtype.kind in "fc":
        return np.allclose(
            one, other, rtol=1e-5 if one.dtype.itemsize == 4 else 1e-12, atol=0, equal_nan=True
        )
    return same and np.array_equal(one, other)


def state(subject: Any) -> Any:
    """What a refused call must leave as it was."""
    if subject is None:
        return None
    model = subject if isinstance(subject, bp.Sequential) else getattr(subject, "model", None)
    try:
        values = dict(model.parameters) if model is not None else subject.params
    except RuntimeError:  # not built yet
        values = None
    values = copy.deepcopy(values)
    return digest([values, getattr(subject, "steps", 0), dict(subject.history or {})])


def plain(value: Any, good: Any) -> Any:
    """The plain value that an accepted odd one stands for; itself where there is none."""
    try:
        if isinstance(good, np.ndarray) and not isinstance(value, np.generic):
            found = np.asarray(value)
            if found.dtype.kind not in "biufc":
                return value
            return np.array(found.astype(found.dtype.newbyteorder("=")), order="C")
        if isinstance(good, bool):
            return bool(value)
        if isinstance(good, int):
            return operator.index(value)
        if isinstance(good, float):
            return float(value)
    except Exception:
        pass
    return value


def outcome(name: str, seed: object, changes: Mapping[str, Any]) -> tuple[Any, Any, Any, Any]:
    """Call a target with some arguments changed: the result's digest, the error, and the state before and after."""
    numbers = type(seed)(seed.started)
    call, given, subject = TARGETS[name](numbers)
    if subject is not None and numbers.random() < 0.5 and isinstance(subject, bp.Sequential):
        subject.build(WIDTH)
    before = state(subject)
    try:
        result = call(**{**given, **changes})
    except BaseException as error:
        return None, error, before, state(subject)
    return digest([result, state(subject)]), None, before, state(subject)


def judge(name: str, seed: Any) -> str | None:
    """What is wrong with a round; None where nothing is."""
    numbers = type(seed)(seed.started)
    _, given, _ = TARGETS[name](numbers)
    argument = numbers.choice(list(given))
    value_numbers = numbers.randrange(1 << 30)

    def value():
        own = type(seed)(value_numbers)
        while True:
            made = odd_values.odd_value(own, given[argument])
            if argument == "seed" and made is None:  # draws one
                continue
            if argument not in AMOUNTS or not isinstance(made, int) or not 1000 < made < 2**63:
                return made

    what = f"{name}({argument}={odd_values.shown(value())})"
    odd = value()
    result, error, before, after = outcome(name, seed, {argument: odd})
    if error is None:
        again, error, *_ = outcome(name, seed, {argument: plain(value(), given[argument])})
        if error is not None:
            return f"{what}: accepted, but its plain form is not: {error!r}"
        return (
            None if alike(again, result) else f"{what}: other numbers than those of its plain form"
        )
    inside = argument in INSIDE.get(name, ())
    if isinstance(error, odd_values.Raised) or (inside and not isinstance(error, RecursionError)):
        return None
    text = str(error)
    if argument == "path" and isinstance(error, OSError):
        return None
    if not isinstance(error, ALLOWED):
        return f"{what}: {type(error).__name__}: {text[:200]}"
    words = [argument, *ALSO.get(argument, [])]
    if not isinstance(error, MemoryError | bp.DivergenceError | GradientError) and not any(
        re.search(rf"\b{word}", text) for word in words
    ):
        return f"{what}: does not name {argument}: {type(error).__name__}: {text[:300]}"
    if INNER.search(text):
        return f"{what}: an inner text: {type(error).__name__}: {text[:300]}"
    if len(text) > 600:
        return f"{what}: a message of {len(text)} characters: {text[:200]}"
    if not alike(before, after) and not isinstance(error, bp.DivergenceError):
        return f"{what}: refused, but something had begun: {text[:200]}"
    return None


@pytest.mark.filterwarnings("ignore")
def test_odd_arguments(rounds):
    for numbers in rounds(3000):
        wrong = judge(numbers.choice(list(TARGETS)), numbers)
        assert wrong is None, f"{wrong} ({numbers!r})"


@pytest.mark.parametrize("name", TARGETS)
def test_good_calls_are_accepted_and_repeatable(name):
    for seed in range(4):
        result, error, *_ = outcome(name, Numbers(seed), {})
        assert error is None, f"--seed {seed}: {error!r}"
        assert alike(result, outcome(name, Numbers(seed), {})[0]), f"--seed {seed}"


@pytest.mark.parametrize(
    ("name", "argument", "fault"),
    [
        ("predict", "threads", lambda X, threads: np.asarray(X)[:, :1] * int(float(threads))),
        ("sgd", "momentum", lambda learning_rate, momentum, nesterov: momentum + 1),
        ("build", "n_features", lambda n_features: range(n_features)),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_fault_is_found(name, argument, fault, monkeypatch):
    """A call that takes anything, or whose errors name nothing, does not pass."""
    make = TARGETS[name]
    monkeypatch.setitem(TARGETS, name, lambda numbers: (fault, *make(numbers)[1:]))
    assert any(judge(name, Numbers(seed)) for seed in range(200))
