#!/usr/bin/env bash
# Set up .venv from requirements.lock: `make setup`. Nothing outside this folder is written, nothing is installed twice.
# The stamp is written last and holds all that the set-up depends on, so an interrupted or stale set-up is made anew.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

UV_VERSION=0.13.8
VENV=.venv
STAMP=$VENV/heschl.stamp
LOG=.cache/setup.log

fail() { echo "heschl: $1" >&2; exit 1; }

# Stages print one line with their seconds; all else goes to the log.
stage() {
    local name=$1 begin=$SECONDS
    shift
    "$@" >>"$LOG" 2>&1 || return 1
    echo "set-up: $name ($((SECONDS - begin)) s)"
}

must() { stage "$@" || { tail -n 15 "$LOG" >&2; fail "set-up stopped at: $1; the whole log is $LOG. Try the same command again"; }; }

find_python() {
    for candidate in python3.11 python3 /usr/bin/python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    fail "python3.11 is missing; on Debian and Ubuntu: sudo apt-get install python3.11 python3.11-venv"
}

require() { command -v "$1" >/dev/null || fail "$1 is missing; on Debian and Ubuntu: sudo apt-get install $1"; }

make_venv() {
    rm -rf "$VENV"
    "$1" -m venv "$VENV"
}

# uv reads its own variables only: hand it what pip was told, unless uv was told otherwise.
settings_for_uv() {
    export UV_CACHE_DIR="${UV_CACHE_DIR:-$PWD/.cache/uv}" UV_NO_PROGRESS=1 VIRTUAL_ENV="$PWD/$VENV"
    local links=${PIP_FIND_LINKS:-}
    [ -z "${UV_FIND_LINKS:-}" ] && [ -n "$links" ] && export UV_FIND_LINKS="${links// /,}"
    [ -z "${UV_DEFAULT_INDEX:-}" ] && [ -n "${PIP_INDEX_URL:-}" ] && export UV_DEFAULT_INDEX="$PIP_INDEX_URL"
    [ -z "${SSL_CERT_FILE:-}" ] && [ -n "${PIP_CERT:-}" ] && export SSL_CERT_FILE="$PIP_CERT"
    return 0
}

uv_install() { "$VENV/bin/uv" pip install --compile-bytecode -r requirements.lock "$@"; }

pip_install() {
    "$VENV/bin/pip" install "$(grep '^torch==' requirements.lock)" && "$VENV/bin/pip" install -r requirements.lock
}

# Where find-links may hold a torch, it is the one; else uv picks the build for the GPU found here, or the CPU's.
install_packages() {
    settings_for_uv
    if stage "uv $UV_VERSION" "$VENV/bin/pip" install --disable-pip-version-check "uv==$UV_VERSION"; then
        [ -n "${UV_FIND_LINKS:-}" ] || { stage "packages, with uv" uv_install --torch-backend=auto && return; }
        stage "packages, with uv" uv_install && return
    fi
    echo "set-up: uv could not do it, so pip does; this takes some minutes"
    must "packages, with pip" pip_install
}

link_heschl() { "$VENV/bin/pip" install --quiet --no-deps --no-build-isolation --editable .; }

stamp() {
    echo "$PWD"
    cat requirements.lock tools/setup.sh
}

up_to_date() { [ -x "$VENV/bin/python" ] && stamp | cmp -s - "$STAMP"; }

if up_to_date; then exit 0; fi
python=$(find_python)
require git
require make
"$python" -c 'import venv, ensurepip, ssl' 2>/dev/null ||
    fail "$python lacks venv, ensurepip or ssl; on Debian and Ubuntu: sudo apt-get install python3.11-venv"

mkdir -p .cache || fail "can't write in $PWD; copy the repository to a folder of your own"
exec 9>.cache/setup.lock
# A killed set-up may have left an installer at work: wait for it rather than share the folder with it.
if command -v flock >/dev/null; then flock 9; fi
if up_to_date; then exit 0; fi
: >"$LOG"
if [ -d "$VENV" ]; then echo "set-up: .venv is unfinished or out of date; it is made anew"; fi
must "virtual environment" make_venv "$python"
install_packages
must "heschl" link_heschl
stamp >"$STAMP.part"
mv "$STAMP.part" "$STAMP"
