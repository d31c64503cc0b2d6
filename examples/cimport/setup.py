"""Build layers.pyx in place: `python setup.py build_ext --inplace`, with fastbp, Cython and setuptools installed."""

from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

import fastbp

# There is nothing to link. The path is needed for an editable installation of fastbp only.
where = str(Path(fastbp.__file__).parents[1])

setup(
    name="layers",
    ext_modules=cythonize([Extension("layers", ["layers.pyx"])], include_path=[where]),
    py_modules=[],
)
