#!/bin/sh
# This load generator beside oha, hey and wrk: the same server, the same request (one with a token), rounds in random
# order, medians. Those that are not installed are said and left out. Three parts:
#   capacity   16 connections, each sends again when it has its answer: requests/s, and CPU of the whole process
#              (user and system) per request
#   constant   half of what the server can do, at a constant rate: p99 of the response time, from when a request was due.
#              wrk has no rate; tests/loadtest/paced.lua paces it and counts in the same way. oha counts so with
#              --latency-correction. hey cannot, and tells the time from sending.
#   stall      500 requests a second to a server that pauses for 1 s every 10 s: what each of them makes of it, beside
#              the value that follows from the schedule
#
# usage: tests/generators.sh BINARY [ROUNDS [PART]...]
#        SERVER='.../limit 0 127.0.0.1:8599' URL=http://127.0.0.1:8599/x tests/generators.sh BINARY
# SECONDS_EACH (3) is the length of a run. Without SERVER it is BINARY's own `serve`, asked for /healthz.
set -eu
binary=${1:?usage: $0 BINARY [ROUNDS [PART]...]}
rounds=${2:-5}
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || set -- capacity constant stall
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
"$binary" --path "$work/credentials" init >/dev/null 2>&1


python3 - "$binary" "$rounds" "$work" "$(dirname "$0")/loadtest" "$@" <<'PYTHON'
import json, os, random, re, shlex, shutil, signal, statistics, subprocess, sys, time

binary, rounds, work, here, parts = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5:]
each = os.environ.get("SECONDS_EACH", "3")
CONNECTIONS = 16
CORES = str(os.cpu_count())
MET, MISSED = "met", "MISSED"
verdicts = []


def verdict(what, found, bound, good):
    verdicts.append((MET if good else MISSED, f"{what}: {found} (wanted: {bound})"))


def certauthz(*args):
    return subprocess.run([binary, "--path", f"{work}/credentials", *args], check=True, capture_output=True, text=True).stdout


token = certauthz("token", "create", "--ca", "primary", "--client", "alice", "--expiration", "1h").strip()
open(f"{work}/token", "w").write(token)
HEADER = f"Authorization: Bearer {token}"


class Server:
    def __init__(self, argv, url=None):
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        self.url = url or re.search(r"http://\S+", line).group(0) + "/healthz"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.rest = self.process.stdout.read()
        self.process.wait()


def server():
    if "SERVER" in os.environ:
        return Server(shlex.split(os.environ["SERVER"]), os.environ.get("URL"))
    return Server([binary, "--path", f"{work}/credentials", "serve", "--listen", "127.0.0.1:0"])


def run(argv, env={}):
    """Output, and CPU seconds of the process."""
    with open(f"{work}/out", "w+") as out, open(f"{work}/err", "w+") as err:
        child = subprocess.Popen(argv, stdout=out, stderr=err, env={**os.environ, **env})
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode:
            sys.exit(f"{argv}: exit code {child.returncode}: {err.read()}{out.read()}")
        return out.read(), usage.ru_utime + usage.ru_stime


def to_seconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)?", text).groups()
    return float(number) * {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, None: 1}[unit]


def ours(url, *args, seconds=each):
    common = ["--path", f"{work}/credentials", "--format", "json", "loadtest", url, "--mode", "token", "--warmup", "0s"]
    out, cpu = run([binary, *common, "--no-progress", "-c", str(CONNECTIONS), "-z", f"{seconds}s", *args])
    report = json.loads(out)
    lane = report["modes"]["token"]
    return {
        "rate": lane["summary"]["requestsPerSec"], "answered": lane["summary"]["answered"], "cpu": cpu,
        "bad": lane["summary"]["requests"] - lane["statusCodeDistribution"].get("200", 0),
        "response": lane["latencyPercentiles"], "service": lane.get("serviceTimePercentiles"),
        "late": lane.get("latenessPercentiles"), "limited": report["generator"]["limited"],
    }


def oha(url, *args, seconds=each):
    common = ["oha", "--no-tui", "--output-format", "json", "-w", "-c", str(CONNECTIONS), "-z", f"{seconds}s", "-H", HEADER]
    out, cpu = run([*common, *args, url])
    report = json.loads(out)
    answered = sum(report["statusCodeDistribution"].values())
    return {
        "rate": report["summary"]["requestsPerSec"], "answered": answered, "cpu": cpu,
        "bad": answered - report["statusCodeDistribution"].get("200", 0) + sum(report["errorDistribution"].values()),
        "response": report["latencyPercentiles"],
    }


def hey(url, *args, seconds=each):
    out, cpu = run(["hey", "-c", str(CONNECTIONS), "-z", f"{seconds}s", "-H", HEADER, *args, url])
    statuses = {status: int(n) for status, n in re.findall(r"\[(\d+)\]\s+(\d+) responses", out)}
    percentiles = {f"p{p}": float(value) for p, value in re.findall(r"(\d+)%+ in ([\d.]+) secs", out)}
    return {
        "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)), "answered": sum(statuses.values()), "cpu": cpu,
        "bad": sum(statuses.values()) - statuses.get("200", 0) + len(re.findall(r"Error distribution", out)),
        "response": percentiles,
    }


def wrk(url, *args, seconds=each, threads=CORES, env={}):
    out, cpu = run(["wrk", f"-t{threads}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-H", HEADER, *args, url], env)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    paced = re.search(r"^paced: (.*)$", out, re.M)
    found = {
        "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)), "cpu": cpu,
        "answered": int(re.search(r"(\d+) requests in", out).group(1)), "bad": int(bad.group(1)) if bad else 0,
        "response": {f"p{p}": to_seconds(value) for p, value in re.findall(r"(50|90|99)%\s+([\d.]+\w+)", out)},
    }
    if paced:
        found.update(json.loads(paced.group(1)))
    return found


def paced(url, rate, seconds=each):
    env = {"RATE": str(rate), "CONNECTIONS": str(CONNECTIONS)}
    # It starts 0.3 s later than wrk.
    return wrk(url, "-s", f"{here}/paced.lua", seconds=seconds, threads=CONNECTIONS, env=env)


def have(tools):
    missing = [tool for tool in ("oha", "hey", "wrk") if not shutil.which(tool)]
    if missing:
        print("not installed:", ", ".join(missing))
    return {name: f for name, f in tools.items() if name.split()[0] not in missing}


def interleaved(tools):
    rows = {name: [] for name in tools}
    for _ in range(rounds):
        for name in random.sample(list(tools), len(tools)):
            rows[name].append(tools[name]())
            if rows[name][-1]["bad"]:
                verdicts.append((MISSED, f"{name}: {rows[name][-1]['bad']} requests without a 200"))
    return rows


def median(rows, pick):
    values = [pick(row) for row in rows]
    return statistics.median(values) if None not in values else None


def us(value):
    return "-" if value is None else f"{value * 1e6:,.0f}"


def capacity():
    with server() as s:
        tools = have({"certauthz": lambda: ours(s.url), "oha": lambda: oha(s.url), "hey": lambda: hey(s.url), "wrk": lambda: wrk(s.url)})
        for tool in tools.values():
            tool()  # one round to warm up
        rows = interleaved(tools)
    rate = {name: median(r, lambda row: row["rate"]) for name, r in rows.items()}
    cpu = {name: median(r, lambda row: row["cpu"] / row["answered"]) for name, r in rows.items()}
    base = "oha" if "oha" in rows else "certauthz"
    print(f"\ncapacity: {CONNECTIONS} connections, {each} s each, medians of {rounds} rounds")
    print(f"{'':<12}{'requests/s':>12}{f'/ {base}':>8}{'CPU us/request':>16}{f'/ {base}':>8}")
    for name in rows:
        print(f"{name:<12}{rate[name]:>12,.0f}{rate[name] / rate[base]:>8.2f}{cpu[name] * 1e6:>16.1f}{cpu[name] / cpu[base]:>8.2f}")

    def per_round(pick, other):
        return statistics.median(pick(a) / pick(b) for a, b in zip(rows["certauthz"], rows[other]))

    if "oha" in rows:
        ratio = per_round(lambda row: row["rate"], "oha")
        verdict("requests/s / oha, median of the rounds", f"{ratio:.2f}", ">= 1.0", ratio >= 1)
        ratio = per_round(lambda row: row["cpu"] / row["answered"], "oha")
        verdict("CPU per request / oha, median of the rounds", f"{ratio:.2f}", "<= 1.0", ratio <= 1)
    if "hey" in rows:
        ratio = per_round(lambda row: row["rate"], "hey")
        verdict("requests/s / hey, median of the rounds", f"{ratio:.2f}", ">= 2", ratio >= 2)


def constant():
    with server() as s:
        rate = int(os.environ.get("RATE") or ours(s.url)["rate"] / 2)
        tools = have({
            "certauthz": lambda: ours(s.url, "-q", str(rate)),
            "wrk paced": lambda: paced(s.url, rate),
            "oha": lambda: oha(s.url, "-q", str(rate), "--latency-correction"),
            "hey": lambda: hey(s.url, "-q", str(rate / CONNECTIONS)),
        })
        rows = interleaved(tools)
    print(f"\nconstant: {rate:,} requests/s, {CONNECTIONS} connections, {each} s each, medians of {rounds} rounds; times in us")
    print(f"{'':<12}{'requests/s':>12}{'response p50':>14}{'p90':>8}{'p99':>8}{'service p99':>13}{'sent late p50':>15}{'p99':>8}{'CPU us/request':>16}")
    for name, r in rows.items():
        get = lambda of, key: median(r, lambda row: (row.get(of) or {}).get(key))
        print(
            f"{name:<12}{median(r, lambda row: row['rate']):>12,.0f}{us(get('response', 'p50')):>14}{us(get('response', 'p90')):>8}{us(get('response', 'p99')):>8}"
            f"{us(get('service', 'p99')):>13}{us(get('late', 'p50')):>15}{us(get('late', 'p99')):>8}{median(r, lambda row: row['cpu'] / row['answered']) * 1e6:>16.1f}"
        )
    print("hey counts from sending; the others from when a request was due")
    if "wrk paced" in rows:
        ratios = [a["response"]["p99"] / b["response"]["p99"] for a, b in zip(rows["certauthz"], rows["wrk paced"])]
        ratio = statistics.median(ratios)
        verdict("response p99 / paced wrk's, median of the rounds", f"{ratio:.2f}, {min(ratios):.2f} to {max(ratios):.2f}", "0.9 to 1.1", 0.9 <= ratio <= 1.1)


def stall():
    pause, every, rate, seconds = 1.0, 10.0, 500, "10"
    with Server([sys.executable, f"{here}/pausing.py", str(pause), str(every)]) as s:
        tools = have({
            "certauthz": lambda: ours(s.url, "-q", str(rate), seconds=seconds),
            "hey": lambda: hey(s.url, "-q", str(rate / CONNECTIONS), seconds=seconds),
            "oha": lambda: oha(s.url, "-q", str(rate), seconds=seconds),
            "oha corrected": lambda: oha(s.url, "-q", str(rate), "--latency-correction", seconds=seconds),
            "wrk": lambda: wrk(s.url, seconds=seconds),
        })
        # Each takes as long as one pause and the time to the next, so each has exactly one of them, or two parts.
        rows = {name: tool() for name, tool in tools.items()}
    pauses = json.loads(s.rest)
    pause = statistics.median(pauses)
    # Due times are spread evenly over pause and rest, and who is due in the pause waits for its end.
    expected = pause - 0.01 * every
    print(f"\nstall: {rate} requests/s for {seconds} s, {CONNECTIONS} connections; the server pauses {pause:.3f} s every {every:.0f} s; p99 in ms")
    print(f"{'by the schedule':<16}{expected * 1e3:>10.1f}")
    for name, row in rows.items():
        p99 = row["response"]["p99"]
        print(f"{name:<16}{p99 * 1e3:>10.1f}{p99 / expected:>8.3f}  {row['answered']:,} answers")
    found = rows["certauthz"]
    print(f"service time p99 {found['service']['p99'] * 1e3:.1f} ms: what a closed loop sees")
    ratio = found["response"]["p99"] / expected
    verdict("p99 / by the schedule", f"{ratio:.3f}", "0.95 to 1.05", 0.95 <= ratio <= 1.05)
    if "hey" in rows:
        ratio = rows["hey"]["response"]["p99"] / expected
        verdict("hey's p99 / by the schedule", f"{ratio:.3f}", "< 0.1, or the test shows nothing", ratio < 0.1)


for part in parts:
    {"capacity": capacity, "constant": constant, "stall": stall}[part]()
print()
for word, line in verdicts:
    print(f"{word:<7}{line}")
sys.exit(any(word == MISSED for word, _ in verdicts))
PYTHON
