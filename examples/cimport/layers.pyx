# cython: language_level=3, boundscheck=False, wraparound=False
"""A loop over kernels of fastbp in C: two dense layers, row by row, without the GIL."""

import numpy as np

from fastbp.kernels.dense cimport layer_forward
from fastbp.kernels.elementwise cimport SIGMOID, unary
from fastbp.kernels.matmul cimport work_size


def aligned(Py_ssize_t n, dtype):
    """An array of n zeros that starts at a multiple of 64 bytes, as kernels want their workspace."""
    itemsize = np.dtype(dtype).itemsize
    block = np.zeros(n + 64 // itemsize, dtype)
    return block[-block.ctypes.data % 64 // itemsize:][:n]


def forward(const float[:, ::1] x, const float[:, ::1] w1, const float[::1] b1, const float[:, ::1] w2,
            const float[::1] b2):
    """sigmoid(relu(x @ w1 + b1) @ w2 + b2) in float32, without the GIL."""
    cdef Py_ssize_t n = x.shape[0], k = x.shape[1], h = w1.shape[1], m = w2.shape[1]
    if not (n and k and h and m) or w1.shape[0] != k or w2.shape[0] != h or b1.shape[0] != h or b2.shape[0] != m:
        raise ValueError("shapes must be x (n, k), w1 (k, h), b1 (h,), w2 (h, m), b2 (m,), none of them empty")
    cdef float[::1] work = aligned(work_size(), np.float32)    # one of them for each thread
    hidden, out = np.empty((n, h), np.float32), np.empty((n, m), np.float32)
    cdef float[:, ::1] a = hidden, p = out
    with nogil:
        layer_forward(&a[0, 0], &x[0, 0], &w1[0, 0], &b1[0], n, k, h, h, True, &work[0], NULL)
        layer_forward(&p[0, 0], &a[0, 0], &w2[0, 0], &b2[0], n, h, m, m, False, &work[0], NULL)
        unary(SIGMOID, &p[0, 0], &p[0, 0], n * m)
    return out
