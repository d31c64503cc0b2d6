"""Breast cancer with hand-written NumPy, from start to accuracy; nothing allocated in the loop."""

import sys
from itertools import pairwise

import numpy as np

rng = np.random.default_rng(0)
data, epochs = np.load(sys.argv[1]), int(sys.argv[2])
mean, std = data["x_train"].mean(0), data["x_train"].std(0)
x_train, x_test = (data["x_train"] - mean) / std, (data["x_test"] - mean) / std
y_train, y_test = data["y_train"][:, None], data["y_test"][:, None]

SIZES, BATCH = (30, 32, 16, 1), 32
shapes = [shape for k, m in pairwise(SIZES) for shape in ((k, m), (m,))]
ends = np.cumsum([np.prod(shape) for shape in shapes])
block, slopes, m, v, t = np.zeros((5, ends[-1]), np.float32)
p = [a.reshape(shape) for a, shape in zip(np.split(block, ends[:-1]), shapes, strict=True)]
g = [a.reshape(shape) for a, shape in zip(np.split(slopes, ends[:-1]), shapes, strict=True)]
for weight in p[::2]:
    limit = np.sqrt(6 / sum(weight.shape))
    weight[...] = rng.uniform(-limit, limit, weight.shape)
a1, d1, mask1 = np.empty((BATCH, 32), "f4"), np.empty((BATCH, 32), "f4"), np.empty((BATCH, 32), "?")
a2, d2, mask2 = np.empty((BATCH, 16), "f4"), np.empty((BATCH, 16), "f4"), np.empty((BATCH, 16), "?")
z, ones = np.empty((BATCH, 1), "f4"), np.ones(BATCH, "f4")


def gradients(x, y):
    """Forward and backward; the gradients stay in `slopes`."""
    np.maximum(np.add(np.dot(x, p[0], out=a1), p[1], out=a1), 0, out=a1)
    np.maximum(np.add(np.dot(a1, p[2], out=a2), p[3], out=a2), 0, out=a2)
    np.add(np.dot(a2, p[4], out=z), p[5], out=z)
    np.exp(np.negative(z, out=z), out=z)
    np.reciprocal(np.add(z, 1, out=z), out=z)
    np.multiply(np.subtract(z, y, out=z), 1 / BATCH, out=z)
    np.dot(a2.T, z, out=g[4])
    np.dot(ones, z, out=g[5])
    np.multiply(np.dot(z, p[4].T, out=d2), np.greater(a2, 0, out=mask2), out=d2)
    np.dot(a1.T, d2, out=g[2])
    np.dot(ones, d2, out=g[3])
    np.multiply(np.dot(d2, p[2].T, out=d1), np.greater(a1, 0, out=mask1), out=d1)
    np.dot(x.T, d1, out=g[0])
    np.dot(ones, d1, out=g[1])


def update(step):
    """Adam, with the moments in units of (1 - beta)."""
    scale = (0.001 / (1 - 0.999**step)) ** 0.5
    np.add(np.multiply(m, 0.9, out=m), slopes, out=m)
    np.multiply(v, 0.999, out=v)
    np.add(v, np.multiply(slopes, slopes, out=slopes), out=v)
    np.add(np.sqrt(v, out=t), 1e-8 / scale, out=t)
    np.multiply(np.divide(m, t, out=t), 1e-4 / (1 - 0.9**step) / scale, out=t)
    np.subtract(block, t, out=block)


step = 0
for _ in range(epochs):
    order = rng.permutation(len(x_train))
    xs, ys = x_train[order], y_train[order]
    for start in range(0, len(xs), BATCH):
        step += 1
        gradients(xs[start : start + BATCH], ys[start : start + BATCH])
        update(step)

hidden = np.maximum(x_test @ p[0] + p[1], 0)
hidden = np.maximum(hidden @ p[2] + p[3], 0)
accuracy = ((hidden @ p[4] + p[5] > 0) == (y_test > 0.5)).mean()
print(f"accuracy {accuracy:.4f}")
