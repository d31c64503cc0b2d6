"""The networks of latency.py as other libraries have them: each function returns a call from arrays to arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np

Work = Callable[[], Any]
Layers = list[
    tuple[np.ndarray, np.ndarray]
]  # of each layer: weight and bias; relu between, then sigmoid


def numpy_predict(layers: Layers, x: np.ndarray) -> Work:
    def predict() -> np.ndarray:
        a = x
        for W, b in layers[:-1]:
            a = a @ W
            a += b
            np.maximum(a, 0, out=a)
        W, b = layers[-1]
        return 1 / (1 + np.exp(-(a @ W + b)))

    return predict


def onnx_predict(layers: Layers, x: np.ndarray) -> Work:
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants = [], []
    for i, (W, b) in enumerate(layers):
        constants += [numpy_helper.from_array(np.ascontiguousarray(W), f"W{i}")]
        constants += [numpy_helper.from_array(np.ascontiguousarray(b), f"b{i}")]
        activation = "Relu" if i < len(layers) - 1 else "Sigmoid"
        nodes.append(helper.make_node("Gemm", [f"a{i}", f"W{i}", f"b{i}"], [f"z{i}"]))
        nodes.append(helper.make_node(activation, [f"z{i}"], [f"a{i + 1}"]))
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", width])
        for name, width in (("a0", x.shape[1]), (f"a{len(layers)}", layers[-1][1].size))
    ]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], constants)
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        file.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda: session.run(None, {"a0": x})[0]


def torch_predict(layers: Layers, x: np.ndarray) -> Work:
    import torch

    torch.set_num_threads(1)
    parts: list[Any] = []
    for W, b in layers:
        linear = torch.nn.Linear(*W.shape)
        linear.weight.data[...] = torch.from_numpy(W.T.copy())
        linear.bias.data[...] = torch.from_numpy(b.copy())
        parts += [linear, torch.nn.ReLU()]
    model = torch.nn.Sequential(*parts[:-1], torch.nn.Sigmoid())

    def predict() -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(x)).numpy()

    return predict


def jax_predict(layers: Layers, x: np.ndarray) -> Work:
    import jax

    held = [(jax.device_put(W.copy()), jax.device_put(b.copy())) for W, b in layers]

    @jax.jit
    def network(layers: Any, a: Any) -> Any:
        for W, b in layers[:-1]:
            a = jax.nn.relu(a @ W + b)
        W, b = layers[-1]
        return jax.nn.sigmoid(a @ W + b)

    return lambda: np.asarray(network(held, x))


def jax_gradients(params: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> Work:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def loss(params: Any, x: Any, y: Any) -> Any:
        W0, b0, W1, b1 = params
        return ((jnp.tanh(x @ W0 + b0) @ W1 + b1 - y) ** 2).mean()

    f = jax.jit(jax.value_and_grad(loss))

    def call() -> Any:
        value, found = f(params, x, y)
        return float(value), [np.asarray(gradient) for gradient in found]

    return call


def torch_gradients(params: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> Work:
    import torch

    def call() -> Any:
        leaves = [torch.from_numpy(p).requires_grad_() for p in params]
        W0, b0, W1, b1 = leaves
        z = torch.tanh(torch.from_numpy(x) @ W0 + b0) @ W1 + b1
        loss = torch.nn.functional.mse_loss(z, torch.from_numpy(y))
        return loss.item(), [g.numpy() for g in torch.autograd.grad(loss, leaves)]

    return call


def numpy_gradients(params: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> Work:
    W0, b0, W1, b1 = params

    def call() -> Any:
        h = np.tanh(x @ W0 + b0)
        e = h @ W1 + b1 - y
        d1 = e * (2 / e.size)
        d0 = (d1 @ W1.T) * (1 - h * h)
        return float((e * e).mean()), [x.T @ d0, d0.sum(0), h.T @ d1, d1.sum(0)]

    return call
