#!/usr/bin/env bash
# Install the system parts that tests need and that are not there. Never fails: a test whose part is missing is
# skipped with a reason (and fails where CI=true). One line per part: the command it brings, the Debian package.
set -u
cd "$(dirname "$0")/.."

need() {
    if command -v "$1" >/dev/null 2>&1; then
        return
    fi
    scripts/apt_install.sh "$2" || printf 'flowagents set-up: no %s here; its tests will be skipped. To run them: apt-get install %s (as root)\n' "$1" "$2" >&2
}

need dot graphviz
