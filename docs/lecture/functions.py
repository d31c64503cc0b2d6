"""The functions whose graphs the lecture draws; its pages show this source, and their examples import it."""

import numpy as np

import fastbp as bp


def f(x, y, z):
    """A sum, times a third number."""
    q = x + y
    return q * z


def meeting(x, w):
    """A path that splits at `a` and meets again in the sum."""
    a = x * w
    left = bp.sigmoid(a)
    right = a**2
    return left + right


def error(w, b, x, y):
    """Half the squared error of a line, on one sample."""
    y_hat = w * x + b
    return 0.5 * (y_hat - y) ** 2


def logistic(w, b, x, y):
    """Binary cross-entropy of one sample, written out."""
    z = (w * x).sum() + b
    y_hat = bp.sigmoid(z)
    return -(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat))


def mlp(params, x, y):
    """Binary cross-entropy of two layers of sigmoids."""
    z1 = x @ params["W1"] + params["b1"]
    a1 = bp.sigmoid(z1)
    z2 = a1 @ params["W2"] + params["b2"]
    y_hat = bp.sigmoid(z2)
    return bp.bce(y_hat, y)


def arguments():
    """What each of them is drawn with."""
    return {
        f: (-2.0, 5.0, -4.0),
        meeting: (0.5, 3.0),
        error: (0.5, 0.0, 2.0, 3.0),
        logistic: (np.array([0.5, -1.0]), 0.25, np.array([1.0, 2.0]), 1.0),
        mlp: (
            {
                "W1": np.array([[0.5, -0.3], [0.8, 0.2]]),  # inputs x hidden units
                "b1": np.array([0.1, 0.2]),
                "W2": np.array([[1.0], [-0.7]]),  # hidden units x outputs
                "b2": np.array([0.2]),
            },
            np.array([[1.0, 2.0]]),
            np.array([[1.0]]),
        ),
    }
