#!/usr/bin/env bash
# Build with sanitizers in a copy, and run tests: `tools/check_sanitizers.sh [SANITIZERS [PYTEST ARGUMENTS]]`, by default
# address,undefined. For Linux and GCC. PYTHON names the interpreter.
#
# `thread` trains with two and three threads. Neither CPython nor NumPy is built with it, so only reports with a frame of
# fastbp's count.
set -euo pipefail
source "$(dirname "$0")/common.sh"
sanitizers=${1:-address,undefined}
tests=("${@:2}")
new_folder
copy_tree "$work/tree"
bin=$(new_venv "$work/test")
"$bin/pip" install --quiet 'setuptools>=77' 'cython>=3.3' 'numpy>=2.0' 'pytest>=8' 'hypothesis>=6.100' 'autograd>=1.7'
cd "$work/tree"

heading "a build with -fsanitize=$sanitizers"
export CC=gcc FASTBP_SANITIZE=$sanitizers
"$bin/pip" install --no-build-isolation --editable . >"$work/build.log" 2>&1 || { tail -50 "$work/build.log"; exit 1; }
export PYTHONMALLOC=malloc

if [ "$sanitizers" = thread ]; then
    heading "trainings with threads"
    log=$work/race
    LD_PRELOAD=$(gcc -print-file-name=libtsan.so) TSAN_OPTIONS="exitcode=0 log_path=$log" "$bin/python" -c '
import numpy as np, fastbp as bp
rng = np.random.default_rng(0)
for widths, rows in (((20, 64, 32), 2048), ((200, 256), 512)):
    X = rng.normal(size=(2 * rows, widths[0])).astype(np.float32)
    y = (X[:, 0] > 0).astype(np.float32)
    for threads in (2, 3):
        layers = [bp.Dense(w, "relu") for w in widths[1:]] + [bp.Dense(1, "sigmoid")]
        model = bp.Sequential(layers, seed=0)
        model.fit(X, y, loss="bce", batch_size=rows, epochs=2, threads=threads)
        model.predict(X, threads=threads)
        model.evaluate(X, y, loss="bce", threads=threads)
    print(widths, "trained")'
    if grep -qs 'fastbp/' "$log".*; then
        cat "$log".*
        exit 1
    fi
    echo "no report names fastbp"
else
    heading "tests under it"
    if [ ${#tests[@]} -eq 0 ]; then tests=(tests/kernels tests/engine tests/training tests/models tests/transforms); fi
    # what disassembles a build, or puts its own malloc before, is about another build
    LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)" \
        ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
        "$bin/pytest" -q -p no:cacheprovider --ignore-glob='*/test_assembly.py' --ignore-glob='*/test_allocation.py' "${tests[@]}"
fi
