"""Print a digest of trainings for each number of threads given: run by test_thread_bits.py, under one core too."""

import hashlib
import sys

import numpy as np

import fastbp as bp

# sizes, loss, hidden, batch, rows, dtype, optimizer
CASES = {
    "narrow": ((28, 1), "bce", "relu", 128, 500, "float32", bp.Adam(1e-2)),
    "tiny": ((2, 16, 1), "bce", "relu", 32, 100, "float32", bp.Adam(1e-2)),
    "two groups": ((28, 64, 32, 1), "bce", "relu", 128, 450, "float32", bp.Adam(1e-2)),
    "columns": ((90, 300, 140, 10), "cross_entropy", "relu", 100, 250, "float32", bp.Adam(1e-2)),
    "columns, float64": ((90, 300, 140, 10), "cross_entropy", "tanh", 100, 250, "float64", bp.SGD(0.1)),
    "columns, more rows": ((40, 400, 300, 5), "cross_entropy", "relu", 260, 600, "float32", bp.Adam(1e-2)),
    "many groups": ((4, 32, 16, 4), "mse", "tanh", 10_000, 10_000, "float32", bp.Adam(1e-2)),
    "wide, many blocks": ((300, 900, 3), "mse", "sigmoid", 1100, 1100, "float32", bp.SGD(0.1, momentum=0.9)),
}  # fmt: skip


def network(name):
    """(model, trainer, X, y, batch) of a case."""
    sizes, loss, hidden, batch, rows, dtype, optimizer = CASES[name]
    rng = np.random.default_rng(1)
    X = rng.normal(size=(rows, sizes[0])).astype(dtype)
    classes = rng.integers(0, sizes[-1], rows)
    y = classes if loss == "cross_entropy" else (X[:, : sizes[-1]] > 0).astype(dtype)
    last = {"bce": "sigmoid", "cross_entropy": "softmax", "mse": None}[loss]
    layers = [bp.Dense(units, activation=hidden) for units in sizes[1:-1]]
    model = bp.Sequential([*layers, bp.Dense(sizes[-1], activation=last)], dtype=dtype, seed=0)
    return model, bp.Trainer(model, loss=loss, optimizer=optimizer), X, y, batch


def trained(name, threads):
    """Everything that a training, an evaluation and a prediction give."""
    model, trainer, X, y, batch = network(name)
    history = trainer.fit(
        X, y, epochs=3, batch_size=batch, validation_data=(X, y), threads=threads, verbose=0
    )
    bits = [view.tobytes() for view in model.parameters.values()]
    bits += [np.array(values).tobytes() for values in history.values()]
    bits.append(repr(trainer.evaluate(X, y, threads=threads)).encode())
    many = np.concatenate([X] * (1 + 1600 // len(X)))
    bits.append(model.predict(many, threads=threads).tobytes())
    return b"".join(bits)


def function(threads):
    """A loss that mixes rows, with an embedding, in mini-batches; and plain descent on all rows."""
    rng = np.random.default_rng(2)
    ids, x = rng.integers(0, 50, 3000), rng.normal(size=(3000, 8))
    params = {
        "table": rng.normal(size=(50, 24)),
        "W": rng.normal(size=(32, 160)) * 0.1,
        "v": rng.normal(size=160) * 0.1,
    }

    def loss(p, ids, x):
        h = np.concatenate([p["table"][ids], x], axis=1)
        a = np.tanh(h @ p["W"]) @ p["v"]
        return ((a - a.mean() - x[:, 0]) ** 2).mean() + 1e-3 * (p["W"] ** 2).sum()

    trainer = bp.Trainer(loss, params=params, optimizer=bp.Adam(1e-2), seed=0)
    trainer.fit((ids, x), epochs=2, batch_size=700, threads=threads, verbose=0)
    bits = [np.asarray(value).tobytes() for value in trainer.params.values()]
    bits.append(repr(trainer.evaluate((ids, x), threads=threads)).encode())
    found, losses = bp.optimize(loss, params, (ids, x), lr=0.1, n_iter=3, threads=threads)
    return b"".join([*bits, *(value.tobytes() for value in found.values()), losses.tobytes()])


def main():
    for name in CASES:
        for threads in map(int, sys.argv[1:]):
            print(name, hashlib.sha256(trained(name, threads)).hexdigest())
    for threads in map(int, sys.argv[1:]):
        print("function", hashlib.sha256(function(threads)).hexdigest())


if __name__ == "__main__":
    main()
