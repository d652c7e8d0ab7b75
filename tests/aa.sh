#!/bin/sh
# Measures one thing against itself N times, and counts how often a difference is claimed that does not exist, in any
# metric. Wanted: at most 3 of 60 runs.
#
# usage: tests/aa.sh BINARY [N [ARGUMENT]...]           (60 take 12 minutes; the arguments are for loadtest)
# MEASURE names a command that runs each of them, to keep other work off the machine: MEASURE='flock /tmp/lock'
set -eu
binary=${1:?usage: $0 BINARY [N [ARGUMENT]...]}
times=${2:-60}
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || set -- --mode token -z 4s
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

for i in $(seq "$times"); do
    ${MEASURE:-} "$binary" --format json loadtest --aa --key-type ec --no-progress "$@" >"$work/$i.json" 2>"$work/$i.log" || {
        echo "run $i: exit code $?" >&2
        cat "$work/$i.log" >&2
        exit 3
    }
done

python3 - "$work" "$times" "$*" <<'PYTHON'
import json, statistics, sys

work, times, args = sys.argv[1], int(sys.argv[2]), sys.argv[3]
comparisons = [json.load(open(f"{work}/{i}.json"))["comparison"] for i in range(1, times + 1)]
ratios = [c["ratios"] for c in comparisons]
print(f"{times} runs of `loadtest --aa {args}`, {min(c['pairs'] for c in comparisons)} to {max(c['pairs'] for c in comparisons)} pairs each")
print(f"{'metric':<22}{'with interval':>14}{'claimed':>9}{'median':>9}{'furthest':>10}{'interval +-':>13}")
for metric in ratios[0]:
    found = [r[metric] for r in ratios if r[metric]]
    with_interval = [r for r in found if r["interval95"]]
    claims = sum(bool(r["differs"]) for r in found)
    if not with_interval:
        print(f"{metric:<22}{0:>14}{claims:>9}")
        continue
    values = [r["ratio"] for r in with_interval]
    widths = [(r["interval95"][1] - r["interval95"][0]) / 2 for r in with_interval]
    furthest = max(values, key=lambda v: abs(v - 1))
    print(f"{metric:<22}{len(with_interval):>14}{claims:>9}{statistics.median(values):>9.3f}{furthest:>10.3f}{statistics.median(widths):>12.1%}")
runs = sum(any(r and r["differs"] for r in ratio.values()) for ratio in ratios)
print(f"runs with a claim about any metric: {runs} of {times}")
allowed = max(1, times * 3 // 60)
print("met" if runs <= allowed else "MISSED", f"at most {allowed} of {times} runs claim a difference: {runs}")
sys.exit(runs > allowed)
PYTHON
