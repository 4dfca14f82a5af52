#!/usr/bin/env bash
# Runs all tests. First fetches what they need: crates, and the real programs (npm, pnpm, changesets, verdaccio), all
# pinned by lock files.
set -euo pipefail
cd "$(dirname "$0")"
stamp=tests/tools/node_modules/.relay-installed
if ! cmp -s tests/tools/package-lock.json "$stamp" 2>/dev/null; then
  npm ci --prefix tests/tools --no-audit --no-fund --loglevel=error
  cp tests/tools/package-lock.json "$stamp"
fi
# `npm root -g` must lead to the pinned npm as well, whose parts some tests ask.
mkdir -p tests/tools/pinned/lib/node_modules
ln -sfn ../../../node_modules/npm-11 tests/tools/pinned/lib/node_modules/npm
export PATH="$PWD/tests/tools/bin:$PATH"
# The tests of dependencies read the crates of every platform; a build fetches only its own platform's.
cargo fetch --locked
exec cargo test --workspace --no-fail-fast "$@"
