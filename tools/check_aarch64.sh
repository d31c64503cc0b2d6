#!/usr/bin/env bash
# The build for 64-bit ARM, on another processor: `tools/check_aarch64.sh [PYTEST ARGUMENTS]`, by default tests/kernels.
# For Debian and its kin, with gcc-aarch64-linux-gnu, qemu-user and the same Python 3 as PYTHON (default: python3) among
# its packages. The wheel is made with the cross compiler; ARM's Python and its libraries are unpacked into a temporary
# folder, and run by qemu. No root is needed.
set -euo pipefail
source "$(dirname "$0")/common.sh"
for tool in aarch64-linux-gnu-gcc qemu-aarch64 apt-get dpkg-deb; do
    if ! command -v "$tool" >/dev/null; then echo "no $tool (Debian: gcc-aarch64-linux-gnu, qemu-user)" >&2 && exit 1; fi
done
tests=("$@")
if [ ${#tests[@]} -eq 0 ]; then tests=(tests/kernels); fi
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
new_folder
system=$work/system

heading "Python $version for ARM"
mkdir -p "$work"/apt/{lists,archives}/partial "$system"
touch "$work/apt/status"
apt() {
    apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Debug::NoLocking=1 -o APT::Sandbox::User= \
        -o Dir::State="$work/apt" -o Dir::State::status="$work/apt/status" -o Dir::Cache="$work/apt" "$@"
}
apt update
apt install --download-only --yes --no-install-recommends "libpython$version-dev" "python$version" libstdc++6 >/dev/null
for package in "$work"/apt/archives/*.deb; do dpkg-deb --extract "$package" "$system"; done
arm=$system/usr/bin/python$version
mv "$arm" "$arm.emulated"
cat >"$arm" <<END
#!/bin/sh
exec qemu-aarch64 -cpu neoverse-n1 -L "$system" -0 "\$0" "$arm.emulated" "\$@"
END
chmod +x "$arm"
"$arm" -c 'import platform; print(platform.machine(), platform.python_version())'

heading "a wheel by the cross compiler"
copy_tree "$work/tree"
bin=$(new_venv "$work/build")
"$bin/pip" install --quiet 'setuptools>=77' 'cython>=3.3'
mkdir "$work/names"
cp "$system/usr/lib/python$version/"_sysconfigdata__aarch64*.py "$work/names"
cd "$work/tree"
include=$system/usr/include
PYTHONPATH=$work/names _PYTHON_HOST_PLATFORM=linux-aarch64 _PYTHON_SYSCONFIGDATA_NAME=_sysconfigdata__aarch64-linux-gnu \
    CC=aarch64-linux-gnu-gcc LDSHARED="aarch64-linux-gnu-gcc -shared" \
    CFLAGS="-I$include/python$version -I$include -I$include/aarch64-linux-gnu" \
    "$bin/python" -W ignore setup.py -q bdist_wheel --dist-dir "$work/dist" >"$work/build.log" 2>&1 ||
    { tail -50 "$work/build.log"; exit 1; }
ls -l "$work/dist"

heading "the tests, on ARM"
site=$system/usr/lib/python3/dist-packages
"$bin/pip" install --quiet --target "$site" --only-binary :all: --python-version "$version" --implementation cp \
    --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 --platform manylinux2014_aarch64 \
    'numpy>=2.0' 'pytest>=8' 'hypothesis>=6.100' 'autograd>=1.7'
"$bin/python" -m zipfile -e "$work"/dist/*.whl "$site"
rm -rf fastbp
"$arm" -m pytest -q -p no:cacheprovider --ignore-glob='*/test_assembly.py' "${tests[@]}"
