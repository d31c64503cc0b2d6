# For Cython alone (matmul.pxd): nothing here is called from Python.
