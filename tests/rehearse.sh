#!/bin/sh
# Rehearses an outage of the authority N times in each of its four ways, and holds the results against the figures that
# the project promises:
#   - no request fails;
#   - the slowest request of the switch is answered within the budget of a call (and 0.1 s for the exchange itself);
#   - tokens are used again one probe interval and a second after the authority is ready;
#   - certificates in the outage are as fast as undisturbed ones of the same run: the median of the p99 ratios is at most
#     1.2 (of the median: a p99 of some thousand requests on a machine with other work wanders by more than that).
#
# usage: tests/rehearse.sh BINARY [N [KIND]...]        (20 each take some 14 minutes; a release build is meant)
set -eu
binary=${1:?usage: $0 BINARY [N [KIND]...]}
times=${2:-20}
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || set -- kill hang reset error500
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

for kind in "$@"; do
    for i in $(seq "$times"); do
        code=0
        "$binary" --format json loadtest --mode auto --outage 1s..4s -z 6s --rate 600 --warmup 300ms \
            --outage-kind "$kind" --no-progress >"$work/$kind.$i.json" 2>"$work/$kind.$i.log" || code=$?
        echo "$code" >"$work/$kind.$i.code"
        [ "$code" = 0 ] || sed "s/^/$kind $i: /" "$work/$kind.$i.log" >&2
    done
done

python3 - "$work" "$times" "$@" <<'PYTHON'
import json, os, statistics, sys

work, times, kinds = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
missed = []


def column(values, digits=3):
    values = [value for value in values if value is not None]
    if not values:
        return "-"
    return f"{statistics.median(values):.{digits}f} / {max(values):.{digits}f}"


print(f"{times} rehearsals of each kind; median / worst, in seconds")
print(f"{'kind':<9}{'failed':>8}{'of':>9}{'slowest':>16}{'first cert':>16}{'ready':>16}{'first token':>16}{'p50 ratio':>14}{'p99 ratio':>14}")
for kind in kinds:
    reports, broken = [], 0
    for i in range(1, times + 1):
        path = os.path.join(work, f"{kind}.{i}")
        code = open(path + ".code").read().strip()
        try:
            report = json.load(open(path + ".json"))
        except ValueError:
            missed.append(f"{kind} {i}: exit code {code}, no report")
            continue
        reports.append(report)
        if code != "0":
            outcomes = {**report["statusCodeDistribution"], **report["errorDistribution"]}
            missed.append(f"{kind} {i}: exit code {code}: {'; '.join(report['verdict'])}: {outcomes}")
        switch, recovery, plan = report["switch"], report["recovery"], report["plan"]
        if not switch or not recovery or recovery["firstToken"] is None:
            continue
        if switch["slowest"] > plan["budget"] + 0.1:
            missed.append(f"{kind} {i}: the slowest request took {switch['slowest']:.3f} s of {plan['budget']} s")
        if recovery["firstToken"] > plan["probeInterval"][1] + 1:
            missed.append(f"{kind} {i}: the first token came {recovery['firstToken']:.3f} s after the authority was ready")
    switches = [report["switch"] for report in reports if report["switch"]]
    recoveries = [report["recovery"] for report in reports if report["recovery"]]
    ratios = [report["settledOverUndisturbed"] for report in reports]
    p99 = [ratio["p99"] for ratio in ratios if ratio["p99"] is not None]
    if not p99:
        missed.append(f"{kind}: no p99 ratio")
    elif statistics.median(p99) > 1.2:
        missed.append(f"{kind}: certificates in the outage have {statistics.median(p99):.2f} times the p99 of undisturbed ones")
    print(
        f"{kind:<9}{sum(report['failed'] for report in reports):>8}{sum(report['requests'] for report in reports):>9}"
        f"{column([s['slowest'] for s in switches]):>16}{column([s['firstCertificate'] for s in switches]):>16}"
        f"{column([r['ready'] for r in recoveries]):>16}{column([r['firstToken'] for r in recoveries]):>16}"
        f"{column([r['p50'] for r in ratios], 2):>14}{column(p99, 2):>14}"
    )
for line in missed:
    print("MISSED", line)
sys.exit(bool(missed))
PYTHON
