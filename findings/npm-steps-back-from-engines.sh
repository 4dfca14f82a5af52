#!/usr/bin/env bash
# What a range gets when the newest version asks for a node that is not there.
#
# Seen on 2026-11-29 with npm version 12.2.0 (node 24.21.0), pnpm version 12.21.0, bun version 1.4.5 and yarn version
# 4.18.1, against a registry on loopback that has 1.1.0 without `engines` and 1.2.0, the `latest`, with
# "engines": {"node": ">=99"}:
#
#   "^1.0.0" in package.json:  npm 1.1.0 and not a word of engines, pnpm 1.2.0, bun 1.2.0, yarn 1.2.0
#
# npm is known to warn (EBADENGINE) and to install what it warned of. That holds where no other version fits; where one
# does, it silently installs an older one. So raising `engines` in a minor version strands npm's users on the version
# before, without a message, while those of the other clients get the new one.
source "$(dirname "$0")/clients.bash"
serve '{"name":"demanding","latest":"1.2.0","versions":{"1.1.0":{},"1.2.0":{"engines":{"node":">=99"}}}}'
seen="npm=$(installed npm demanding ^1.0.0) pnpm=$(installed pnpm demanding ^1.0.0) bun=$(installed bun demanding ^1.0.0) yarn=$(installed yarn demanding ^1.0.0)"
echo "seen: $seen"
if grep -i engine "$work/npm/log"; then echo "npm speaks of engines"; exit 1; fi
[ "$seen" = "npm=1.1.0 pnpm=1.2.0 bun=1.2.0 yarn=1.2.0" ]
