#!/usr/bin/env bash
# @changesets/cli version 2.31.1, as seen 2026-11-29: when the prerelease mode is left, `changeset version` also gives a new
# version to packages that it never releases, those that `ignore` names and private ones with `privatePackages: false`,
# although no change file names them and they were never a prerelease. A good guess: what is ignored stays as it is, as
# in every other run, and as in version 3.0.3. Seen: 1.0.0 becomes 1.0.1 in both, and the next prerelease does not touch them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p tools repo/.changeset repo/packages/{a,left,own}
echo '{"private":true}' > tools/package.json
npm install --prefix tools --silent --no-audit --no-fund @changesets/cli@2.31.1 >/dev/null
cd repo
echo '{"name":"root","private":true,"version":"0.0.0","workspaces":["packages/*"]}' > package.json
echo '{"lockfileVersion":3}' > package-lock.json
echo '{"name":"a","version":"1.0.0"}' > packages/a/package.json
echo '{"name":"left","version":"1.0.0"}' > packages/left/package.json
echo '{"name":"own","version":"1.0.0","private":true}' > packages/own/package.json
echo '{"ignore":["left"],"privatePackages":false,"prettier":false}' > .changeset/config.json
version() { node -p "require('./packages/$1/package.json').version"; }
changeset() { node ../tools/node_modules/@changesets/cli/bin.js "$@" >/dev/null 2>&1; }
changeset pre enter next
printf -- '---\na: minor\n---\n\nMore\n' > .changeset/x.md
changeset version
[ "$(version a) $(version left) $(version own)" = "1.1.0-next.0 1.0.0 1.0.0" ] || { echo "the prerelease differs"; exit 1; }
changeset pre exit
changeset version
seen="$(version a) $(version left) $(version own)"
echo "seen: a, left (ignored), own (private) are at $seen"
[ "$seen" = "1.1.0 1.0.1 1.0.1" ]
