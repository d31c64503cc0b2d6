"""Newton's method without a Hessian: bp.hvp as the `hessp` of scipy.optimize.minimize.

A logistic regression with a ridge penalty is fitted by Newton-CG, which needs the product of the Hessian with a
vector only. SciPy comes with scikit-learn, or by itself; without it the example says so and ends.
"""

from typing import Any

import numpy as np

import fastbp as bp

try:
    from scipy.optimize import minimize  # type: ignore[import-untyped]
except ImportError:
    raise SystemExit("this example needs scipy") from None

features, labels = bp.datasets.load_breast_cancer()
X, y = features.astype(float), labels.astype(float)
X = (X - X.mean(axis=0)) / X.std(axis=0)


def loss(w: Any, X: Any, y: Any) -> Any:
    """Mean cross-entropy plus a ridge penalty; w holds the weights and, last, the bias."""
    return bp.bce_with_logits(X @ w[:-1] + w[-1], y) + 0.01 * (w[:-1] ** 2).sum()


value_and_grad, product = bp.value_and_grad(loss), bp.hvp(loss)
start = np.zeros(X.shape[1] + 1)

newton = minimize(value_and_grad, start, (X, y), "Newton-CG", jac=True, hessp=product)
print(f"Newton-CG: loss {newton.fun:.6f} in {newton.nit} iterations, {newton.nhev} products")
plain = minimize(value_and_grad, start, (X, y), "CG", jac=True)
print(f"CG:        loss {plain.fun:.6f} in {plain.nit} iterations, without second derivatives")

H = bp.hessian(loss)(newton.x, X, y)
v = np.random.default_rng(0).normal(size=len(start))
print(f"hvp against the whole Hessian: {np.abs(H @ v - product(newton.x, v, X, y)).max():.1e}")
assert np.allclose(H @ v, product(newton.x, v, X, y), atol=1e-10)
assert newton.fun <= plain.fun + 1e-6
