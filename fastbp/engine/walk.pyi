# For Cython alone (walk.pxd): nothing here is called from Python.
