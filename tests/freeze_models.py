"""Write the model files of this version, which later ones must load: `python tests/freeze_models.py`.

They go to tests/data/models/VERSION, each NAME.npz with a NAME.expected.npz beside it: data, the parameters, and what
they give. A version is tested by what it wrote, whatever this script has come to write. A folder that is there is never
overwritten. Run once for a release (RELEASING.md); test_frozen_models.py reads every folder.
"""

import sys
from pathlib import Path

import numpy as np

import fastbp as bp

FOLDER = Path(__file__).parent / "data" / "models"
EXPECTED = ".expected.npz"


def curve(params, x, y):
    return bp.mse(np.tanh(x @ params["W"] + params["b"]) @ params["v"], y)


def curve_start():
    rng = np.random.default_rng(10)
    return {"W": rng.normal(size=(3, 5)), "b": np.zeros(5), "v": rng.normal(size=5)}


def nested(params, x, y):
    (weight, bias), rest = params
    hidden = bp.relu(x @ weight + bias)
    return bp.bce_with_logits(hidden @ rest["out"][0] + rest["shift"], y)


def nested_start():
    rng = np.random.default_rng(11)
    weight, out = rng.normal(size=(3, 4)).astype("f"), rng.normal(size=4).astype("f")
    return (weight, np.zeros(4, "f")), {"out": [out], "shift": np.zeros((), "f")}


# Files hold no functions, so those of released files stay here as they are; a new one gets a name of its own.
FUNCTIONS = {
    "function_curve_adam_float64": (curve, curve_start),
    "function_nested_momentum_float32": (nested, nested_start),
}


def dense(*layers, **options):
    return bp.Sequential([bp.Dense(units, activation) for units, activation in layers], **options)


X = np.random.default_rng(0).normal(size=(20, 3))
REAL = X[:, 0] * X[:, 1]
CLASSES = np.arange(20) % 4
YES = (X[:, 0] > 0).astype(float)


def models():
    """Yield name, model, data, loss."""
    layers = (6, "relu"), (5, "tanh"), (1, "sigmoid")
    yield "sequential_relu_tanh_sigmoid_float32", dense(*layers, seed=1), YES, "bce"
    layers = (7, "sigmoid"), (4, "softmax")
    model = dense(*layers, dtype="float64", seed=2)
    yield "sequential_sigmoid_softmax_float64", model, CLASSES, "cross_entropy"
    model = dense((2, None), (1, None), dtype="float64")  # without a seed
    yield "sequential_linear_float64", model, REAL, "mse"


def trainers():
    """Yield name, trainer of a model, data."""
    trainer = bp.Trainer(
        dense((6, "relu"), (1, "sigmoid"), seed=4),
        loss="bce",
        optimizer=bp.Adam(0.02, 0.8, 0.9, 1e-4),
        metrics=["accuracy"],
    )
    yield "trainer_adam_float32", trainer, YES
    trainer = bp.Trainer(
        dense((4, "tanh"), (4, None), dtype="float64", seed=5),
        loss="cross_entropy_with_logits",
        optimizer=bp.SGD(0.05, 0.9, nesterov=True),
        metrics=["accuracy"],
    )
    yield "trainer_nesterov_float64", trainer, CLASSES
    model = dense((4, "tanh"), (1, None), seed=6)
    yield "trainer_sgd_float32", bp.Trainer(model, loss="huber", optimizer=bp.SGD(0.1)), REAL


def function_trainers():
    """Yield name, trainer of a function, data."""
    name = "function_curve_adam_float64"
    loss, start = FUNCTIONS[name]
    yield name, bp.Trainer(loss, params=start(), optimizer=bp.Adam(0.02), seed=7), (X, REAL)
    name = "function_nested_momentum_float32"
    loss, start = FUNCTIONS[name]
    trainer = bp.Trainer(loss, params=start(), optimizer=bp.SGD(0.05, 0.8), seed=8)
    yield name, trainer, (X.astype("f"), YES.astype("f"))


def made():
    """Yield name, what is saved, and the data it is tried on: all in the midst of a training, but for one."""
    yield "sequential_unbuilt", dense((4, "relu"), (1, None), seed=3), (X, REAL)
    for name, model, y, loss in models():
        model.fit(X, y, loss=loss, epochs=3, batch_size=8)
        yield name, model, (X, y)
    for name, trainer, y in trainers():
        trainer.fit(X, y, epochs=3, batch_size=8)
        yield name, trainer, (X, y)
    for name, trainer, data in function_trainers():
        trainer.fit(data, epochs=3, batch_size=8)
        yield name, trainer, data


def load(path):
    """Read a file; its name says of what kind it is."""
    if path.stem.startswith("sequential_"):
        return bp.load(path)
    if path.stem.startswith("trainer_"):
        return bp.Trainer.load(path)
    loss, start = FUNCTIONS[path.stem]
    return bp.Trainer.load(path, loss=loss, params=start())


def of_function(loaded):
    return isinstance(loaded, bp.Trainer) and callable(loaded.loss)


def parameters(loaded):
    """Return name -> copy of a parameter."""
    if of_function(loaded):
        return {str(i): np.array(leaf) for i, leaf in enumerate(leaves(loaded.params))}
    model = loaded if isinstance(loaded, bp.Sequential) else loaded.model
    return {name: array.copy() for name, array in model.parameters.items()} if model.built else {}


def leaves(params):
    """Return the arrays of nested parameters, in their order."""
    if isinstance(params, dict | list | tuple):
        each = params.values() if isinstance(params, dict) else params
        return [leaf for inner in each for leaf in leaves(inner)]
    return [params]


def results(loaded, data):
    """Return name -> what a built model or a trainer gives: predictions, or a loss and its metrics."""
    if isinstance(loaded, bp.Sequential):
        return {"predicted": loaded.predict(data[0])} if loaded.built else {}
    if of_function(loaded):
        return loaded.evaluate(data)
    return loaded.evaluate(*data) | {"predicted": loaded.model.predict(data[0])}


def next_step(trainer, data):
    """Go on with a training by one step; return name -> what it gives."""
    return {"loss": trainer.step(*data)} | parameters(trainer)


def freeze(folder):
    """Write the files and what they must give."""
    folder.mkdir(parents=True)
    for name, thing, data in made():
        thing.save(folder / f"{name}.npz")
        parts = {
            "data": {str(i): array for i, array in enumerate(data)},
            "parameters": parameters(thing),
            "results": results(thing, data),
        }
        if isinstance(thing, bp.Trainer):
            parts["steps"] = {"made": thing.steps}
            parts["next"] = next_step(thing, data)
        expected = {f"{part}:{key}": v for part, each in parts.items() for key, v in each.items()}
        np.savez_compressed(folder / f"{name}{EXPECTED}", **expected)


if __name__ == "__main__":
    target = FOLDER / bp.__version__
    if target.exists():
        sys.exit(f"{target} is there already: what a version wrote is not written again")
    freeze(target)
    print(f"wrote {len(list(target.iterdir()))} files to {target}")
