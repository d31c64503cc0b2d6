"""Build: one cythonize a module; the kernels are compiled once for each instruction set.

`fastbp/kernels/matmul.pyx` becomes `fastbp/kernels/v2/matmul.so`, `v3/matmul.so` and `v4/matmul.so` on x86-64 (one
folder, `base`, elsewhere); `fastbp/kernels/__init__.py` points its `__path__` at the best one that the CPU can run,
and, for what is built once, at the least.
CONTRIBUTING.md says what each platform gets.

Environment: FASTBP_DEBUG=1 (bounds checks), FASTBP_SANITIZE=address,undefined, FASTBP_PLAIN=1 (the path for compilers
without GNU vectors).
"""

import copy
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import Cython
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
# Of these, which only move and compare numbers, the least build is as fast, and gives the same bits: it serves all.
ONCE = ["moves", "sorting"]
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
PLAIN = os.environ.get("FASTBP_PLAIN") == "1"

SOURCES = [str(p) for suffix in ("pyx", "pxd", "pxi") for p in Path("fastbp").rglob(f"*.{suffix}")]
SOURCES += ["setup.py"]

DIRECTIVES = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "wraparound": False,
    "initializedcheck": DEBUG,
    "cdivision": True,
    "cpow": True,
    "freethreading_compatible": True,
    "autotestdict": False,
    "auto_pickle": False,  # no class of the engine can be pickled: they hold addresses
}

# One copy of what Cython adds to modules that take arrays, instead of one in each: half of a wheel was that. Cython
# also enters it into sys.modules without its package, so the name says whose it is.
SHARED = "fastbp._fastbp_cython"

# Rounding is the source's on every build: no contraction, no fast-math. Builds must give the same bits.
EXACT = ["-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off"]
QUIET = [  # a fused function leaves unused copies behind
    "-Wno-unused-function",
    "-Wno-unused-variable",
]
WINDOWS = {"win-amd64": "x86_64-pc-windows-msvc", "win-arm64": "aarch64-pc-windows-msvc"}
X86 = {
    "v2": ["-march=x86-64-v2"],
    "v3": ["-march=x86-64-v3"],
    "v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
}

# Where what `pip install -e` has compiled is kept for the next time, for each way to compile it.
WAY = [sys.implementation.cache_tag, "debug" * DEBUG, "plain" * PLAIN, SANITIZE.replace(",", "-")]
WAY += [os.environ.get(name, "").replace(os.sep, "-").replace(" ", "") for name in ("CC", "CFLAGS")]
KEPT = os.path.join("build", "-".join(["editable", *filter(None, WAY)]))

# How far a module is optimised. Where nothing is said: -O2, as -O3 gained nothing there that benchmarks could see; with
# it a wheel would be a fifth larger. Tiles must be unrolled whole, plain loops be split by their conditions. Modules
# that compile programs, begin calls or hand work on to other modules are as small as can be.
SMALL = ["_cpu", "_fastbp_cython", "bound", "buffers", "call", "dense", "epochs", "guard"]
SMALL += ["program", "run", "snapshot", "team"]
LARGE = ["matmul", "moves", "narrow", "probe", "reduce_axes", "reductions"]
LEVEL = dict.fromkeys(SMALL, "-Os") | dict.fromkeys(LARGE, "-O3")
# A tile of the matmul must see its sizes as constants: what is `inline` is inlined, whatever its size.
INLINE = [("CYTHON_INLINE", "inline __attribute__((always_inline))")]
TILES = ["matmul", "narrow"]
ALIGNED = [
    "-falign-loops=64"
]  # with AVX2 a tile that lies across one line more takes 5 % longer; so may a gather
# Loops must see into exp and log, or they run on one number at a time. GCC is told that they may be long: INLINE would
# do, but inlines Cython's own functions as well, which is 5 % of a wheel.
LOOPS = ["elementwise", "losses", "moves", "reduce_axes"]
GENEROUS = ["--param=max-inline-insns-single=1000", "--param=large-function-growth=2000"]


def instruction_sets():
    """Folder name -> compiler flags for the machine that is built for."""
    machine = sysconfig.get_platform().rpartition("-")[2].lower()
    if machine == "universal2":  # both of a Mac's architectures, each with its own kernels
        intel = {name: ["-arch", "x86_64", *flags] for name, flags in X86.items()}
        return {"base": ["-arch", "arm64"], **intel}
    return X86 if machine in ("x86_64", "amd64") else {"base": []}


def kind_of(compiler):
    """What setuptools compiles with: "gcc", "clang", "clang-cl" or "msvc"."""
    if compiler.compiler_type == "msvc":
        return "msvc" if PLAIN or not shutil.which("clang-cl") else "clang-cl"
    version = subprocess.run(
        [*compiler.compiler_so[:1], "--version"], capture_output=True, text=True
    )
    return "clang" if "clang" in version.stdout.lower() else "gcc"


def compiler_flags(kind, module, flags):
    """What a module is compiled with, and the macros that are defined meanwhile."""
    macros = [("FASTBP_PLAIN", "1")] if PLAIN else []
    if kind == "msvc":  # plain loops, of which there is one build
        return ["/O2", "/fp:precise", "/std:c11"], macros
    flags = [LEVEL.get(module, "-O2"), *EXACT, *QUIET, *flags]
    macros += INLINE if module in TILES or (module in LOOPS and kind != "gcc") else []
    if kind == "clang-cl":
        target = f"--target={WINDOWS[sysconfig.get_platform()]}"  # else that of the compiler itself
        return [target, *(f"/clang:{flag}" for flag in flags)], macros
    flags += ["-g0", "-fno-asynchronous-unwind-tables"]  # nothing unwinds through C
    if kind == "gcc":
        flags += ["-fvect-cost-model=dynamic", *(GENEROUS if module in LOOPS else [])]
        flags += ALIGNED if module in [*TILES, "rows"] else []
    if PLAIN:  # GCC 12 vectorises a tile of scalars over k by loads of rows of B that are not there
        flags += ["-fno-tree-vectorize"]
    if SANITIZE:
        flags += [f"-fsanitize={SANITIZE}", "-fno-omit-frame-pointer", "-g"]
    return flags, macros


def linker_flags(flags):
    if SANITIZE:
        return [f"-fsanitize={SANITIZE}"]
    if sys.platform == "linux":  # mod is libm's; no symbols but the module's
        return ["-lm", "-Wl,-s", "-Wl,--build-id=none"]
    return flags[:2] if flags[:1] == ["-arch"] else []


def translated(names, *shared):
    """The modules in C, with what Cython adds to them in a module that they share; as they are if nothing is newer.

    Cython's own files do not count: pip installs them anew for each build.
    """
    stamp = Path("build/cython", f"{names[0]}.json")
    made_by = [Cython.__version__, repr(DIRECTIVES), *names]
    if stamp.exists() and stamp.stat().st_mtime > max(os.path.getmtime(p) for p in SOURCES):
        known = json.loads(stamp.read_text())
        if known["made by"] == made_by and all(map(os.path.exists, known["modules"].values())):
            return [Extension(n, [c]) for n, c in known["modules"].items()]
    modules = cythonize(
        [
            *shared,
            *(Extension(f"fastbp.{n}", [f"fastbp/{n.replace('.', '/')}.pyx"]) for n in names),
        ],
        compiler_directives=DIRECTIVES,
        build_dir="build/cython",
        shared_utility_qualified_name=SHARED if shared else None,
    )
    known = {module.name: module.sources[0] for module in modules}
    stamp.write_text(json.dumps({"made by": made_by, "modules": known}))
    return modules


def extensions():
    """Each module once; each kernel once for each instruction set."""
    names = [f"engine.{m}" for m in ENGINE] + ["transforms.template"]
    names += [f"kernels.{m}" for m in KERNELS]
    modules = translated(["_cpu"])  # looked at before anything else is loaded
    modules += translated(names, Extension(SHARED, [SHARED.replace(".", "/") + ".c"]))
    built = []
    for module in modules:
        folder, name = module.name.split(".")[-2:]
        sets = instruction_sets() if folder == "kernels" else {"": []}
        for isa, flags in sets.items():
            if name in ONCE and isa not in ("base", "v2"):
                continue
            extension = Extension(
                module.name.replace(".kernels.", f".kernels.{isa}."),
                module.sources,
                depends=[*module.depends, "setup.py"],
            )
            extension.isa, extension.isa_flags = isa, flags
            built.append(extension)
    return built


class BuildEachIsa(build_ext):
    """Objects of one instruction set go to a folder of their own, or they collide."""

    def build_extensions(self):
        kind = kind_of(self.compiler)
        if self.compiler.compiler_type == "unix":  # no folder of the library of this very Python
            plain = [a for a in self.compiler.linker_so if not a.startswith("-Wl,-rpath")]
            self.compiler.linker_so = plain
        if kind == "clang-cl":  # MSVC's libraries and linker; the vectors are GNU's
            self.compiler.initialize()
            self.compiler.cc = shutil.which("clang-cl")
        if kind == "msvc":  # of plain loops there is one build
            self.extensions = [e for e in self.extensions if e.isa in ("", "base", "v2")]
        for ext in self.extensions:
            flags, macros = compiler_flags(kind, ext.name.rpartition(".")[2], ext.isa_flags)
            ext.extra_compile_args, ext.define_macros = flags, macros
            ext.extra_link_args = linker_flags(ext.isa_flags)
        super().build_extensions()

    def build_extension(self, ext):
        own = copy.copy(self)  # extensions are built side by side
        own.build_temp = os.path.join(self.build_temp, ext.isa or "any")
        build_ext.build_extension(own, ext)

    def run(self):
        if self.editable_mode:  # else in a new folder each time, where nothing is up to date
            self.build_lib = self.build_temp = KEPT
        if self.inplace:  # the linker creates no folders
            for isa in instruction_sets():
                Path("fastbp/kernels", isa).mkdir(exist_ok=True)
        super().run()

    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildEachIsa})
