# For Cython alone (narrow.pxd): nothing here is called from Python.
