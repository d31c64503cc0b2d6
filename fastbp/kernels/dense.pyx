"""The dense layer: Z = X @ W + b, and backwards dX = dZ @ W.T and dW = X.T @ dZ (db: the column sums of dZ).

x is (n, k): n rows of k inputs; w is (k, m): inputs by output units; z is (n, m).
"""
from cython cimport view

from fastbp.kernels.vector cimport real, LANES_FLOAT, LANES_DOUBLE
from fastbp.kernels.matmul cimport TIES, Product, matmul, work_size
from fastbp.kernels.narrow cimport narrow_forward, narrow_forward_pays, narrow_weights, narrow_weights_pay
from fastbp.kernels.elementwise cimport unary, RELU, SIGMOID, TANH
from fastbp.kernels.reductions cimport column_sums
from fastbp._arguments import apart, take, of_shape
from fastbp.kernels.arguments cimport flat, first, one_of, written, is_double


cdef void layer_forward(real *out, const real *x, const real *w, const real *bias, Py_ssize_t n, Py_ssize_t k,
                        Py_ssize_t m, Py_ssize_t ld, int relu, real *work, const real *coming) noexcept nogil:
    """out (n, m) = x (n, k) @ w (k, m) + bias (m), and its positive part where `relu`; bias may be NULL.

    Where that is TIES, what is cut off becomes -0.0, and what is 0 stays 0.0: a product with either is the same, and
    `layer_inputs` sees the difference.

    These may be m columns of matrices of `ld` columns, which then are more than a narrow layer has. `coming` may be
    NULL: see `narrow_forward`.
    """
    cdef Product p
    cdef Py_ssize_t i
    if k and narrow_forward_pays(k, ld, LANES_FLOAT if real is float else LANES_DOUBLE):
        narrow_forward(out, x, w, bias, n, k, m, work, coming)
        if relu == TIES:
            for i in range(n * m):
                out[i] = <real>-0.0 if out[i] < 0 else out[i] + 0
        elif relu:
            unary(RELU, out, out, n * m)
        return
    p.c, p.a, p.b, p.init, p.gate = out, x, w, bias, NULL
    p.m, p.n, p.k = n, m, k
    p.cr, p.ar, p.ac, p.br, p.bc, p.ir = ld, k, 1, ld, 1, 0
    p.relu, p.ties = relu, False
    matmul(&p, work)


cdef void layer_inputs(real *dx, const real *dz, const real *w, const real *gate, bint ties, Py_ssize_t n,
                       Py_ssize_t k, Py_ssize_t m, Py_ssize_t ld, real *work) noexcept nogil:
    """dx (n, k) = dz (n, m) @ w (k, m).T, and zero where `gate` (n, k), the output of a relu, is; gate may be NULL.

    `ties`: the gate was made with TIES, and dx is halved where it is 0.0. dx and gate may be k columns of matrices of
    `ld` columns.
    """
    cdef Product p
    p.c, p.a, p.b, p.init, p.gate = dx, dz, w, NULL, gate
    p.m, p.n, p.k = n, k, m
    p.cr, p.ar, p.ac, p.br, p.bc, p.ir = ld, m, 1, 1, m, 0
    p.relu, p.ties = False, ties
    matmul(&p, work)


cdef void layer_weights(real *dw, const real *x, const real *dz, Py_ssize_t n, Py_ssize_t k, Py_ssize_t m,
                        Py_ssize_t ldx, Py_ssize_t ld, bint accumulate, real *work, const real *coming) noexcept nogil:
    """dw (k, m) = x (n, k).T @ dz (n, m), added to dw where `accumulate`.

    x may be k columns of a matrix of `ldx` columns; dw and dz m columns of matrices of `ld` columns. A narrow layer is
    made in one piece. `coming` may be NULL: see `narrow_weights`.
    """
    cdef Product p
    if n and narrow_weights_pay(ldx, ld, LANES_FLOAT if real is float else LANES_DOUBLE):
        narrow_weights(dw, x, dz, n, k, m, accumulate, coming)
        return
    p.c, p.a, p.b, p.init, p.gate = dw, x, dz, dw if accumulate else NULL, NULL
    p.m, p.n, p.k = k, m, n
    p.cr, p.ar, p.ac, p.br, p.bc, p.ir = ld, 1, ldx, ld, 1, ld if accumulate else 0
    p.relu, p.ties = False, False
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
    out : array of shape (n, m), of its own memory. Written.
    activation : {"relu", "sigmoid", "tanh"}, optional

    Raises
    ------
    TypeError
        For another dtype than float32 or float64, or two.
    ValueError
        For other shapes, an array that is not contiguous or not writable, an output in the memory of an input, or an
        unknown activation.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels import dense
    >>> out = np.empty((1, 2))
    >>> dense.dense_forward(np.ones((1, 3)), np.ones((3, 2)), np.array([0.0, -4.0]), out, "relu")
    >>> out.tolist()
    [[3.0, 0.0]]
    """
    cdef int code = activation_code(activation)
    out = take(out, "out", ndim=2, writable=True)
    x, weight = take(x, "x", out, ndim=2), take(weight, "weight", out, ndim=2)
    (n, k), m = x.shape, weight.shape[1]
    of_shape(weight, "weight", (k, m))
    of_shape(out, "out", (n, m))
    if bias is not None:
        bias = take(bias, "bias", out, ndim=1)
        of_shape(bias, "bias", (m,))
        bias = flat(bias)
    apart(out, "out", x=x, weight=weight, bias=bias)
    if is_double(out):
        forward_views[double](flat(x), flat(weight), bias, flat(out), n, k, m, code)
    else:
        forward_views[float](flat(x), flat(weight), bias, flat(out), n, k, m, code)


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
    TypeError
        For another dtype than float32 or float64, or two.
    ValueError
        For other shapes, or an array that is not contiguous or not writable.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels import dense
    >>> dweight, dbias = np.empty((3, 2)), np.empty(2)
    >>> dense.dense_backward(np.ones((4, 3)), np.ones((3, 2)), np.ones((4, 2)), None, dweight, dbias)
    >>> dweight[0].tolist(), dbias.tolist()
    ([4.0, 4.0], [4.0, 4.0])
    """
    dweight = take(dweight, "dweight", ndim=2, writable=True)
    x, weight = take(x, "x", dweight, ndim=2), take(weight, "weight", dweight, ndim=2)
    dz = take(dz, "dz", dweight, ndim=2)
    (n, k), m = x.shape, weight.shape[1]
    of_shape(weight, "weight", (k, m))
    of_shape(dz, "dz", (n, m))
    of_shape(dweight, "dweight", (k, m))
    if dx is not None:
        dx = take(dx, "dx", dweight, ndim=2, writable=True)
        of_shape(dx, "dx", (n, k))
        dx = flat(dx)
    if dbias is not None:
        dbias = take(dbias, "dbias", dweight, ndim=1, writable=True)
        of_shape(dbias, "dbias", (m,))
        dbias = flat(dbias)
        apart(dbias, "dbias", x=x, dz=dz)
    if dx is not None:
        apart(dx, "dx", x=x, weight=weight, dz=dz, dbias=dbias)
    apart(dweight, "dweight", x=x, dz=dz, dx=dx, dbias=dbias)
    if is_double(dweight):
        backward_views[double](flat(x), flat(weight), flat(dz), dx, flat(dweight), dbias, n, k, m)
    else:
        backward_views[float](flat(x), flat(weight), flat(dz), dx, flat(dweight), dbias, n, k, m)


cdef int[4] CODES = [-1, RELU, SIGMOID, TANH]


cdef int activation_code(activation) except -2:
    return CODES[one_of(activation, "activation", (None, "relu", "sigmoid", "tanh"))]


cdef int forward_views(const real[::1] x, const real[::1] weight, const real[::1] bias, real[::1] out,
                       Py_ssize_t n, Py_ssize_t k, Py_ssize_t m, int activation) except -1:
    cdef real[::1] work
    cdef const real *b = NULL
    if bias is not None:
        b = first(bias)
    if out.shape[0]:
        work = view.array((work_size(),), sizeof(real), "f" if real is float else "d")
        layer_forward(written(out), first(x), first(weight), b, n, k, m, m, activation == RELU, &work[0],
                      <const real *>NULL)
        if activation >= 0 and activation != RELU:
            unary(activation, written(out), written(out), n * m)
    return 0


cdef int backward_views(const real[::1] x, const real[::1] weight, const real[::1] dz, real[::1] dx,
                        real[::1] dweight, real[::1] dbias, Py_ssize_t n, Py_ssize_t k, Py_ssize_t m) except -1:
    cdef real[::1] work = view.array((work_size(),), sizeof(real), "f" if real is float else "d")
    if dx is not None and dx.shape[0]:
        layer_inputs(written(dx), first(dz), first(weight), NULL, False, n, k, m, k, &work[0])
    if dbias is not None and m:
        column_sums(written(dbias), first(dz), n, m, False)
    if dweight.shape[0]:
        layer_weights(written(dweight), first(x), first(dz), n, k, m, k, m, False, &work[0],
                      <const real *>NULL)
    return 0
