# For Cython alone (pieces.pxd): nothing here is called from Python.
