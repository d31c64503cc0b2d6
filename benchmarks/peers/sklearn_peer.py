"""scikit-learn's multi-layer perceptrons: no early stopping, no penalty, Adam as it has it.

Its epsilon stands inside the bias correction, and its squared loss is half the sum over the
outputs, a constant factor, which Adam hardly feels: the check allows for both.

Without hidden layers they are logistic regression that makes the same steps as the other peers.
(LogisticRegression chooses its steps itself, SGDClassifier updates after each row.)
"""

import warnings

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from data import Array, Data
from workloads import Workload

VERSION: str = sklearn.__version__


class SklearnSession:
    """An estimator with `warm_start`, whose coefficients were replaced by the given ones."""

    def __init__(self, work: Workload, data: Data) -> None:
        kind = MLPRegressor if work.loss == "mse" else MLPClassifier
        self.x = data.x
        self.y = data.y if work.loss == "mse" else data.y.ravel().astype(np.int64)
        self.estimator = kind(
            hidden_layer_sizes=work.sizes[1:-1],
            activation=work.hidden,
            solver="adam" if work.sgd is None else "sgd",
            alpha=0.0,
            batch_size=work.batch,
            learning_rate_init=1e-3 if work.sgd is None else work.sgd,
            momentum=0.0,
            nesterovs_momentum=False,
            epsilon=1e-8,
            tol=0.0,
            n_iter_no_change=1_000_000,
            early_stopping=False,
            warm_start=True,
            random_state=0,
        )
        self.train(1, shuffle=False)  # creates the coefficients
        self.estimator.coefs_ = [w.copy() for w in data.parameters[::2]]
        self.estimator.intercepts_ = [b.copy() for b in data.parameters[1::2]]

    def train(self, epochs: int, shuffle: bool) -> float:
        """One `fit`; with `warm_start` it goes on from the present coefficients."""
        self.estimator.set_params(max_iter=epochs, shuffle=shuffle)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.estimator.fit(self.x, self.y)
        return float(self.estimator.loss_)

    def arrays(self) -> list[Array]:
        """The coefficients and intercepts, layer by layer."""
        pairs = zip(self.estimator.coefs_, self.estimator.intercepts_, strict=True)
        return [array for pair in pairs for array in pair]


def build(work: Workload, data: Data, threads: int) -> SklearnSession:
    """A session; the number of threads is OpenBLAS's, from the environment."""
    del threads
    return SklearnSession(work, data)
