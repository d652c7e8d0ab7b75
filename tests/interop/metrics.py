"""What `serve` shows at /metrics, read by Prometheus' own client library for Python."""

import subprocess
import sys
import urllib.error
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

BIN, CREDENTIALS = sys.argv[1:3]
KINDS = {
    "certauthz_http_requests": "counter",
    "certauthz_http_request_duration_seconds": "histogram",
    "certauthz_connections_open": "gauge",
    "certauthz_connections_limit": "gauge",
    "certauthz_connections_accepted": "counter",
    "certauthz_connections_shed": "counter",
    "certauthz_connections_evicted": "counter",
    "certauthz_connections_timed_out": "counter",
    "certauthz_cache_requests": "counter",
    "certauthz_cache_entries": "gauge",
    "certauthz_replay_nonces": "gauge",
    "certauthz_replay_capacity": "gauge",
    "certauthz_crl_loaded": "gauge",
    "certauthz_crl_number": "gauge",
    "certauthz_crl_entries": "gauge",
    "certauthz_crl_age_seconds": "gauge",
    "certauthz_crl_until_next_update_seconds": "gauge",
    "certauthz_crl_reloads": "counter",
    "certauthz_source_reads": "counter",
    "certauthz_source_last_success_timestamp_seconds": "gauge",
    "certauthz_source_age_seconds": "gauge",
    "certauthz_build_info": "gauge",
    "process_cpu_seconds": "counter",
}
IF_LINUX = {
    "process_start_time_seconds",
    "process_resident_memory_bytes",
    "process_virtual_memory_bytes",
    "process_open_fds",
    "process_max_fds",
}


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def scrape(url):
    status, headers, text = get(url)
    assert status == 200, (status, text)
    assert headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8", headers
    families = {family.name: family for family in text_string_to_metric_families(text)}
    for name, family in families.items():
        assert family.documentation, name
        assert family.samples, name
        keys = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in family.samples]
        assert len(set(keys)) == len(keys), name
    return families


def sample(families, family, name, **labels):
    found = [s.value for s in families[family].samples if s.name == name and s.labels == labels]
    assert len(found) == 1, (name, labels, families[family].samples)
    return found[0]


command = [BIN, "--path", CREDENTIALS, "serve", "--listen", "127.0.0.1:0", *sys.argv[4:]]
server = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE)
try:
    url = server.stdout.readline().decode().strip().removeprefix("listening on ")
    for path, wanted in [("/token", 401), ("/token", 401), ("/cert", 401), ("/healthz", 200), ('/"\\n{}', 404)]:
        assert get(url + path)[0] == wanted, path
    families = scrape(url + "/metrics")
    kinds = {name: family.type for name, family in families.items()}
    assert {name: kind for name, kind in kinds.items() if name not in IF_LINUX} == KINDS, kinds
    if sys.platform == "linux":
        assert IF_LINUX <= kinds.keys(), kinds
    counted = lambda **labels: sample(families, "certauthz_http_requests", "certauthz_http_requests_total", **labels)
    assert counted(route="token", status="401", reason="credential_missing") == 2
    assert counted(route="cert", status="401", reason="credential_missing") == 1
    assert counted(route="healthz", status="200", reason="") == 1
    assert counted(route="other", status="404", reason="") == 1

    # A histogram's buckets rise, and the last one is its count.
    name = "certauthz_http_request_duration_seconds"
    for route in ["token", "cert", "healthz", "metrics", "other"]:
        buckets = [(float(s.labels["le"]), s.value) for s in families[name].samples
                   if s.name == name + "_bucket" and s.labels["route"] == route]
        assert buckets == sorted(buckets) and buckets[0][0] == 10e-6 and buckets[-1][0] == float("inf"), buckets
        assert [v for _, v in buckets] == sorted(v for _, v in buckets), buckets
        assert buckets[-1][1] == sample(families, name, name + "_count", route=route)
        assert (buckets[-1][1] > 0) == (sample(families, name, name + "_sum", route=route) > 0)
    assert sample(families, name, name + "_count", route="token") == 2

    # A second scrape has the same series and one more request.
    again = scrape(url + "/metrics")
    assert sample(again, "certauthz_http_requests", "certauthz_http_requests_total",
                  route="metrics", status="200", reason="") == 1
    assert again.keys() == families.keys()
    issuers = {s.labels["issuer"] for s in again["certauthz_crl_number"].samples}
    assert len(issuers) == 1, issuers
finally:
    server.terminate()
    assert server.wait(20) == 0
