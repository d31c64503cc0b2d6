#!/usr/bin/env bash
# Each build of the kernels on x86-64, with the fastbp that PYTHON (default: python3) has: `tools/check_instruction_sets.sh
# [PYTEST ARGUMENTS]`. The tests with each build that this processor runs; then, where there is qemu-user, what older
# processors choose and compute (it has no AVX-512).
set -euo pipefail
source "$(dirname "$0")/common.sh"
cd "$root"
show='import fastbp; print(fastbp.kernels.isa)'
best=$("$python" -P -c "$show")

for isa in v2 v3 v4; do
    if [[ $isa > $best ]]; then echo "$isa: not on this processor" && continue; fi
    heading "the tests with $isa"
    FASTBP_ISA=$isa "$python" -P -m pytest -q -p no:cacheprovider "$@"
done

if ! command -v qemu-x86_64 >/dev/null; then
    echo "no qemu-x86_64 (Debian: qemu-user): older processors were not looked at" >&2
    exit 1
fi
interpreter=$("$python" -c 'import sys; print(sys.executable)')
on() { # PROCESSOR, PYTHON CODE
    qemu-x86_64 -cpu "$1" "$interpreter" -P -W ignore -c "$2" 2> >(grep -v "TCG doesn't support" >&2)
}
train='
import numpy as np, fastbp as bp
X = np.random.default_rng(0).normal(size=(64, 5)); y = X[:, 0] > 0
model = bp.Sequential([bp.Dense(9, "tanh"), bp.Dense(1, "sigmoid")], seed=0)
losses = model.fit(X, y, loss="bce", epochs=3, threads=2)["loss"]
print(bp.kernels.isa, *losses)'
for pair in Nehalem:v2 Haswell:v3; do
    heading "${pair%:*}"
    found=$(on "${pair%:*}" "$train")
    wanted=$(FASTBP_ISA=${pair#*:} "$python" -P -c "$train")
    echo "$found"
    if [ "$found" != "$wanted" ]; then
        echo "natively: $wanted" >&2
        exit 1
    fi
done

heading "v4, asked for on Haswell"
on Haswell '
import os, sys
os.environ["FASTBP_ISA"] = "v4"
try:
    import fastbp
except ImportError as error:
    assert "FASTBP_ISA" in str(error) and "numpy" not in sys.modules, (error, "numpy" in sys.modules)
    print("refused before NumPy is imported:", error)
else:
    raise SystemExit("it was taken")'
