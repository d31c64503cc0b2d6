"""What the frozen files of each released version hold, and how they were made.

`python tests/frozen.py` writes those of the installed version into tests/data/frozen/VERSION, once: a folder that is
there is never written again. Later versions must load every one of them (test_frozen.py).
"""

from pathlib import Path

import numpy as np

import fastbp as bp

FOLDER = Path(__file__).parent / "data" / "frozen"
X = np.random.default_rng(0).normal(size=(40, 3))
Y = (X[:, 0] * X[:, 1] > 0).astype(float)
CLASSES = np.arange(40) % 4


def start():
    """Return the parameters that the function's training started with."""
    rng = np.random.default_rng(1)
    return {"W": rng.normal(size=(3, 5)), "rest": (np.zeros(5), rng.normal(size=5))}


def loss(params, x, y):
    bias, out = params["rest"]
    return bp.bce(bp.sigmoid(np.tanh(x @ params["W"] + bias) @ out), y)


def models():
    """Return name -> a model that was trained a little: all activations, both dtypes."""
    binary = bp.Sequential(
        [bp.Dense(6, "relu"), bp.Dense(5, "tanh"), bp.Dense(1, "sigmoid")], seed=2
    )
    binary.fit(X, Y, loss="bce", optimizer="sgd", epochs=3)
    wide = bp.Sequential([bp.Dense(7, "sigmoid"), bp.Dense(4, "softmax")], dtype="float64", seed=3)
    wide.fit(X, CLASSES, loss="cross_entropy", epochs=3)
    return {"binary_float32": binary, "classes_float64": wide}


def trainers():
    """Return name -> a trainer in the midst of a training, with its optimizer's state."""
    adam = bp.Trainer(
        bp.Sequential([bp.Dense(6, "relu"), bp.Dense(1, "sigmoid")], seed=4),
        loss="bce",
        optimizer=bp.Adam(0.02, 0.8, 0.9, 1e-4),
        metrics=["accuracy"],
    )
    momentum = bp.Trainer(
        bp.Sequential([bp.Dense(4, "tanh"), bp.Dense(1)], dtype="float64", seed=5),
        loss="mse",
        optimizer=bp.SGD(0.05, 0.9, nesterov=True),
    )
    for trainer in (adam, momentum):
        trainer.fit(X, Y, epochs=3, batch_size=16)
    return {"adam": adam, "momentum": momentum}


def function_trainer():
    """Return a trainer of `loss` in the midst of a training."""
    trainer = bp.Trainer(loss, params=start(), optimizer=bp.Adam(0.01), seed=6)
    trainer.fit((X, Y), epochs=3, batch_size=16)
    return trainer


def flat(params):
    """Return the parameters of `loss` as name -> array."""
    return {"W": params["W"], "bias": params["rest"][0], "out": params["rest"][1]}


def freeze(folder):
    """Write the files, and what they must give: parameters, predictions, losses of the next two epochs."""
    folder.mkdir(parents=True)
    expected = {}

    def note(name, values):
        expected.update({f"{name}/{key}": np.array(value) for key, value in values.items()})

    for name, model in models().items():
        model.save(folder / f"model_{name}.npz")
        note(f"model_{name}", dict(model.parameters) | {"predicted": model.predict(X)})
    for name, trainer in trainers().items():
        trainer.save(folder / f"trainer_{name}.npz")
        note(f"trainer_{name}", dict(trainer.model.parameters))
        history = trainer.fit(X, Y, epochs=2, batch_size=16)
        note(f"trainer_{name}", {"losses": history["loss"]})
    trainer = function_trainer()
    trainer.save(folder / "function.npz")
    note("function", flat(trainer.params))
    note("function", {"losses": trainer.fit((X, Y), epochs=2, batch_size=16)["loss"]})
    np.savez_compressed(folder / "expected.npz", **expected)


if __name__ == "__main__":
    freeze(FOLDER / bp.__version__)
    print(f"wrote {FOLDER / bp.__version__}")
