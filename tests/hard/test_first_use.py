"""Every public name as the first thing that a process uses, from one thread and from many; files and pickles alike."""

import pickle
import pkgutil

import numpy as np
import pytest

import fastbp as bp

# An expression for each name, that is true.
X = "np.array([[0.5, -1.0], [2.0, 0.25]])"
USES = {
    "SGD": "bp.SGD(0.1).learning_rate == 0.1",
    "Adam": "bp.Adam().n_state == 2",
    "Dense": "bp.Sequential([bp.Dense(2), bp.Dense(1)]).predict(X).shape == (2, 1)",
    "DivergenceError": "issubclass(bp.DivergenceError, Exception)",
    "History": "len(bp.History()) == 0",
    "Sequential": "bp.Sequential([bp.Dense(2)]).fit(X, X, loss='mse', verbose=0)['loss'][0] > 0",
    "Trace": "bp.Trace.__name__ == 'Trace'",
    "Trainer": "bp.Trainer(lambda p, x: ((x @ p) ** 2).mean(), params=np.ones(2)).fit(X, verbose=0)['loss'][0] > 0",
    "bce": "bp.bce(abs(X) / 3, X > 0) > 0",
    "bce_with_logits": "bp.bce_with_logits(X, X > 0) > 0",
    "check_grad": "bp.check_grad(lambda x: (x**2).sum(), X) < 1e-5",
    "compile": "bp.compile(lambda x: x * 2)(X)[1, 0] == 4",
    "cross_entropy": "bp.cross_entropy(abs(X) / abs(X).sum(1, keepdims=True), np.array([0, 1])) > 0",
    "cross_entropy_with_logits": "bp.cross_entropy_with_logits(X, np.array([0, 1])) > 0",
    "datasets": "bp.datasets.make_moons(10, seed=0)[0].shape == (10, 2)",
    "elu": "bp.elu(X)[1, 0] == 2",
    "erf": "bp.erf(X)[0, 0] > 0.5",
    "gelu": "bp.gelu(X)[1, 0] > 1.9",
    "get_num_threads": "bp.get_num_threads() >= 1",
    "grad": "bp.grad(lambda x: (x**2).sum())(X)[1, 0] == 4",
    "hard_sigmoid": "bp.hard_sigmoid(X)[0, 0] > 0.5",
    "hessian": "bp.hessian(lambda x: (x**2).sum())(X[0])[0, 0] == 2",
    "huber": "bp.huber(X, X) == 0",
    "hvp": "bp.hvp(lambda x: (x**2).sum())(X, X)[0, 0] == 1",
    "jacobian": "bp.jacobian(lambda x: x * x)(X[0])[0, 0] == 1",
    "kernels": "bp.kernels.total(np.ones(3)) == 3",
    "leaky_relu": "bp.leaky_relu(X)[0, 1] > -1",
    "load": "bp.load(FOLDER + '/model.npz').predict(X).shape == (2, 1)",
    "log_softmax": "bp.log_softmax(X)[0, 0] < 0",
    "logsumexp": "bp.logsumexp(X) > 2",
    "mae": "bp.mae(X, X) == 0",
    "mse": "bp.mse(X, X) == 0",
    "optimize": "bp.optimize(lambda p: (p**2).sum(), X, lr=0.1, n_iter=2) is not None",
    "per_sample_grad": "bp.per_sample_grad(lambda w, x: (x @ w).sum())(np.ones(2), X).shape == (2, 2)",
    "relu": "bp.relu(X)[0, 1] == 0",
    "selu": "bp.selu(X)[1, 0] > 2",
    "set_num_threads": "bp.set_num_threads(1) is None",
    "show_config": "'kernels' in str(bp.show_config())",
    "sigmoid": "bp.sigmoid(X)[0, 0] > 0.5",
    "silu": "bp.silu(X)[1, 0] > 1",
    "softmax": "bp.softmax(X).sum() == 2",
    "softplus": "bp.softplus(X)[0, 0] > 0",
    "softsign": "bp.softsign(X)[1, 0] > 0.5",
    "tanh": "bp.tanh(X)[1, 0] > 0.9",
    "trace": "'x * 2' in str(bp.trace(lambda x: (x * 2).sum(), 3.0))",
    "value_and_grad": "bp.value_and_grad(lambda x: (x**2).sum())(X)[0] == (X**2).sum()",
}
# What reads a file or a pickle, in a process that has seen nothing of what is in it.
READS = {
    "bp.load of a model": "bp.load(FOLDER + '/model.npz').predict(X).shape == (2, 1)",
    "bp.load of a trainer": "bp.load(FOLDER + '/trainer.npz').predict(X).shape == (2, 1)",
    "Trainer.load": "bp.Trainer.load(FOLDER + '/trainer.npz').step(X, X[:, :1] > 0) > 0",
    "training.Trainer.load": "bp.training.Trainer.load(FOLDER + '/trainer.npz').steps == 1",
    "Trainer.load of a function's": (
        "bp.Trainer.load(FOLDER + '/function.npz', loss=lambda p, x: (x @ p).sum() ** 2, params=np.ones(2)).steps == 1"
    ),
    "a pickled model": "pickle.load(open(FOLDER + '/model.pickle', 'rb')).predict(X).shape == (2, 1)",
    "a pickled trainer": "pickle.load(open(FOLDER + '/trainer.pickle', 'rb')).step(X, X[:, :1] > 0) > 0",
    "a pickled trainer of a function": "pickle.load(open(FOLDER + '/function.pickle', 'rb')).steps == 1",
    "a pickled transform": "(pickle.load(open(FOLDER + '/transform.pickle', 'rb'))(X[0]) == 1).all()",
    "a pickled optimizer": "pickle.load(open(FOLDER + '/optimizer.pickle', 'rb')).learning_rate == 0.5",
    "a pickled history": "len(pickle.load(open(FOLDER + '/history.pickle', 'rb'))['loss']) == 1",
}
ALONE = f"""
import pickle
import numpy as np
import fastbp as bp
X, FOLDER = {X}, FOLDER_
print(bool(USE))
"""
TOGETHER = f"""
import sys, threading, pickle
import numpy as np
import fastbp as bp
X, FOLDER, bad = {X}, FOLDER_, []
uses = USES_
start = threading.Barrier(len(uses))
sys.setswitchinterval(1e-6)

def use(expression):
    start.wait()
    try:
        assert eval(expression), "false"
    except BaseException as error:
        bad.append((expression, repr(error)))

threads = [threading.Thread(target=use, args=(each,)) for each in uses]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(bad)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A file and a pickle of each kind."""
    folder = tmp_path_factory.mktemp("files")
    x = np.array([[0.5, -1.0], [2.0, 0.25]])
    model = bp.Sequential([bp.Dense(3, "relu"), bp.Dense(1, "sigmoid")], seed=0)
    trainer = bp.Trainer(model, loss="bce")
    trainer.step(x, x[:, :1] > 0)
    other = bp.Trainer(lambda p, x: ((x @ p) ** 2).mean(), params=np.ones(2), optimizer="sgd")
    other.step(x)
    other.save(folder / "function.npz")
    model.save(folder / "model.npz")
    trainer.save(folder / "trainer.npz")
    function = bp.Trainer(bp.mse, params=np.zeros((2, 2)), optimizer="sgd")
    function.step(x)
    pickles = {
        "model": model,
        "trainer": trainer,
        "function": function,
        "transform": bp.grad(np.sum),
        "optimizer": bp.SGD(0.5),
        "history": model.fit(x, x[:, :1] > 0, loss="bce", verbose=0),
    }
    for name, value in pickles.items():
        (folder / f"{name}.pickle").write_bytes(pickle.dumps(value))
    return str(folder)


def test_every_name_is_used():
    assert USES.keys() == set(bp.__all__)


@pytest.mark.parametrize("name", [*USES, *READS])
def test_alone(name, folder, run_python):
    use = (USES | READS)[name]
    code = ALONE.replace("FOLDER_", repr(folder)).replace("USE", use)
    done = run_python("-P", "-W", "ignore::ResourceWarning", "-c", code)
    assert done.stdout.splitlines()[-1:] == ["True"], done.stderr


MODULES = sorted(
    m.name for m in pkgutil.walk_packages(bp.__path__, "fastbp.") if "__main__" not in m.name
)
TOGETHER_USES = {
    "names": [*USES.values()],
    "files and pickles": [*READS.values()],
    "attributes": ["bp." + n for n in bp.__all__] * 2,
    "modules": [f"__import__('{name}')" for name in MODULES],
    "everything": [
        *READS.values(),
        *USES.values(),
        *(f"__import__('{name}')" for name in MODULES[::-1]),
    ],
}


@pytest.mark.parametrize("uses", TOGETHER_USES.values(), ids=TOGETHER_USES)
@pytest.mark.parametrize("turn", range(4))
def test_from_many_threads(uses, turn, folder, run_python):
    turn = turn * len(uses) // 4
    code = TOGETHER.replace("FOLDER_", repr(folder)).replace(
        "USES_", repr(uses[turn:] + uses[:turn])
    )
    code = code.replace("assert eval(expression)", "assert eval(expression) is not False")
    done = run_python("-P", "-W", "ignore::ResourceWarning", "-c", code)
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stdout + done.stderr
