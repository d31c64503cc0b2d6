# The Python functions of elementwise.pyx.

from fastbp.kernels.arguments cimport Arguments, take, same_shape, size_of, shape_of, give_back, publish

cdef tuple UNARY = ("negative", "square", "sqrt", "exp", "log", "reciprocal", "sigmoid", "tanh", "relu")
cdef tuple BINARY = ("add", "subtract", "multiply", "divide", "sigmoid_grad", "tanh_grad", "relu_grad",
                     "squared_error", "bce", "bce_grad", "bce_with_logits")


cdef int number_of(object name, tuple names) except -1:
    """The place of a name, which is its number: the order is that of the enum."""
    if name not in names:
        raise ValueError(f"name: expected one of {', '.join(names)}, got {name!r}")
    return names.index(name)


cdef object apply_unary(int op, object x, object out):
    cdef Arguments a
    a.count = 0
    try:
        take(&a, out, "out", -1, True)
        take(&a, x, "x", -1, False)
        same_shape(&a, 1, "x")
        if a.is_double:
            unary(op, <double *> a.view[0].buf, <const double *> a.view[1].buf, size_of(&a, 0))
        else:
            unary(op, <float *> a.view[0].buf, <const float *> a.view[1].buf, size_of(&a, 0))
    finally:
        give_back(&a)


cdef object apply_same(int op, object u, str u_name, object v, str v_name, object out, str out_name):
    """out = op(u, v), all of one shape."""
    cdef Arguments a
    a.count = 0
    try:
        take(&a, out, out_name, -1, True)
        take(&a, u, u_name, -1, False)
        take(&a, v, v_name, -1, False)
        same_shape(&a, 1, u_name)
        same_shape(&a, 2, v_name)
        if a.is_double:
            apply(op, <double *> a.view[0].buf, <const double *> a.view[1].buf, <const double *> a.view[2].buf,
                  size_of(&a, 0))
        else:
            apply(op, <float *> a.view[0].buf, <const float *> a.view[1].buf, <const float *> a.view[2].buf,
                  size_of(&a, 0))
    finally:
        give_back(&a)


cdef int strides_in(Arguments *a, int i, str name, Py_ssize_t *rs, Py_ssize_t *cs, Py_ssize_t n,
                    Py_ssize_t m) except -1:
    """Strides that broadcast operand i to (n, m)."""
    cdef Py_buffer *view = &a.view[i]
    cdef Py_ssize_t columns = view.shape[view.ndim - 1] if view.ndim > 0 else 1
    cdef Py_ssize_t rows = view.shape[0] if view.ndim == 2 else 1
    if view.ndim > a.view[0].ndim or (rows != n and rows != 1) or (columns != m and columns != 1):
        raise ValueError(f"{name}: expected a shape that broadcasts to {shape_of(&a.view[0])}, got {shape_of(view)}")
    cs[0] = columns == m
    rs[0] = 0 if rows == 1 else columns
    return 0


def unary_(name, x, out):
    """``out = f(x)``, elementwise.

    Parameters
    ----------
    name : str
        "negative", "square", "sqrt", "exp", "log", "reciprocal", "sigmoid", "tanh" or "relu".
    x : buffer of float32 or float64
        C-contiguous, any shape.
    out : buffer, written
        Dtype and shape of `x`; may be `x` itself.

    Raises
    ------
    TypeError
        For another dtype, or two.
    ValueError
        For an unknown name, other shapes, or an array that is not contiguous or not writable.

    Notes
    -----
    Within 2 ULP of the true value. Results of exp and sigmoid below the normal range are 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.elementwise import unary
    >>> out = np.empty(2)
    >>> unary("sqrt", np.array([4.0, 9.0]), out)
    >>> out
    array([2., 3.])
    """
    apply_unary(number_of(name, UNARY), x, out)


def binary_(name, a, b, out):
    """``out = f(a, b)``, elementwise; `a` and `b` are broadcast to the shape of `out` as NumPy does.

    Parameters
    ----------
    name : str
        "add", "subtract", "multiply", "divide"; ``sigmoid_grad(g, y) = g y (1 - y)``,
        ``tanh_grad(g, y) = g (1 - y^2)``, ``relu_grad(g, y) = g where y > 0, else 0``;
        ``squared_error(p, y) = (p - y)^2``; "bce", "bce_grad" and "bce_with_logits" as in `fastbp.kernels.losses`.
    a, b : buffer of float32 or float64
        C-contiguous, at most 2-D.
    out : buffer, written
        At most 2-D, same dtype; may be an operand of its own shape.

    Raises
    ------
    TypeError, ValueError
        As `unary`, and for shapes that do not broadcast to that of `out`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.elementwise import binary
    >>> out = np.empty((2, 2))
    >>> binary("add", np.array([[10.0], [20.0]]), np.array([1.0, 2.0]), out)
    >>> out
    array([[11., 12.],
           [21., 22.]])
    """
    cdef Arguments v
    cdef Py_ssize_t n, m, ars = 0, acs = 0, brs = 0, bcs = 0
    cdef int op = number_of(name, BINARY)
    v.count = 0
    try:
        take(&v, out, "out", -1, True)
        take(&v, a, "a", -1, False)
        take(&v, b, "b", -1, False)
        if v.view[0].ndim > 2:
            raise ValueError(f"out: expected at most 2 dimensions, got shape {shape_of(&v.view[0])}")
        m = v.view[0].shape[v.view[0].ndim - 1] if v.view[0].ndim > 0 else 1
        n = v.view[0].shape[0] if v.view[0].ndim == 2 else 1
        strides_in(&v, 1, "a", &ars, &acs, n, m)
        strides_in(&v, 2, "b", &brs, &bcs, n, m)
        if v.is_double:
            binary(op, <double *> v.view[0].buf, <const double *> v.view[1].buf, ars, acs,
                   <const double *> v.view[2].buf, brs, bcs, n, m)
        else:
            binary(op, <float *> v.view[0].buf, <const float *> v.view[1].buf, ars, acs,
                   <const float *> v.view[2].buf, brs, bcs, n, m)
    finally:
        give_back(&v)


def binary_hits_(p, y, out, threshold=0.5):
    """``out = 1 where (p > threshold) == (y > 0.5), else 0``; arrays as for `sigmoid_backward`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.elementwise import binary_hits
    >>> out = np.empty(3)
    >>> binary_hits(np.array([0.9, 0.2, 0.7]), np.array([1.0, 0.0, 0.0]), out)
    >>> out
    array([1., 1., 0.])
    """
    cdef Arguments a
    a.count = 0
    try:
        take(&a, out, "out", -1, True)
        take(&a, p, "p", -1, False)
        take(&a, y, "y", -1, False)
        same_shape(&a, 1, "p")
        same_shape(&a, 2, "y")
        if a.is_double:
            binary_hits(<double *> a.view[0].buf, <const double *> a.view[1].buf, <const double *> a.view[2].buf,
                        size_of(&a, 0), <double> threshold)
        else:
            binary_hits(<float *> a.view[0].buf, <const float *> a.view[1].buf, <const float *> a.view[2].buf,
                        size_of(&a, 0), <float> threshold)
    finally:
        give_back(&a)


def sigmoid_forward(x, out):
    """``out = 1 / (1 + exp(-x))``; arrays and errors as for `unary`."""
    apply_unary(SIGMOID, x, out)


def sigmoid_backward(dy, y, dx):
    """``dx = dy y (1 - y)``, where ``y = sigmoid(x)``.

    Parameters
    ----------
    dy, y : buffer of float32 or float64
        The gradient at the output, and the output; C-contiguous, any shape.
    dx : buffer, written
        Same dtype and shape; may be `dy` or `y`.

    Raises
    ------
    TypeError, ValueError
        As `unary`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.elementwise import sigmoid_backward
    >>> dx = np.empty(1)
    >>> sigmoid_backward(np.array([2.0]), np.array([0.5]), dx)
    >>> dx
    array([0.5])
    """
    apply_same(SIGMOID_GRAD, dy, "dy", y, "y", dx, "dx")


def tanh_forward(x, out):
    """``out = tanh(x)``; arrays and errors as for `unary`."""
    apply_unary(TANH, x, out)


def tanh_backward(dy, y, dx):
    """``dx = dy (1 - y^2)``, where ``y = tanh(x)``; arrays and errors as for `sigmoid_backward`."""
    apply_same(TANH_GRAD, dy, "dy", y, "y", dx, "dx")


def relu_forward(x, out):
    """``out = max(x, 0)``, NaN where `x` is NaN; arrays and errors as for `unary`."""
    apply_unary(RELU, x, out)


def relu_backward(dy, y, dx):
    """``dx = dy where y > 0, else 0``, where ``y = relu(x)``; arrays and errors as for `sigmoid_backward`."""
    apply_same(RELU_GRAD, dy, "dy", y, "y", dx, "dx")


publish(globals(), (unary_, binary_, binary_hits_))
