"""fastbp: neural networks as compiled graphs, trained on the CPU at the speed of its arithmetic.

>>> import numpy as np, fastbp as bp
>>> X = np.random.default_rng(0).normal(size=(200, 2))
>>> y = X[:, 0] * X[:, 1] > 0
>>> model = bp.Sequential(
...     [bp.Dense(16, activation="relu"), bp.Dense(1, activation="sigmoid")], seed=0
... )
>>> history = model.fit(X, y, loss="bce", optimizer=bp.Adam(1e-2), epochs=100)
>>> model.evaluate(X, y, loss="bce", metrics=["accuracy"])["accuracy"] > 0.95
True
"""

# ruff: noqa: E402  (the check comes before what it checks)
from typing import TYPE_CHECKING

from fastbp._lazy import lazily
from fastbp._tree import require_built

require_built()

from fastbp import kernels  # at once: it refuses a CPU that it cannot run on

if TYPE_CHECKING:
    from fastbp import datasets
    from fastbp.config import get_num_threads, set_num_threads, show_config
    from fastbp.models import Sequential, load
    from fastbp.nn import Dense
    from fastbp.nn.activations import (
        elu,
        erf,
        gelu,
        hard_sigmoid,
        leaky_relu,
        log_softmax,
        logsumexp,
        selu,
        silu,
        softplus,
        softsign,
    )
    from fastbp.nn.functions import (
        bce,
        bce_with_logits,
        cross_entropy,
        cross_entropy_with_logits,
        mse,
        relu,
        sigmoid,
        softmax,
        tanh,
    )
    from fastbp.nn.regression import huber, mae
    from fastbp.optim import SGD, Adam
    from fastbp.training import DivergenceError, History, Trainer
    from fastbp.training.optimize import optimize
    from fastbp.transforms import (
        check_grad,
        compile,
        grad,
        hessian,
        hvp,
        jacobian,
        per_sample_grad,
        value_and_grad,
    )
    from fastbp.walkthrough import Trace, trace
else:  # what is asked for is imported then
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "fastbp.config": "get_num_threads set_num_threads show_config",
            "fastbp.models": "Sequential load",
            "fastbp.nn.activations": (
                "elu erf gelu hard_sigmoid leaky_relu log_softmax logsumexp selu silu softplus softsign"
            ),
            "fastbp.nn.functions": (
                "bce bce_with_logits cross_entropy cross_entropy_with_logits mse relu sigmoid softmax tanh"
            ),
            "fastbp.nn.layers": "Dense",
            "fastbp.nn.regression": "huber mae",
            "fastbp.optim": "SGD Adam",
            "fastbp.training": "DivergenceError History Trainer",
            "fastbp.training.optimize": "optimize",
            "fastbp.transforms": (
                "check_grad compile grad hessian hvp jacobian per_sample_grad value_and_grad"
            ),
            "fastbp.walkthrough": "Trace trace",
        },
    )

__version__ = "0.1.0"

__all__ = [
    "SGD",
    "Adam",
    "Dense",
    "DivergenceError",
    "History",
    "Sequential",
    "Trace",
    "Trainer",
    "bce",
    "bce_with_logits",
    "check_grad",
    "compile",
    "cross_entropy",
    "cross_entropy_with_logits",
    "datasets",
    "elu",
    "erf",
    "gelu",
    "get_num_threads",
    "grad",
    "hard_sigmoid",
    "hessian",
    "huber",
    "hvp",
    "jacobian",
    "kernels",
    "leaky_relu",
    "load",
    "log_softmax",
    "logsumexp",
    "mae",
    "mse",
    "optimize",
    "per_sample_grad",
    "relu",
    "selu",
    "set_num_threads",
    "show_config",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
    "trace",
    "value_and_grad",
]
