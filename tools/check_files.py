"""Look into an sdist and a wheel before they are published: `python tools/check_files.py SDIST WHEEL`.

Prints what was looked at; ends with an error that names the file and what is wrong with it.
"""

import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

MOST_BYTES = 2_500_000
NEWEST_GLIBC = (2, 28)
LIBRARIES = {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
LIBRARIES |= {"libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"}
IN_WHEEL = {".so", ".pyd", ".py", ".pyi", ".pxd", ".npz", ".typed", ".md"}
IN_SDIST_ROOT = {"PKG-INFO", "setup.cfg", "setup.py", "pyproject.toml", "LICENSE", "MANIFEST.in"}


def refuse(what: str) -> None:
    """End with an error."""
    raise SystemExit(f"check_files: {what}")


def check_sdist(path: Path) -> None:
    """All that a build and the tests need, and nothing that a build makes."""
    with tarfile.open(path) as archive:
        names = [
            PurePosixPath(m.name).relative_to(path.name.removesuffix(".tar.gz")) for m in archive
        ]
    inside = {str(name) for name in names}
    for name in IN_SDIST_ROOT | {
        "fastbp/__init__.py",
        "fastbp/kernels/matmul.pyx",
        "tests/conftest.py",
    }:
        if name not in inside:
            refuse(f"{path.name}: {name} is missing")
    for name in names:
        if name.suffix in {".so", ".pyd", ".o", ".pyc", ".whl"} or (
            name.suffix in {".c", ".cpp"} and name.parts[0] != "tests"
        ):
            refuse(f"{path.name}: {name} is made by a build")
        if name.parts and name.parts[0] in {"build", "dist", ".ci", ".github", ".git"}:
            refuse(f"{path.name}: {name} is not needed to build or to test")
    print(f"{path.name}: {len(names)} entries, {path.stat().st_size} bytes, no generated file")


def check_wheel(path: Path) -> None:
    """Name, size, files, and on Linux each module's needs."""
    tags = path.stem.split("-")[-1].split(".")
    for tag in tags:
        glibc = re.match(r"manylinux_(\d+)_(\d+)_", tag)
        if glibc and tuple(map(int, glibc.groups())) > NEWEST_GLIBC:
            refuse(f"{path.name}: {tag} is newer than manylinux_2_28")
    if sys.platform == "linux" and not any(re.match("(many|musl)linux", tag) for tag in tags):
        refuse(f"{path.name}: not repaired: {tags}")
    if path.stat().st_size > MOST_BYTES:
        refuse(f"{path.name}: {path.stat().st_size} bytes, more than {MOST_BYTES}")
    with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
        names = [
            PurePosixPath(entry.filename) for entry in archive.infolist() if not entry.is_dir()
        ]
        for name in names:
            if name.parts[0] != "fastbp" and ".dist-info" not in name.parts[0]:
                refuse(f"{path.name}: {name} is outside of the package")
            if name.parts[0] == "fastbp" and name.suffix not in IN_WHEEL:
                refuse(f"{path.name}: {name} is of no use to users")
            if "tests" in name.parts:
                refuse(f"{path.name}: {name} is a test's")
        modules = [name for name in archive.namelist() if name.endswith((".so", ".pyd"))]
        if not any("_fastbp_cython" in name for name in modules):
            refuse(f"{path.name}: the modules do not share Cython's code")
        archive.extractall(folder)
        for name in modules:
            if name.endswith(".so") and sys.platform == "linux":
                check_module(Path(folder, name))
    print(f"{path.name}: {len(names)} files, {len(modules)} modules, {path.stat().st_size} bytes")


def check_module(path: Path) -> None:
    """An ELF file: what it needs, where it looks for it, and whether its symbols are stripped."""
    if shutil.which("readelf") is None:
        refuse("readelf is needed to look into modules (Debian: binutils)")
    if path.read_bytes()[:4] != b"\x7fELF" or struct.calcsize("P") != 8:
        refuse(f"{path.name}: not a 64-bit ELF file")
    text = subprocess.run(
        ["readelf", "--dynamic", "--section-headers", "--wide", path],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", text))
    if needed - LIBRARIES:
        refuse(f"{path.name}: needs {', '.join(sorted(needed - LIBRARIES))}")
    for what in ("RPATH", "RUNPATH", ".symtab", ".debug_info"):
        if what in text:
            refuse(f"{path.name}: has {what}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    check_sdist(Path(sys.argv[1]))
    check_wheel(Path(sys.argv[2]))
