"""The dense layer: Z = X @ W + b, and backwards dX = dZ @ W.T and dW = X.T @ dZ (db: the column sums of dZ).

x is (n, k): n rows of k inputs; w is (k, m): inputs by output units; z is (n, m).
"""
from cython cimport view

from fastbp.kernels.vector cimport real, LANES_FLOAT, LANES_DOUBLE
from fastbp.kernels.matmul cimport Product, matmul, work_size
from fastbp.kernels.narrow cimport narrow_forward, narrow_forward_pays, narrow_weights, narrow_weights_pay
from fastbp.kernels.elementwise cimport unary, RELU, SIGMOID, TANH
from fastbp.kernels.reductions cimport column_sums
from fastbp.kernels.arguments cimport is_double


cdef void layer_forward(real *out, const real *x, const real *w, const real *bias, Py_ssize_t n, Py_ssize_t k,
                        Py_ssize_t m, bint relu, real *work) noexcept nogil:
    """out (n, m) = x (n, k) @ w (k, m) + bias (m), and its positive part where `relu`; bias may be NULL."""
    cdef Product p
    if k and narrow_forward_pays(k, m, LANES_FLOAT if real is float else LANES_DOUBLE):
        narrow_forward(out, x, w, bias, n, k, m, work)
        if relu:
            unary(RELU, out, out, n * m)
        return
    p.c, p.a, p.b, p.init, p.gate = out, x, w, bias, NULL
    p.m, p.n, p.k = n, m, k
    p.cr, p.ar, p.ac, p.br, p.bc, p.ir = m, k, 1, m, 1, 0
    p.relu = relu
    matmul(&p, work)


cdef void layer_inputs(real *dx, const real *dz, const real *w, const real *gate, Py_ssize_t n, Py_ssize_t k,
                       Py_ssize_t m, real *work) noexcept nogil:
    """dx (n, k) = dz (n, m) @ w (k, m).T, and zero where `gate` (n, k), the output of a relu, is; gate may be NULL."""
    cdef Product p
    p.c, p.a, p.b, p.init, p.gate = dx, dz, w, NULL, gate
    p.m, p.n, p.k = n, k, m
    p.cr, p.ar, p.ac, p.br, p.bc, p.ir = k, m, 1, 1, m, 0
    p.relu = False
    matmul(&p, work)


cdef void layer_weights(real *dw, const real *x, const real *dz, Py_ssize_t n, Py_ssize_t k, Py_ssize_t m,
                        bint accumulate, real *work) noexcept nogil:
    """dw (k, m) = x (n, k).T @ dz (n, m), added to dw where `accumulate`."""
    cdef Product p
    if n and narrow_weights_pay(k, m, LANES_FLOAT if real is float else LANES_DOUBLE):
        narrow_weights(dw, x, dz, n, k, m, accumulate)
        return
    p.c, p.a, p.b, p.init, p.gate = dw, x, dz, dw if accumulate else NULL, NULL
    p.m, p.n, p.k = k, m, n
    p.cr, p.ar, p.ac, p.br, p.bc, p.ir = m, 1, k, m, 1, m if accumulate else 0
    p.relu = False
    matmul(&p, work)


def dense_forward(x, weight, bias, out, activation: str | None = None) -> None:
    """out = activation(x @ weight + bias): a dense layer, forwards.

    Parameters
    ----------
    x : array of shape (n, k), float32 or float64, C-contiguous
        n rows of k inputs.
    weight : array of shape (k, m)
        Inputs by output units.
    bias : array of shape (m,), or None
    out : array of shape (n, m). Written.
    activation : {"relu", "sigmoid", "tanh"}, optional

    Raises
    ------
    ValueError
        Shapes, dtypes or layouts that do not fit, or an unknown activation.
    TypeError
        `out` is neither float32 nor float64.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels import dense
    >>> out = np.empty((1, 2))
    >>> dense.dense_forward(np.ones((1, 3)), np.ones((3, 2)), np.array([0.0, -4.0]), out, "relu")
    >>> out.tolist()
    [[3.0, 0.0]]
    """
    if is_double(out, "out"):
        forward_views[double](x, weight, bias, out, activation_code(activation))
    else:
        forward_views[float](x, weight, bias, out, activation_code(activation))


def dense_backward(x, weight, dz, dx, dweight, dbias) -> None:
    """The gradients of a dense layer, from the gradient dz at x @ weight + bias.

    dx = dz @ weight.T; dweight = x.T @ dz; dbias = dz.sum(axis=0).

    Parameters
    ----------
    x : array of shape (n, k), float32 or float64, C-contiguous
    weight : array of shape (k, m)
    dz : array of shape (n, m)
    dx : array of shape (n, k), or None where the inputs need no gradient. Written.
    dweight : array of shape (k, m). Written.
    dbias : array of shape (m,), or None where there is no bias. Written.

    Raises
    ------
    ValueError
        Shapes, dtypes or layouts that do not fit.
    TypeError
        `dweight` is neither float32 nor float64.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels import dense
    >>> dweight, dbias = np.empty((3, 2)), np.empty(2)
    >>> dense.dense_backward(np.ones((4, 3)), np.ones((3, 2)), np.ones((4, 2)), None, dweight, dbias)
    >>> dweight[0].tolist(), dbias.tolist()
    ([4.0, 4.0], [4.0, 4.0])
    """
    if is_double(dweight, "dweight"):
        backward_views[double](x, weight, dz, dx, dweight, dbias)
    else:
        backward_views[float](x, weight, dz, dx, dweight, dbias)


_ACTIVATIONS = {None: -1, "relu": RELU, "sigmoid": SIGMOID, "tanh": TANH}


cdef int activation_code(activation) except -2:
    if activation not in _ACTIVATIONS:
        known = ", ".join(repr(name) for name in _ACTIVATIONS)
        raise ValueError(f"activation: expected one of {known}, got {activation!r}")
    return _ACTIVATIONS[activation]


cdef int shaped(str name, Py_ssize_t n, Py_ssize_t m, Py_ssize_t wanted_n, Py_ssize_t wanted_m) except -1:
    if n != wanted_n or m != wanted_m:
        raise ValueError(f"{name}: expected shape {(wanted_n, wanted_m)}, got {(n, m)}")
    return 0


cdef int forward_views(const real[:, ::1] x, const real[:, ::1] weight, const real[::1] bias, real[:, ::1] out,
                       int activation) except -1:
    cdef Py_ssize_t n = x.shape[0], k = x.shape[1], m = weight.shape[1]
    cdef real[::1] work
    shaped("weight", weight.shape[0], m, k, m)
    shaped("out", out.shape[0], out.shape[1], n, m)
    if bias is not None:
        shaped("bias", bias.shape[0], 1, m, 1)
    if n and m:
        work = view.array((work_size(),), sizeof(real), "f" if real is float else "d")
        layer_forward(&out[0, 0], &x[0, 0] if k else NULL, &weight[0, 0] if k else NULL,
                      NULL if bias is None else &bias[0], n, k, m, activation == RELU, &work[0])
        if activation >= 0 and activation != RELU:
            unary(activation, &out[0, 0], &out[0, 0], n * m)
    return 0


cdef int backward_views(const real[:, ::1] x, const real[:, ::1] weight, const real[:, ::1] dz, real[:, ::1] dx,
                        real[:, ::1] dweight, real[::1] dbias) except -1:
    cdef Py_ssize_t n = x.shape[0], k = x.shape[1], m = weight.shape[1]
    cdef real[::1] work = view.array((work_size(),), sizeof(real), "f" if real is float else "d")
    shaped("weight", weight.shape[0], m, k, m)
    shaped("dz", dz.shape[0], dz.shape[1], n, m)
    shaped("dweight", dweight.shape[0], dweight.shape[1], k, m)
    if dx is not None:
        shaped("dx", dx.shape[0], dx.shape[1], n, k)
        if n and k:
            layer_inputs(&dx[0, 0], &dz[0, 0] if m else NULL, &weight[0, 0] if m else NULL, NULL, n, k, m, &work[0])
    if dbias is not None:
        shaped("dbias", dbias.shape[0], 1, m, 1)
        if m:
            column_sums(&dbias[0], &dz[0, 0] if n else NULL, n, m, False)
    if k and m:
        layer_weights(&dweight[0, 0], &x[0, 0] if n else NULL, &dz[0, 0] if n else NULL, n, k, m, False, &work[0])
    return 0
