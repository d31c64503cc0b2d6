# The Python functions of losses.pyx that go by rows.

from fastbp.kernels.arguments cimport expect_shape, shape_of, publish

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
    """z (n, m), y (n,) but for softmax; out is (n, m) for softmax and its gradient, else (n,)."""
    cdef Arguments a
    cdef Py_ssize_t n, m
    cdef void *labels = NULL
    cdef bint whole = op == SOFTMAX or op == SOFTMAX_CROSS_ENTROPY
    a.count = 0
    try:
        take(&a, out, out_name, 2 if whole else 1, True)
        take(&a, z, z_name, 2, False)
        n, m = a.view[1].shape[0], a.view[1].shape[1]
        if m < 1:
            raise ValueError(f"{z_name}: expected at least one class, got shape {shape_of(&a.view[1])}")
        expect_shape(&a, 0, out_name, n, m if whole else -1)
        if op != SOFTMAX:
            take(&a, y, "y", 1, False)
            expect_shape(&a, 2, "y", n, -1)
            labels = a.view[2].buf
        if a.is_double:
            return by_rows(op, <double *> a.view[0].buf, <const double *> a.view[1].buf,
                           <const double *> labels, n, m, scale)
        return by_rows(op, <float *> a.view[0].buf, <const float *> a.view[1].buf,
                       <const float *> labels, n, m, <float> scale)
    finally:
        give_back(&a)


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
