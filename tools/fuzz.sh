#!/usr/bin/env bash
# Runs every fuzz target of the module for FUZZTIME (30s) each: go test fuzzes
# one target of one package at a time.
set -euo pipefail

fuzztime="${FUZZTIME:-30s}"
found=0

while read -r package; do
  # The listing ends with a line "ok package time".
  targets="$(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true)"
  for target in $targets; do
    found=$((found + 1))
    echo "--- $target in $package, $fuzztime"
    log="$(mktemp)"
    if ! go test -run '^$' -fuzz "^$target\$" -fuzztime "$fuzztime" -fuzzminimizetime 5x "$package" 2>&1 | tee "$log"; then
      # Where the time ends in the middle of an execution, go test may call its own
      # deadline a failure. A failure of the target names the input.
      grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input' "$log" || exit 1
      echo "--- $target: no failing input; the time was over"
    fi
    rm "$log"
  done
done < <(go list ./...)

if [[ "$found" -eq 0 ]]; then
  echo "no fuzz target found" >&2
  exit 1
fi
