# The Python functions of elementwise.pyx.

from fastbp._arguments import take, same, of_shape
from fastbp.kernels.arguments cimport flat, first, number, one_of, written, is_double, publish

cdef tuple UNARY = ("negative", "square", "sqrt", "exp", "log", "reciprocal", "sigmoid", "tanh", "relu",
                    "log1p", "expm1", "sin", "cos", "arctan", "erf", "softplus", "absolute", "sign", "floor", "ceil",
                    "single")
cdef tuple BINARY = ("add", "subtract", "multiply", "divide", "sigmoid_grad", "tanh_grad", "relu_grad",
                     "squared_error", "bce", "bce_grad", "bce_with_logits", "power", "arctan2", "mod",
                     "maximum", "minimum", "greater", "greater_equal", "equal", "not_equal", "ramp_grad")


cdef int number_of(object name, tuple names) except -1:
    """The place of a name, which is its number: the order is that of the enum."""
    return one_of(name, "name", names)


cdef int unary_views(int op, const real[::1] x, real[::1] out) except -1:
    unary(op, written(out), first(x), out.shape[0])
    return 0


cdef int apply_views(int op, const real[::1] u, const real[::1] v, real[::1] out) except -1:
    apply(op, written(out), first(u), first(v), out.shape[0])
    return 0


cdef object apply_unary(int op, object x, object out):
    out = take(out, "out", writable=True)
    x = same(x, "x", out)
    if is_double(out):
        unary_views[double](op, flat(x), flat(out))
    else:
        unary_views[float](op, flat(x), flat(out))


cdef object apply_same(int op, object u, str u_name, object v, str v_name, object out, str out_name):
    """out = op(u, v), all of one shape."""
    out = take(out, out_name, writable=True)
    u, v = same(u, u_name, out), same(v, v_name, out)
    if is_double(out):
        apply_views[double](op, flat(u), flat(v), flat(out))
    else:
        apply_views[float](op, flat(u), flat(v), flat(out))


cdef tuple rows_and_columns(object view):
    """The shape of a view of at most two dimensions, with ones before it."""
    return (1, 1, *view.shape)[view.ndim:]


cdef tuple strides_in(object view, str name, object out):
    """Strides that broadcast an operand to the shape of `out`."""
    rows, columns = rows_and_columns(view)
    n, m = rows_and_columns(out)
    if view.ndim > out.ndim or rows not in (1, n) or columns not in (1, m):
        raise ValueError(f"{name}: expected a shape that broadcasts to {out.shape}, got {view.shape}")
    return (0 if rows == 1 else columns, columns == m)


cdef int binary_views(int op, const real[::1] a, Py_ssize_t ars, Py_ssize_t acs, const real[::1] b, Py_ssize_t brs,
                      Py_ssize_t bcs, real[::1] out, Py_ssize_t n, Py_ssize_t m) except -1:
    binary(op, written(out), first(a), ars, acs, first(b), brs, bcs, n, m)
    return 0


cdef int binary_hits_views(const real[::1] p, const real[::1] y, real[::1] out, real threshold) except -1:
    binary_hits(written(out), first(p), first(y), out.shape[0], threshold)
    return 0


cdef int where_views(const real[::1] c, const real[::1] a, const real[::1] b, real[::1] out) except -1:
    cdef Py_ssize_t n = out.shape[0]
    where(written(out), first(c), first(a), a.shape[0] == n, first(b), b.shape[0] == n, n)
    return 0


def unary_(name, x, out):
    """``out = f(x)``, elementwise.

    Parameters
    ----------
    name : str
        "negative", "square", "sqrt", "exp", "log", "reciprocal", "sigmoid", "tanh", "relu", "log1p", "expm1", "sin",
        "cos", "arctan", "erf", "softplus" (``log(1 + exp(x))``), "absolute", "sign", "floor",
        "ceil" or "single" (rounded to float32).
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
    Within 2 ULP of the true value. Results of exp, sigmoid and softplus below the normal range are 0.

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
        ``ramp_grad(g, x) = g where x > 0, g / 2 where x is 0, else 0``;
        ``squared_error(p, y) = (p - y)^2``; "bce", "bce_grad" and "bce_with_logits" as in `fastbp.kernels.losses`;
        "power", "arctan2", "mod", "maximum" and "minimum" as the NumPy functions of these names; "greater",
        "greater_equal", "equal" and "not_equal" give 1 or 0.
    a, b : buffer of float32 or float64
        C-contiguous, at most 2-D.
    out : buffer, written
        At most 2-D, same dtype; may be an operand of its own shape.

    Raises
    ------
    TypeError, ValueError
        As `unary`, and for shapes that do not broadcast to that of `out`.

    Notes
    -----
    arctan2 and power are within 2 ULP of the true value, where that is a normal number; below, power may give 0.

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
    cdef int op = number_of(name, BINARY)
    out = take(out, "out", writable=True)
    a, b = take(a, "a", out), take(b, "b", out)
    if out.ndim > 2:
        raise ValueError(f"out: expected at most 2 dimensions, got shape {out.shape}")
    (ars, acs), (brs, bcs), (n, m) = strides_in(a, "a", out), strides_in(b, "b", out), rows_and_columns(out)
    if is_double(out):
        binary_views[double](op, flat(a), ars, acs, flat(b), brs, bcs, flat(out), n, m)
    else:
        binary_views[float](op, flat(a), ars, acs, flat(b), brs, bcs, flat(out), n, m)


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
    out = take(out, "out", writable=True)
    p, y = same(p, "p", out), same(y, "y", out)
    cdef double limit = number(threshold, "threshold")
    if is_double(out):
        binary_hits_views[double](flat(p), flat(y), flat(out), limit)
    else:
        binary_hits_views[float](flat(p), flat(y), flat(out), <float>limit)


def where_(c, a, b, out):
    """``out = a where c != 0, else b``; a NaN in `c` counts as not 0.

    Parameters
    ----------
    c : buffer of float32 or float64
        C-contiguous, any shape.
    a, b : buffer
        Same dtype; the shape of `c`, or a single number.
    out : buffer, written
        Dtype and shape of `c`; may be an operand of its own shape.

    Raises
    ------
    TypeError, ValueError
        As `unary`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.elementwise import where
    >>> out = np.empty(3)
    >>> where(np.array([1.0, 0.0, 2.0]), np.array([5.0, 6.0, 7.0]), np.array(-1.0), out)
    >>> out
    array([ 5., -1.,  7.])
    """
    out = take(out, "out", writable=True)
    c = same(c, "c", out)
    a, b = take(a, "a", out), take(b, "b", out)
    for name, view in (("a", a), ("b", b)):
        if view.size != 1:
            of_shape(view, name, out.shape)
    if is_double(out):
        where_views[double](flat(c), flat(a), flat(b), flat(out))
    else:
        where_views[float](flat(c), flat(a), flat(b), flat(out))


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


publish(globals(), (unary_, binary_, binary_hits_, where_))
