#!/usr/bin/env bash
# The tests on a Python without the GIL, which must stay off; the kernels', transforms' and models' again with each
# test in four threads at once: `tools/test_free_threaded.sh WHEEL`. PYTHON names the interpreter (3.14t, say).
set -euo pipefail
source "$(dirname "$0")/common.sh"
wheel=$(absolute "$1")
new_folder
"$python" -c 'import sysconfig, sys; sys.exit(not sysconfig.get_config_var("Py_GIL_DISABLED"))' || {
    echo "$python has a GIL: set PYTHON to a free-threaded one" >&2
    exit 1
}
copy_tree "$work/tree"
bin=$(new_venv "$work/test")
"$bin/pip" install --quiet "$wheel" 'pytest>=8' 'autograd>=1.7' 'hypothesis>=6.100' 'pytest-run-parallel>=0.6'
cd "$work/tree"

heading "the GIL stays off"
"$bin/python" -P -W error -c '
import sys, fastbp, importlib, pkgutil
for module in pkgutil.walk_packages(fastbp.__path__, "fastbp."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
assert not sys._is_gil_enabled(), "importing fastbp switched the GIL on"
print("every module imported, the GIL is off")'

heading "the tests"
"$bin/pytest" -p no:run-parallel

heading "each test in four threads at once"
"$bin/pytest" --parallel-threads=4 tests/kernels tests/transforms tests/models
