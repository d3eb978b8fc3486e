#!/usr/bin/env bash
# Install Debian packages, as root or with a sudo that asks nothing. Exit 1 where that cannot be, without harm.
set -euo pipefail

if ! command -v apt-get >/dev/null 2>&1; then
    exit 1
elif [ "$(id -u)" = 0 ]; then
    as_root=(env)
elif command -v sudo >/dev/null 2>&1 && sudo -n true >/dev/null 2>&1; then
    as_root=(sudo -n env)
else
    exit 1
fi

printf 'flowagents set-up: installing %s through apt\n' "$*" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get update &&
    "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
    tail -n 5 "$log" >&2
    exit 1
fi
