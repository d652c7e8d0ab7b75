#!/usr/bin/env bash
# Runs every fuzz target for SECONDS (default: 600), one after the other; or those that are named after it.
# usage: fuzz/run.sh [SECONDS [TARGET...]]
# SANITIZER=none runs faster; the library itself forbids unsafe code, so that costs little.
set -euo pipefail
cd "$(dirname "$0")/.."
# AddressSanitizer keeps freed memory for a while, 256 MB unless told otherwise.
export ASAN_OPTIONS=${ASAN_OPTIONS:-quarantine_size_mb=32}
export RUSTC_BOOTSTRAP=1 # libFuzzer's instrumentation, on the stable toolchain
seconds=${1:-600}
targets=("${@:2}")
[ ${#targets[@]} -gt 0 ] || targets=(certificate signature_fields request token crl sizes)
sanitizer=${SANITIZER:-address}

for target in "${targets[@]}"; do
  # Longer than any seed by some, but as short as reaches every limit of the target.
  case $target in
    certificate) length=4096 dictionary=der ;;
    crl) length=4096 dictionary=der ;;
    request) length=8192 dictionary=request ;;
    sizes) length=64 dictionary= ;;
    *) length=4096 dictionary=$target ;;
  esac
  corpus=fuzz/corpus/$target findings=tests/fuzz_findings/$target
  mkdir -p "$corpus"
  cp fuzz/seeds/"$target"/* "$corpus"/
  if [ -d "$findings" ]; then cp "$findings"/* "$corpus"/; fi
  printf '\n== %s, %s s\n' "$target" "$seconds"
  cargo fuzz run --sanitizer "$sanitizer" "$target" "$corpus" -- ${dictionary:+-dict=fuzz/dictionaries/$dictionary.dict} \
    -max_total_time="$seconds" -max_len="$length" -timeout=5 -rss_limit_mb=1024 -malloc_limit_mb=64 \
    -print_final_stats=1 -verbosity=1
done
