# shellcheck shell=bash
# What the scripts beside this one share; `source` it. Not a program.
export PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
unset PYTHONPATH
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=${PYTHON:-python3}

heading() { printf '\n=== %s\n' "$*"; }

absolute() { # the path of a file, from wherever it is called
    echo "$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"
}

new_folder() { # a temporary folder, gone at the end
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
}

copy_tree() { # the files of the work tree that git does not ignore
    mkdir "$1"
    git -C "$root" ls-files -z --cached --others --exclude-standard |
        while IFS= read -r -d '' file; do
            if [ -e "$root/$file" ]; then printf '%s\0' "$file"; fi
        done | tar -C "$root" --null -T - -cf - | tar -C "$1" -xf -
}

new_venv() { # FOLDER; prints where its programs are: Windows has another name for that
    "$python" -m venv "$1"
    local bin=$1/bin
    if [ -d "$1/Scripts" ]; then bin=$1/Scripts; fi
    "$bin/python" -m pip install --quiet --upgrade pip
    echo "$bin"
}
