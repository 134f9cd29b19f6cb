#!/usr/bin/env bash
# Resolve requirements.in into requirements.lock; torch's own pin stands first. Called by `make lock`.
# What is locked stays as it is unless it must move: make lock ARGS=--upgrade, or ARGS="--upgrade-package nilearn".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export UV_CACHE_DIR="${UV_CACHE_DIR:-$PWD/.cache/uv}"
links=${PIP_FIND_LINKS:-}
export UV_FIND_LINKS="${UV_FIND_LINKS:-${links// /,}}"

# Packages of one platform only (a GPU's libraries, a wheel's local version) stay out: the lock serves every machine.
cp requirements.lock .cache/resolved.txt
.venv/bin/uv pip compile --quiet --no-header --no-annotate --python-version 3.11 --output-file .cache/resolved.txt "$@" requirements.in
resolved=$(sed -E 's/\+[a-z0-9.]+$//' .cache/resolved.txt | grep -vE '^(nvidia-|cuda-|triton)')
{
    echo "# One lock for pip, uv, conda environments and the container. Made by \`make lock\` from requirements.in; do not edit by hand."
    grep '^torch==' <<<"$resolved"
    grep -v '^torch==' <<<"$resolved"
} >requirements.lock.part
mv requirements.lock.part requirements.lock
echo "requirements.lock: $(grep -c == requirements.lock) packages; run make test, then commit it"
