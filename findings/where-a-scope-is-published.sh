#!/usr/bin/env bash
# Where a scoped package is published whose scope has a registry of its own: settings that look alike lead elsewhere.
#
# Seen on 2026-11-29 with npm version 12.2.0, pnpm 12.21.0, bun 1.4.5, yarn 4.18.1 (node 24.21.0): `@corp/a`, the default
# registry is `default`, the scope's is `corp`.
#
#   the scope's registry alone (npm: .npmrc, pnpm: `registries`, bun: `[install.scopes]`)     npm, pnpm, bun -> corp
#   yarn: `npmScopes.corp.npmRegistryServer`, from which yarn installs the scope              yarn -> default
#   yarn: `npmScopes.corp.npmPublishRegistry`                                                 yarn -> corp
#   the scope's registry, and `publishConfig.registry` of the package says default            npm, bun -> corp; pnpm, yarn -> default
#
# One expects that a scope is published where it is installed from, and that the manifest of the package either wins for all
# clients or for none.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/clients.bash"
cat >"$work/takes.mjs" <<'JS'
// Two registries that know nothing and take every upload; each upload is a line `NAME PATH` in the log.
import { appendFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
const [, , log, ports] = process.argv
const start = (name) => new Promise((done) => {
  const server = createServer((request, answer) => {
    request.resume().on('end', () => {
      if (request.method === 'PUT') appendFileSync(log, `${name}\n`)
      answer.writeHead(request.method === 'PUT' ? 201 : 404, { 'content-type': 'application/json' }).end('{}')
    })
  }).listen(0, '127.0.0.1', () => done(server.address().port))
})
writeFileSync(ports, `${await start('default')} ${await start('corp')}\n`)
JS
node "$work/takes.mjs" "$work/uploads" "$work/ports" &
server=$!
for _ in $(seq 100); do [ ! -s "$work/ports" ] || break; sleep 0.1; done
read -r first second <"$work/ports"
default=http://127.0.0.1:$first/ corp=http://127.0.0.1:$second/

published() { # CLIENT SCOPE-SETTING PUBLISH-CONFIG: which registry got it
  local repo config=
  repo=$(mktemp -d "$work/repo.XXXXXX")
  [ -z "$3" ] || config=",\"publishConfig\":{\"registry\":\"$3\"}"
  : >"$work/uploads"
  printf '%s\n' "//127.0.0.1:$first/:_authToken=t" "//127.0.0.1:$second/:_authToken=t" "registry=$default" >"$HOME/.npmrc"
  printf '%s\n' 'npmAuthToken: t' >"$HOME/.yarnrc.yml"
  (
    cd "$repo"
    printf '{"name":"@corp/a","version":"1.0.0"%s}\n' "$config" >package.json
    case $1 in
      npm)
        printf '@corp:registry=%s\n' "$2" >.npmrc
        node "$tools/npm/bin/npm-cli.js" publish ;;
      pnpm)
        printf 'registries:\n  "@corp": %s\n' "$2" >pnpm-workspace.yaml
        "$tools/@pnpm/exe.linux-x64/pnpm" publish --no-git-checks ;;
      bun)
        printf '[install.scopes]\ncorp = "%s"\n' "$2" >bunfig.toml
        "$tools/@oven/bun-linux-x64/bin/bun" publish ;;
      yarn*)
        printf '%s\n' "npmRegistryServer: \"$default\"" 'unsafeHttpWhitelist: [127.0.0.1]' 'enableTelemetry: false' \
          'enableImmutableInstalls: false' "npmScopes: { corp: { ${1#yarn-}: \"$2\" } }" >.yarnrc.yml
        : >yarn.lock
        node "$tools/@yarnpkg/cli-dist/bin/yarn.js" install
        node "$tools/@yarnpkg/cli-dist/bin/yarn.js" npm publish ;;
    esac >log 2>&1 || { cat log >&2; exit 1; }
  )
  cat "$work/uploads"
}
failed=0
check() { # EXPECTED CLIENT [PUBLISH-CONFIG]
  local seen
  seen=$(published "$2" "$corp" "${3-}")
  echo "seen with $2${3:+ and publishConfig.registry}: $seen"
  [ "$seen" = "$1" ] || failed=1
}
for client in npm pnpm bun yarn-npmPublishRegistry; do check corp "$client"; done
check default yarn-npmRegistryServer
for client in npm bun; do check corp "$client" "$default"; done
for client in pnpm yarn-npmPublishRegistry; do check default "$client" "$default"; done
exit $failed
