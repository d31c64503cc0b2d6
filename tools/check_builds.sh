#!/usr/bin/env bash
# Other ways to build from an sdist, each tested: `tools/check_builds.sh SDIST`. As pip does it from sources, with NumPy
# absent meanwhile; with Clang, where there is one; with plain loops. PYTHON names the interpreter.
set -euo pipefail
source "$(dirname "$0")/common.sh"
sdist=$(absolute "$1")
new_folder
mkdir "$work/tree" && tar -xzf "$sdist" --strip-components=1 -C "$work/tree"

check() { # NAME, PYTEST ARGUMENTS: install from the sdist, and test it with the tests inside the sdist
    heading "$1"
    local bin
    bin=$(new_venv "$work/$1")
    "$bin/pip" install --quiet --no-binary fastbp --no-cache-dir "fastbp[test] @ file://$sdist"
    (cd "$work/tree" && "$bin/pytest" -q "${@:2}")
}

check "gcc" tests/test_packaging.py tests/test_main.py tests/models
if command -v clang >/dev/null; then
    CC=clang LDSHARED="clang -shared" check "clang" tests/kernels tests/engine tests/training tests/models
else
    echo "no clang here: not built with it"
fi
FASTBP_PLAIN=1 check "plain-loops" tests/kernels
