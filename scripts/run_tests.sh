#!/usr/bin/env bash
# Run the tests with branch coverage, then hold the coverage to its floors. Arguments go to pytest.
# The last line printed is pytest's closing line, so that nobody has to look for it above the coverage tables.
set -uo pipefail
cd "$(dirname "$0")/.."

export FLOWAGENTS_FROZEN=1
# The part without input and output decides everything, so its floor is a higher one.
pure_floor=${PURE_COVERAGE_MIN:-99}
python=.venv/bin/python
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0

"$python" -m coverage erase
"$python" -m coverage run -m pytest "$@" 2>&1 | tee "$log" || status=$?
if [ "$status" = 0 ]; then
    "$python" -m coverage combine --quiet
    echo
    echo "Branch coverage of everything:"
    "$python" -m coverage report || status=$?
    echo
    echo "Branch coverage of the pure part (core, patterns; at least $pure_floor%):"
    "$python" -m coverage report --include='flowagents/core/*,flowagents/patterns/*' --fail-under="$pure_floor" || status=$?
    [ "$status" = 0 ] || echo "The tests passed, but coverage is below its floor: see the tables above."
    tail -n 1 "$log"
fi
exit "$status"
