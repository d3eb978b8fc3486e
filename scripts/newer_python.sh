#!/usr/bin/env bash
# Unpack a newer CPython for the test that replays a trace on another interpreter: that of Debian testing (or of the
# release Ubuntu is working on), into .venv/newer_python, with the C library it needs, without installing anything. It
# is started by .venv/bin/newer-python. Nothing is done where a newer one is on the PATH. Needs no root.
# Never fails: without one the test is skipped with a reason (and fails where CI=true).
set -u
cd "$(dirname "$0")/.."

folder=$PWD/.venv/newer_python
launcher=$PWD/.venv/bin/newer-python
ours=$(.venv/bin/python -c 'import sys; print(sys.version_info[1])') || exit 0

newer() { [ "$("$1" -c 'import json, hashlib, sys; print(sys.version_info[1])' 2>/dev/null || echo 0)" -gt "$ours" ]; }

for candidate in "${NEWER_PYTHON:-}" "$launcher" python3.15 python3.14 python3.13 python3.12; do
    if [ -n "$candidate" ] && newer "$candidate"; then
        exit 0
    fi
done

give_up() {
    printf 'flowagents set-up: %s; the test that replays on a newer Python will be skipped. To run it: install one, or name it with NEWER_PYTHON=/path/to/python3.14\n' "$1" >&2
    exit 0
}

if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-deb >/dev/null 2>&1; then
    give_up "no newer Python here, and no apt to get one from"
fi
case $(. /etc/os-release && printf '%s' "${ID:-}") in
debian) suite=testing components=main ;;
ubuntu) suite=devel components='main universe' ;;
*) give_up "no newer Python here, and this is neither Debian nor Ubuntu" ;;
esac
# The mirror that this machine already uses, so that no address is named here.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -v security | sort -u | head -n 1)
if [ -z "$mirror" ]; then
    scripts/apt_install.sh ca-certificates || true
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -v security | sort -u | head -n 1)
fi
[ -n "$mirror" ] || give_up "apt knows no mirror yet (apt-get update, as root)"

printf 'flowagents set-up: unpacking the Python of %s for one test\n' "$suite" >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs"
keyring=$(find /usr/share/keyrings -name 'debian-archive-keyring.*' -o -name 'ubuntu-archive-keyring.gpg' 2>/dev/null | sort | head -n 1)
printf 'deb %s %s %s %s\n' "${keyring:+[signed-by=$keyring]}" "$mirror" "$suite" "$components" >"$work/sources.list"
# Lists of its own: what apt knows and what is installed here is neither read nor changed.
apt_options=(-o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/nonexistent -o "Dir::State=$work"
    -o "Dir::Cache=$work/cache" -o Dir::State::status=/dev/null -o Acquire::Languages=none -o Debug::NoLocking=1
    -o "APT::Sandbox::User=$(id -un)")
fetch() {
    apt-get "${apt_options[@]}" -q update || return 1
    minor=$(apt-cache "${apt_options[@]}" depends python3 | sed -n 's/^ *Depends: python3\.\([0-9]*\)$/\1/p' | head -n 1)
    [ -n "$minor" ] || return 1
    cd "$work/debs" || return 1
    apt-get "${apt_options[@]}" -q download "python3.$minor-minimal" "libpython3.$minor-minimal" \
        "libpython3.$minor-stdlib" libc6 zlib1g libexpat1 libssl3t64 || return 1
}
minor=''
here=$PWD
if ! fetch >"$work/log" 2>&1 </dev/null; then
    tail -n 3 "$work/log" >&2
    give_up "the packages of $suite could not be downloaded"
fi
cd "$here" || exit 0
rm -rf "$folder"
mkdir -p "$folder"
for package in "$work"/debs/*.deb; do
    dpkg-deb -x "$package" "$folder" || give_up "$(basename "$package") could not be unpacked"
done

# Its own loader and C library: those of this machine may be older.
loader=$(find "$folder" -name 'ld-linux*.so*' | sort | head -n 1)
libraries=$(find "$folder" -name 'libc.so.6' | sort | head -n 1)
cat >"$launcher" <<END
#!/bin/sh
PYTHONHOME="$folder/usr" exec "$loader" --library-path "${libraries%/*}" "$folder/usr/bin/python3.$minor" "\$@"
END
chmod +x "$launcher"
newer "$launcher" || give_up "the Python $minor of $suite does not run here or is no newer than this one"
