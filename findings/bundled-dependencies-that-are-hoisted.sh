#!/usr/bin/env bash
# Whether a member's bundled dependency goes into its tarball when the client has installed it in the root's node_modules.
#
# Seen on 2026-11-29 with npm version 12.2.0 (node 24.21.0) and pnpm version 12.21.0 (`nodeLinker: hoisted`). The member `a`
# has `bundleDependencies: ["d"]`; `d` and what it needs, `e`, are in node_modules of the root, where node finds both.
#
#   npm   (nothing)                          exit code 0, no warning
#   pnpm  node_modules/d node_modules/e
#
# npm puts the dependencies of workspace members there itself when it installs, and its `npm pack -w a` then makes a tarball
# without them. The published manifest still lists them as bundled. A good guess is that npm packs them, or refuses.
source "$(dirname "$0")/clients.bash"
mkdir -p "$work/repo/packages/a" "$work/repo/node_modules/d" "$work/repo/node_modules/e"
cd "$work/repo"
printf '{"name":"root","version":"1.0.0","private":true,"workspaces":["packages/*"]}\n' >package.json
printf 'packages: ["packages/*"]\nnodeLinker: hoisted\n' >pnpm-workspace.yaml
printf '{"name":"a","version":"1.0.0","dependencies":{"d":"1"},"bundleDependencies":["d"]}\n' >packages/a/package.json
printf '{"name":"d","version":"1.0.0","dependencies":{"e":"1"}}\n' >node_modules/d/package.json
printf '{"name":"e","version":"1.0.0"}\n' >node_modules/e/package.json
ln -s ../packages/a node_modules/a
bundled() { # CLIENT: the bundled packages of the tarball that the command behind it has made
  tar tzf "$work/$1/a-1.0.0.tgz" | grep -o 'node_modules/[^/]*' | LC_ALL=C sort -u | tr '\n' ' ' || :
}
mkdir "$work/npm" "$work/pnpm"
node "$tools/npm/bin/npm-cli.js" pack -w a --pack-destination "$work/npm" >"$work/npm/log" 2>&1
(cd packages/a && "$tools/@pnpm/exe.linux-x64/pnpm" pack --pack-destination "$work/pnpm" >"$work/pnpm/log" 2>&1)
npm=$(bundled npm) pnpm=$(bundled pnpm)
echo "seen with npm: $npm"
echo "seen with pnpm: $pnpm"
if grep -qi 'warn' "$work/npm/log"; then echo "npm warns now"; exit 1; fi
[ "$npm" = '' ] && [ "$pnpm" = 'node_modules/d node_modules/e ' ]
