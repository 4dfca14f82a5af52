#!/usr/bin/env bash
# Whether a folder is a member of the workspace when a later pattern names it again after an exclusion.
#
# Seen on 2026-11-29 with npm version 12.2.0 (node 24.21.0), bun version 1.4.5, pnpm version 12.21.0 and yarn version
# 4.18.1, with the packages `packages/a` and `packages/b` and the patterns
#
#   packages/*, !packages/a, packages/a
#
#   npm  a b       bun  a b       pnpm  b       yarn  b
#
# Patterns of ignore files, `files` in npm's package.json and most CI path filters go by the last pattern that matches, so
# `a` is thought to be back everywhere. In pnpm and yarn an exclusion is final wherever it stands, and `a` is built and
# published under two managers and not under the others.
source "$(dirname "$0")/clients.bash"
repo() { # CLIENT: a repository of its own, since each client leaves files behind
  mkdir -p "$work/repo-$1/packages/a" "$work/repo-$1/packages/b"
  cd "$work/repo-$1"
  local patterns='["packages/*","!packages/a","packages/a"]'
  printf '{"name":"root","version":"1.0.0","private":true,"workspaces":%s}\n' "$patterns" >package.json
  for name in a b; do printf '{"name":"%s","version":"1.0.0"}\n' $name >packages/$name/package.json; done
  printf 'packages: %s\n' "$patterns" >pnpm-workspace.yaml
  printf 'enableTelemetry: false\n' >.yarnrc.yml
}
lines() { tr '\n' ' ' | sed 's/ *$//'; }
of_npm() {
  repo npm
  node "$tools/npm/bin/npm-cli.js" install --package-lock-only --no-audit --no-fund >log 2>&1
  node -p 'Object.keys(require("./package-lock.json").packages).filter((path) => path.startsWith("packages/")).map((path) => path.slice(9)).join("\n")'
}
of_bun() {
  repo bun
  rm pnpm-workspace.yaml
  "$tools/@oven/bun-linux-x64/bin/bun" install --lockfile-only >log 2>&1
  grep -oE '^    "packages/[a-z]+"' bun.lock | tr -d ' "' | sed 's#packages/##'
}
of_pnpm() {
  repo pnpm
  "$tools/@pnpm/exe.linux-x64/pnpm" ls -r --depth -1 --json >list
  node -p 'JSON.parse(require("fs").readFileSync("list")).map((one) => one.name).filter((name) => name !== "root").join("\n")'
}
of_yarn() {
  repo yarn
  touch yarn.lock
  node "$tools/@yarnpkg/cli-dist/bin/yarn.js" workspaces list --json | grep -oE '"name":"[a-z]+"' | sed 's/.*:"//; s/"//' | grep -v root
}
seen="npm: $(of_npm | lines); bun: $(of_bun | lines); pnpm: $(of_pnpm | lines); yarn: $(of_yarn | lines)"
echo "seen: $seen"
[ "$seen" = "npm: a b; bun: a b; pnpm: b; yarn: b" ]
