#!/usr/bin/env bash
# Which version a range gets when `latest` is not the highest version that fits it.
#
# Seen on 2026-11-29 with npm version 12.2.0 (node 24.21.0), pnpm version 12.21.0, bun version 1.4.5 and yarn version
# 4.18.1, against a registry on loopback that has 1.0.0, 1.1.0 and 1.2.0 of a package, with `latest` on 1.1.0:
#
#   "^1.0.0" in package.json:  npm 1.1.0, pnpm 1.1.0, bun 1.1.0, yarn 1.2.0
#
# The range alone says 1.2.0. npm, pnpm and bun take what `latest` names wherever it fits; yarn takes the highest version
# that fits and asks no tag. So a release that goes out under another tag first, to be promoted when the whole set is
# there, is hidden from ranges in three clients and installed at once by the fourth.
source "$(dirname "$0")/clients.bash"
serve '{"name":"tagged","latest":"1.1.0","versions":{"1.0.0":{},"1.1.0":{},"1.2.0":{}}}'
seen="npm=$(installed npm tagged ^1.0.0) pnpm=$(installed pnpm tagged ^1.0.0) bun=$(installed bun tagged ^1.0.0) yarn=$(installed yarn tagged ^1.0.0)"
echo "seen: $seen"
[ "$seen" = "npm=1.1.0 pnpm=1.1.0 bun=1.1.0 yarn=1.2.0" ]
