#!/usr/bin/env bash
# Build with sanitizers in a copy, and run tests: `tools/check_sanitizers.sh [SANITIZERS [PYTEST ARGUMENTS]]`, by default
# address,undefined and all tests. For Linux and GCC. PYTHON names the interpreter.
#
# `thread` runs the tests of threads, and `valgrind` a short training with the build for AVX2, which it understands.
# Neither CPython nor NumPy is built for these two, so only reports with a frame of fastbp's count.
set -euo pipefail
source "$(dirname "$0")/common.sh"
sanitizers=${1:-address,undefined}
tests=("${@:2}")
new_folder
copy_tree "$work/tree"
bin=$(new_venv "$work/test")
"$bin/pip" install --quiet 'setuptools>=77' 'cython>=3.3' 'numpy>=2.0' 'pytest>=8' 'hypothesis>=6.100' 'autograd>=1.7'
cd "$work/tree"
log=$work/report
export PYTHONMALLOC=malloc

no_report_of_ours() {
    if grep -qs "$work/tree/fastbp/\|build/cython/fastbp/" "$log".*; then
        cat "$log".*
        exit 1
    fi
    echo "no report names fastbp"
}

heading "a build for $sanitizers"
if [ "$sanitizers" != valgrind ]; then export FASTBP_SANITIZE=$sanitizers; fi
CC=gcc "$bin/pip" install --no-build-isolation --editable . >"$work/build.log" 2>&1 ||
    { tail -50 "$work/build.log"; exit 1; }

heading "tests under it"
case $sanitizers in
valgrind)
    FASTBP_ISA=v3 valgrind --quiet --log-file="$log.%p" "$bin/python" -P -c '
import numpy as np, fastbp as bp
rng = np.random.default_rng(0)
X = rng.normal(size=(203, 13)).astype(np.float32)
y = X[:, 0] > 0
for dtype in ("float32", "float64"):
    for threads in (1, 2):
        layers = [bp.Dense(37, "tanh"), bp.Dense(5, "relu"), bp.Dense(1, "sigmoid")]
        model = bp.Sequential(layers, dtype=dtype, seed=0)
        model.fit(X, y, loss="bce", batch_size=50, epochs=2, threads=threads, validation_data=(X, y))
        print(bp.kernels.isa, dtype, threads, model.predict(X).mean())'
    no_report_of_ours
    ;;
thread)
    if [ ${#tests[@]} -eq 0 ]; then
        tests=(tests/engine/test_t* tests/training/test_thread_bits.py tests/models/test_predict_directly.py)
    fi
    LD_PRELOAD=$(gcc -print-file-name=libtsan.so) TSAN_OPTIONS="exitcode=0 log_path=$log" \
        "$bin/pytest" -q -p no:cacheprovider "${tests[@]}"
    no_report_of_ours
    ;;
*)
    # what disassembles a build, or puts its own malloc before, is about another build; a fault is left to be a signal
    LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)" \
        ASAN_OPTIONS=detect_leaks=0:handle_segv=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
        "$bin/pytest" -q -p no:cacheprovider --ignore-glob='*/test_assembly.py' --ignore-glob='*/test_allocation.py' \
        "${tests[@]}"
    ;;
esac
