"""Breast cancer with JAX, all epochs in one compiled scan, from start to accuracy."""

import sys

import jax
import jax.numpy as jnp
import numpy as np

rng = np.random.default_rng(0)
data, epochs = np.load(sys.argv[1]), int(sys.argv[2])
mean, std = data["x_train"].mean(0), data["x_train"].std(0)
x_train, x_test = (data["x_train"] - mean) / std, (data["x_test"] - mean) / std
y_train, y_test = data["y_train"][:, None], data["y_test"][:, None]

parameters = []
for k, m in ((30, 32), (32, 16), (16, 1)):
    limit = np.sqrt(6 / (k + m))
    parameters.append(rng.uniform(-limit, limit, (k, m)).astype(np.float32))
    parameters.append(np.zeros(m, np.float32))


def logits(p, x):
    x = jax.nn.relu(x @ p[0] + p[1])
    x = jax.nn.relu(x @ p[2] + p[3])
    return x @ p[4] + p[5]


def loss(p, x, y):
    z = logits(p, x)
    return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))


def step(state, rows):
    p, m, v, t = state
    g = jax.grad(loss)(p, jnp.asarray(x_train)[rows], jnp.asarray(y_train)[rows])
    t = t + 1
    rate, root = 1e-3 / (1 - 0.9**t), jax.lax.rsqrt(1 - 0.999**t)
    m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
    v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
    p = jax.tree.map(lambda a, b, c: a - rate * b / (jnp.sqrt(c) * root + 1e-8), p, m, v)
    return (p, m, v, t), None


@jax.jit
def train(p, batches):
    zeros = jax.tree.map(jnp.zeros_like, p)
    return jax.lax.scan(step, (p, zeros, zeros, 0.0), batches)[0][0]


batches = np.stack([rng.permutation(len(x_train)) for _ in range(epochs)]).reshape(-1, 32)
trained = [np.asarray(p) for p in train(parameters, batches)]
hidden = np.maximum(x_test @ trained[0] + trained[1], 0)
hidden = np.maximum(hidden @ trained[2] + trained[3], 0)
z = hidden @ trained[4] + trained[5]
print(f"accuracy {((z > 0) == (y_test > 0.5)).mean():.4f}")
