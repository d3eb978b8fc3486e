#!/usr/bin/env bash
# Make .venv and install this package in it, with the dependency groups named as arguments.
# A second call with nothing changed does nothing. PYTHON names the interpreter; otherwise one is looked for.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.venv

say() { printf 'flowagents set-up: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    local candidate
    if [ -n "${PYTHON:-}" ]; then
        new_enough "$PYTHON" || die "PYTHON=$PYTHON does not run, or is older than 3.11. Name another: make PYTHON=python3.12"
        printf '%s\n' "$PYTHON"
        return
    fi
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if new_enough "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    die "found no Python 3.11 or newer. Install one (on Debian or Ubuntu: apt-get install python3), or name one: make PYTHON=/path/to/python"
}

# Debian and Ubuntu keep the part that makes virtual environments in a package of its own.
install_venv_part() {
    local minor
    minor=$("$1" -c 'import sys; print(sys.version_info[1])')
    scripts/apt_install.sh "python3.$minor-venv" || scripts/apt_install.sh python3-venv
}

make_venv() {
    local python=$1 log
    say "making a virtual environment in $venv with $("$python" --version 2>&1)"
    log=$(mktemp)
    if "$python" -m venv --clear "$venv" >"$log" 2>&1; then
        rm -f "$log"
    elif install_venv_part "$python" && "$python" -m venv --clear "$venv" >"$log" 2>&1; then
        rm -f "$log"
    elif command -v virtualenv >/dev/null 2>&1 && virtualenv --quiet --clear --python "$python" "$venv" >"$log" 2>&1; then
        rm -f "$log"
    else
        cat "$log" >&2
        rm -f "$log"
        die "$python cannot make a virtual environment. On Debian or Ubuntu: apt-get install python3-venv (as root), or install virtualenv"
    fi
}

# What the installation depends on; .venv holds absolute paths, so a copied folder has to be set up anew.
state() {
    printf '%s\n' "$PWD" "groups: $*"
    "$venv/bin/python" --version
    cksum <pyproject.toml
}

# A .venv made by another PYTHON stays in use as long as none is named.
usable() {
    local folder='' python=''
    { read -r folder && read -r python; } 2>/dev/null <"$venv/.made-for" || true
    new_enough "$venv/bin/python" && [ "$folder" = "$PWD" ] && [ "${PYTHON:-$python}" = "$python" ]
}

main() {
    local group python stamp="$venv/.installed-${*:-package}" groups=()
    stamp=${stamp// /-}
    if ! usable; then
        python=$(find_python)
        make_venv "$python"
        printf '%s\n' "$PWD" "$python" >"$venv/.made-for"
    fi
    if [ "$(cat "$stamp" 2>/dev/null)" = "$(state "$@")" ]; then
        return
    fi
    say "installing the package${*:+ and what it needs for: $*} (once; a minute or two)"
    for group in "$@"; do
        groups+=(--group "$group")
    done
    # Groups need pip 25.1; Debian 12 comes with 23.
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable . ${groups[@]+"${groups[@]}"}
    state "$@" >"$stamp"
    say "done"
}

main "$@"
