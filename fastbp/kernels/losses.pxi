# The Python functions of losses.pyx.

cdef object apply_loss(int op, object p, str p_name, object y, object out, str out_name):
    """out = op(p, y), all of one shape."""
    cdef Arguments a
    cdef Py_ssize_t n
    a.count = 0
    try:
        take(&a, out, out_name, -1, True)
        take(&a, p, p_name, -1, False)
        take(&a, y, "y", -1, False)
        same_shape(&a, 1, p_name)
        same_shape(&a, 2, "y")
        n = size_of(&a, 0)
        if a.is_double:
            binary(op, <double *> a.view[0].buf, <const double *> a.view[1].buf, 0, 1,
                   <const double *> a.view[2].buf, 0, 1, 1, n)
        else:
            binary(op, <float *> a.view[0].buf, <const float *> a.view[1].buf, 0, 1,
                   <const float *> a.view[2].buf, 0, 1, 1, n)
    finally:
        give_back(&a)


cdef object apply_fused(int op, object p, str p_name, object y, object dp, str dp_name, double scale):
    """dp, and the sum of the losses."""
    cdef Arguments a
    a.count = 0
    try:
        take(&a, dp, dp_name, -1, True)
        take(&a, p, p_name, -1, False)
        take(&a, y, "y", -1, False)
        same_shape(&a, 1, p_name)
        same_shape(&a, 2, "y")
        if a.is_double:
            return fused(op, <double *> a.view[0].buf, <const double *> a.view[1].buf, <const double *> a.view[2].buf,
                         size_of(&a, 0), scale)
        return fused(op, <float *> a.view[0].buf, <const float *> a.view[1].buf, <const float *> a.view[2].buf,
                     size_of(&a, 0), <float> scale)
    finally:
        give_back(&a)


cdef real fused(int op, real *dp, const real *p, const real *y, Py_ssize_t n, real scale) noexcept:
    if op == SQUARED_ERROR:
        return squared_error_fused(dp, p, y, n, scale)
    return bce_with_logits_fused(dp, p, y, n, scale)


cdef enum Rows:
    SOFTMAX
    CROSS_ENTROPY
    CROSS_ENTROPY_WITH_LOGITS
    SOFTMAX_CROSS_ENTROPY
    CLASS_HITS


cdef real by_rows(int op, real *out, const real *z, const real *y, Py_ssize_t n, Py_ssize_t m, real scale) noexcept:
    if op == SOFTMAX:
        softmax(out, z, n, m)
    elif op == CROSS_ENTROPY:
        cross_entropy(out, z, y, n, m)
    elif op == CROSS_ENTROPY_WITH_LOGITS:
        cross_entropy_with_logits(out, z, y, n, m)
    elif op == CLASS_HITS:
        class_hits(out, z, y, n, m)
    else:
        return softmax_cross_entropy_fused(out, z, y, n, m, scale)
    return 0


cdef object apply_rows(int op, object z, str z_name, object y, object out, str out_name, double scale):
    """z (n, m), y (n,) unless None; out is (n, m) for softmax and its gradient, else (n,)."""
    cdef Arguments a
    cdef Py_ssize_t n, m
    cdef bint whole = op == SOFTMAX or op == SOFTMAX_CROSS_ENTROPY
    a.count = 0
    try:
        take(&a, out, out_name, 2 if whole else 1, True)
        take(&a, z, z_name, 2, False)
        n, m = a.view[1].shape[0], a.view[1].shape[1]
        if m < 1:
            raise ValueError(f"{z_name}: expected at least one class, got shape {shape_of(&a.view[1])}")
        expect_shape(&a, 0, out_name, n, m if whole else -1)
        if y is not None:
            take(&a, y, "y", 1, False)
            expect_shape(&a, 2, "y", n, -1)
        if a.is_double:
            return by_rows(op, <double *> a.view[0].buf, <const double *> a.view[1].buf,
                           <const double *> a.view[2].buf if y is not None else NULL, n, m, scale)
        return by_rows(op, <float *> a.view[0].buf, <const float *> a.view[1].buf,
                       <const float *> a.view[2].buf if y is not None else NULL, n, m, <float> scale)
    finally:
        give_back(&a)


def bce_forward(p, y, out):
    """``out = -(y log p + (1 - y) log(1 - p))``, the logarithms floored at -100.

    Parameters
    ----------
    p, y : buffer of float32 or float64
        Probabilities and targets, both in [0, 1]; C-contiguous, any shape.
    out : buffer, written
        The loss of each element; same dtype and shape.

    Raises
    ------
    TypeError
        For another dtype, or two.
    ValueError
        For other shapes, or an array that is not contiguous or not writable.

    Notes
    -----
    The floor is PyTorch's: a certain and wrong prediction costs 100, not infinity. `bce_with_logits_forward` needs none.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.losses import bce_forward
    >>> out = np.empty(2)
    >>> bce_forward(np.array([0.5, 0.0]), np.array([1.0, 1.0]), out)
    >>> out.round(4)
    array([  0.6931, 100.    ])
    """
    apply_loss(BCE, p, "p", y, out, "out")


def bce_backward(p, y, dp):
    """``dp = (p - y) / max(p (1 - p), 1e-12)``; arrays and errors as for `bce_forward`."""
    apply_loss(BCE_GRAD, p, "p", y, dp, "dp")


def bce_with_logits_forward(z, y, out):
    """``out = max(z, 0) - y z + log(1 + exp(-|z|))``, the binary cross-entropy of sigmoid(z).

    Arrays and errors as for `bce_forward`, `z` being any numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.losses import bce_with_logits_forward
    >>> out = np.empty(2)
    >>> bce_with_logits_forward(np.array([0.0, -50.0]), np.array([1.0, 1.0]), out)
    >>> out.round(4)
    array([ 0.6931, 50.    ])
    """
    apply_loss(BCE_WITH_LOGITS, z, "z", y, out, "out")


def bce_with_logits_backward(z, y, dz):
    """``dz = sigmoid(z) - y``; arrays and errors as for `bce_with_logits_forward`."""
    apply_fused(BCE_WITH_LOGITS, z, "z", y, dz, "dz", 1.0)


def bce_with_logits(z, y, dz, scale=1.0):
    """``dz = (sigmoid(z) - y) scale``; returns the sum of the losses of `bce_with_logits_forward`, in one pass.

    Parameters
    ----------
    z, y : buffer of float32 or float64
        Logits, and targets in [0, 1]; C-contiguous, any shape.
    dz : buffer, written
        Same dtype and shape.
    scale : float, default 1.0
        1 / z.size gives the gradient of the mean.

    Returns
    -------
    float
        The sum, not scaled.

    Raises
    ------
    TypeError, ValueError
        As `bce_forward`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.losses import bce_with_logits
    >>> dz = np.empty(2)
    >>> round(bce_with_logits(np.array([0.0, 0.0]), np.array([1.0, 0.0]), dz, scale=0.5), 4)
    1.3863
    >>> dz
    array([-0.25,  0.25])
    """
    return apply_fused(BCE_WITH_LOGITS, z, "z", y, dz, "dz", scale)


def mse(p, y, dp, scale=1.0):
    """``dp = (p - y) scale``; returns ``sum (p - y)^2``; arrays and errors as for `bce_with_logits`.

    With ``scale = 2 / p.size`` `dp` is the gradient of the mean.
    """
    return apply_fused(SQUARED_ERROR, p, "p", y, dp, "dp", scale)


def softmax_forward(z, out):
    """``out[i, j] = exp(z[i, j]) / sum_k exp(z[i, k])``, with the maximum of the row subtracted first.

    Parameters
    ----------
    z : buffer of float32 or float64
        Logits; C-contiguous, (n, m), m >= 1.
    out : buffer, written
        Same dtype and shape; may be `z`.

    Raises
    ------
    TypeError, ValueError
        As `bce_forward`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.losses import softmax_forward
    >>> out = np.empty((1, 2))
    >>> softmax_forward(np.array([[1000.0, 1000.0]]), out)
    >>> out
    array([[0.5, 0.5]])
    """
    apply_rows(SOFTMAX, z, "z", None, out, "out", 1)


def cross_entropy_forward(p, y, out):
    """``out[i] = -log p[i, y[i]]``.

    Parameters
    ----------
    p : buffer of float32 or float64
        Probabilities; C-contiguous, (n, m), m >= 1.
    y : buffer
        (n,), same dtype: class indices. Where one is not a whole number in [0, m), the loss is NaN.
    out : buffer, written
        (n,), same dtype.

    Raises
    ------
    TypeError, ValueError
        As `bce_forward`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.losses import cross_entropy_forward
    >>> out = np.empty(1)
    >>> cross_entropy_forward(np.array([[0.5, 0.25, 0.25]]), np.array([2.0]), out)
    >>> out.round(4)
    array([1.3863])
    """
    apply_rows(CROSS_ENTROPY, p, "p", y, out, "out", 1)


def cross_entropy_with_logits_forward(z, y, out):
    """``out[i] = log(sum_j exp(z[i, j])) - z[i, y[i]]``; arrays and errors as for `cross_entropy_forward`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.losses import cross_entropy_with_logits_forward
    >>> out = np.empty(1)
    >>> cross_entropy_with_logits_forward(np.array([[0.0, 0.0]]), np.array([1.0]), out)
    >>> out.round(4)
    array([0.6931])
    """
    apply_rows(CROSS_ENTROPY_WITH_LOGITS, z, "z", y, out, "out", 1)


def softmax_cross_entropy(z, y, dz, scale=1.0):
    """``dz = (softmax(z) - one_hot(y)) scale``; returns the sum of the losses, in one pass.

    Parameters
    ----------
    z : buffer of float32 or float64
        Logits; C-contiguous, (n, m), m >= 1.
    y : buffer
        (n,), same dtype: class indices. Where one is not a whole number in [0, m), loss and gradient are NaN.
    dz : buffer, written
        (n, m), same dtype; may be `z`.
    scale : float, default 1.0
        1 / n gives the gradient of the mean.

    Returns
    -------
    float
        The sum of the losses of `cross_entropy_with_logits_forward`, not scaled.

    Raises
    ------
    TypeError, ValueError
        As `bce_forward`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.losses import softmax_cross_entropy
    >>> dz = np.empty((1, 2))
    >>> round(softmax_cross_entropy(np.array([[0.0, 0.0]]), np.array([1.0]), dz), 4)
    0.6931
    >>> dz
    array([[ 0.5, -0.5]])
    """
    return apply_rows(SOFTMAX_CROSS_ENTROPY, z, "z", y, dz, "dz", scale)


def class_hits_(p, y, out):
    """``out[i] = 1 where y[i] is the first largest of p[i], else 0``; arrays and errors as for `cross_entropy_forward`.

    A row with NaN, and a `y` that is no class, are no hit.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.losses import class_hits
    >>> out = np.empty(2)
    >>> class_hits(np.array([[0.2, 0.8], [0.9, 0.1]]), np.array([1.0, 1.0]), out)
    >>> out
    array([1., 0.])
    """
    apply_rows(CLASS_HITS, p, "p", y, out, "out", 1)


def one_hot_(y, out):
    """``out[i, j] = 1 where j == y[i], else 0``; a row of NaN where `y[i]` is not a whole number in [0, m).

    Parameters
    ----------
    y : buffer of float32 or float64
        (n,), class indices.
    out : buffer, written
        C-contiguous, (n, m), same dtype.

    Raises
    ------
    TypeError, ValueError
        As `bce_forward`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.losses import one_hot
    >>> out = np.empty((2, 3))
    >>> one_hot(np.array([2.0, 0.0]), out)
    >>> out
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    cdef Arguments a
    cdef Py_ssize_t n, m
    a.count = 0
    try:
        take(&a, out, "out", 2, True)
        take(&a, y, "y", 1, False)
        n, m = a.view[0].shape[0], a.view[0].shape[1]
        expect_shape(&a, 1, "y", n, -1)
        if a.is_double:
            one_hot(<double *> a.view[0].buf, <const double *> a.view[1].buf, n, m)
        else:
            one_hot(<float *> a.view[0].buf, <const float *> a.view[1].buf, n, m)
    finally:
        give_back(&a)


publish(globals(), (class_hits_, one_hot_))
