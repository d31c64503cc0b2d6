"""What the elementwise kernels compute, as NumPy says it: those of plain networks, and the others."""

import numpy as np

NETWORK_UNARY = {
    "negative": np.negative,
    "square": np.square,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "reciprocal": lambda x: 1 / x,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "relu": lambda x: np.where(x < 0, 0, x),
}
NETWORK_BINARY = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "sigmoid_grad": lambda g, y: g * y * (1 - y),
    "tanh_grad": lambda g, y: g * (1 - y * y),
    "relu_grad": lambda g, y: np.where(y > 0, g, 0),
    "ramp_grad": lambda g, x: np.where(x > 0, g, np.where(x == 0, g / 2, 0)),
    "squared_error": lambda p, y: (p - y) ** 2,
    "bce": lambda p, y: -(y * np.log(p) + (1 - y) * np.log1p(-p)),
    "bce_grad": lambda p, y: (p - y) / (p * (1 - p)),
    "bce_with_logits": lambda z, y: np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))),
}


def erf(x):
    """2 / sqrt(pi) exp(-x^2) sum_n x (2 x^2)^n / (1 3 5 ... (2 n + 1)): all terms have one sign."""
    a = np.minimum(abs(x), x.dtype.type(7))
    term = total = a
    for n in range(1, 250):
        term = term * (2 * a * a) / (2 * n + 1)
        total = total + term
    return np.copysign(total * np.exp(-a * a) / np.sqrt(np.arctan(x.dtype.type(1))), x)


def softplus(x):
    return np.where(x < 0, 0, x) + np.log1p(np.exp(-abs(x)))


SMOOTH = {
    "log1p": np.log1p,
    "expm1": np.expm1,
    "sin": np.sin,
    "cos": np.cos,
    "arctan": np.arctan,
    "erf": erf,
    "softplus": softplus,
}
OTHER_UNARY = SMOOTH | {"absolute": np.abs, "sign": np.sign, "floor": np.floor, "ceil": np.ceil}
OTHER_UNARY |= {"single": lambda x: x.astype(np.float32).astype(x.dtype)}
OTHER_BINARY = {
    "power": np.power,
    "arctan2": np.arctan2,
    "mod": np.mod,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "equal": np.equal,
    "not_equal": np.not_equal,
}
