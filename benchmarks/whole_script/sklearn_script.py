"""Breast cancer with scikit-learn, from start to accuracy."""

import sys
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

data, epochs = np.load(sys.argv[1]), int(sys.argv[2])
mean, std = data["x_train"].mean(0), data["x_train"].std(0)
x_train, x_test = (data["x_train"] - mean) / std, (data["x_test"] - mean) / std

model = MLPClassifier(
    (32, 16),
    alpha=0.0,
    batch_size=32,
    max_iter=epochs,
    n_iter_no_change=epochs,
    tol=0.0,
    random_state=0,
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    model.fit(x_train, data["y_train"].astype(int))
print(f"accuracy {model.score(x_test, data['y_test'].astype(int)):.4f}")
