# The Python functions of losses.pyx that go by rows.

from fastbp._arguments import of_shape
from fastbp.kernels.arguments cimport publish

cdef enum Rows:
    SOFTMAX
    CROSS_ENTROPY
    CROSS_ENTROPY_WITH_LOGITS
    SOFTMAX_CROSS_ENTROPY
    CLASS_HITS


cdef double rows_views(int op, const real[::1] z, const real[::1] y, real[::1] out, Py_ssize_t n, Py_ssize_t m,
                       real scale):
    if op == SOFTMAX:
        softmax(written(out), first(z), n, m)
    elif op == CROSS_ENTROPY:
        cross_entropy(written(out), first(z), first(y), n, m)
    elif op == CROSS_ENTROPY_WITH_LOGITS:
        cross_entropy_with_logits(written(out), first(z), first(y), n, m)
    elif op == CLASS_HITS:
        class_hits(written(out), first(z), first(y), n, m)
    else:
        return softmax_cross_entropy_fused(written(out), first(z), first(y), n, m, scale)
    return 0


cdef object apply_rows(int op, object z, str z_name, object y, object out, str out_name, object scale):
    """z (n, m), y (n,) but for softmax; out is (n, m) for softmax and its gradient, else (n,)."""
    cdef bint whole = op == SOFTMAX or op == SOFTMAX_CROSS_ENTROPY
    cdef double factor = number(scale, "scale")
    out = take(out, out_name, ndim=2 if whole else 1, writable=True)
    z = take(z, z_name, out, ndim=2)
    n, m = z.shape
    if m < 1:
        raise ValueError(f"{z_name}: expected at least one class, got shape {z.shape}")
    of_shape(out, out_name, (n, m) if whole else (n,))
    if op == SOFTMAX:
        y = z
    else:
        y = take(y, "y", out, ndim=1).copy()    # ours alone: another thread may write to it
        of_shape(y, "y", (n,))
    if is_double(out):
        return rows_views[double](op, flat(z), flat(y), flat(out), n, m, factor)
    return rows_views[float](op, flat(z), flat(y), flat(out), n, m, <float>factor)


cdef int one_hot_views(const real[::1] y, real[::1] out, Py_ssize_t m) except -1:
    one_hot(written(out), first(y), y.shape[0], m)
    return 0


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
    out = take(out, "out", ndim=2, writable=True)
    y = take(y, "y", out, ndim=1).copy()        # as above
    of_shape(y, "y", out.shape[:1])
    if is_double(out):
        one_hot_views[double](flat(y), flat(out), out.shape[1])
    else:
        one_hot_views[float](flat(y), flat(out), out.shape[1])


publish(globals(), (class_hits_, one_hot_))
