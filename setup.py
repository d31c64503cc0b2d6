"""Build: one cythonize a module; the kernels are compiled once for each instruction set.

`fastbp/kernels/matmul.pyx` becomes `fastbp/kernels/v2/matmul.so`, `v3/matmul.so` and `v4/matmul.so` on x86-64 (one
folder, `base`, elsewhere); `fastbp/kernels/__init__.py` points its `__path__` at the best one that the CPU can run.

Environment: FASTBP_DEBUG=1 (bounds checks), FASTBP_SANITIZE=address,undefined, FASTBP_PLAIN=1 (the path for compilers
without GNU vectors).
"""

import copy
import os
import sys
import sysconfig
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

KERNELS = [
    "matmul",
    "narrow",
    "dense",
    "rows",
    "moves",
    "elementwise",
    "reductions",
    "reduce_axes",
    "losses",
    "sorting",
    "updates",
    "probe",
]
ENGINE = [
    "steps",
    "random",
    "buffers",
    "guard",
    "program",
    "bound",
    "team",
    "walk",
    "pieces",
    "run",
    "direct",
    "snapshot",
    "epochs",
    "call",
]

DEBUG = os.environ.get("FASTBP_DEBUG") == "1"
SANITIZE = os.environ.get("FASTBP_SANITIZE", "")

DIRECTIVES = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "wraparound": False,
    "initializedcheck": DEBUG,
    "cdivision": True,
    "cpow": True,
    "freethreading_compatible": True,
    "autotestdict": False,
}

# One copy of what Cython adds to modules that take arrays, instead of one in each: half of a wheel was that. Cython
# also enters it into sys.modules without its package, so the name says whose it is.
SHARED = "fastbp._fastbp_cython"

# Rounding is the source's on every build: no contraction, no fast-math. Builds must give the same bits.
FLAGS = ["-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-g0"]
QUIET = [
    "-Wno-unused-function",
    "-Wno-unused-variable",
]  # a fused function leaves unused copies behind
X86 = {
    "v2": ["-march=x86-64-v2"],
    "v3": ["-march=x86-64-v3"],
    "v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
}
# A tile of the matmul must see its sizes as constants.
INLINE = [("CYTHON_INLINE", "inline __attribute__((always_inline))")]
# Plain loops stay plain: GCC 12 vectorises a tile of scalars over k by loads of rows of B that are not there.
PLAIN = os.environ.get("FASTBP_PLAIN") == "1"


def instruction_sets():
    """Folder name -> compiler flags for the machine that is built for."""
    machine = sysconfig.get_platform().rsplit("-", 1)[-1].lower()
    return X86 if machine in ("x86_64", "amd64") else {"base": []}


def common_flags():
    flags = FLAGS + QUIET + (["-fno-tree-vectorize"] if PLAIN else [])
    if SANITIZE:
        flags = [*flags, f"-fsanitize={SANITIZE}", "-fno-omit-frame-pointer", "-g"]
    return flags


def link_flags():
    if SANITIZE:
        return [f"-fsanitize={SANITIZE}"]
    return ["-lm", "-Wl,-s"] if sys.platform == "linux" else []


def translated(names, *shared):
    """The modules in C, with what Cython adds to them in a module that they share."""
    return cythonize(
        [
            *shared,
            *(Extension(f"fastbp.{n}", [f"fastbp/{n.replace('.', '/')}.pyx"]) for n in names),
        ],
        compiler_directives=DIRECTIVES,
        build_dir="build/cython",
        shared_utility_qualified_name=SHARED if shared else None,
    )


def extensions():
    link = link_flags()
    plain = [("FASTBP_PLAIN", "1")] if PLAIN else []
    names = (
        [f"engine.{m}" for m in ENGINE]
        + ["transforms.template"]
        + [f"kernels.{m}" for m in KERNELS]
    )
    modules = translated(["_cpu"])  # looked at before anything else is loaded
    modules += translated(names, Extension(SHARED, [SHARED.replace(".", "/") + ".c"]))
    built = []
    for module in modules:
        sets = instruction_sets() if ".kernels." in module.name else {"": []}
        for isa, flags in sets.items():
            extension = Extension(
                module.name.replace(".kernels.", f".kernels.{isa}."),
                module.sources,
                extra_compile_args=common_flags() + flags,
                extra_link_args=link,
                define_macros=plain + (INLINE if isa else []),
                depends=[*module.depends, "setup.py"],
            )
            extension.isa = isa
            built.append(extension)
    return built


class BuildEachIsa(build_ext):
    """Objects of one instruction set go to a folder of their own, or they collide."""

    def build_extension(self, ext):
        own = copy.copy(self)  # extensions are built side by side
        own.build_temp = os.path.join(self.build_temp, ext.isa or "any")
        build_ext.build_extension(own, ext)

    def run(self):
        if self.inplace:  # the linker creates no folders
            for isa in instruction_sets():
                Path("fastbp/kernels", isa).mkdir(exist_ok=True)
        super().run()

    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildEachIsa})
