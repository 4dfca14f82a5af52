#!/usr/bin/env bash
# Which of git's settings reach a program that reads the repository through libgit2.
#
# Seen on 2026-11-29 with git version 2.47.3 and pygit2 version 1.21.0 (libgit2 version 1.9.7); each way of setting
# `user.name` that git documents, and what `git config` and pygit2's `config` then know:
#
#   ~/.gitconfig: both     includeIf "onbranch:": both     GIT_CONFIG_GLOBAL, GIT_CONFIG_COUNT: git only
#   includeIf "hasconfig:remote.*.url:": git only
#
# One expects a library that reads `.git/config`, `~/.gitconfig` and conditional includes to see what git sees. A pipeline
# that sets identity, signing or `safe.directory` by variables, as many do, is told that `user.name` is not set, while
# `git commit` in the same job works.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME="$work/home" GIT_CONFIG_NOSYSTEM=1
mkdir home
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check pygit2==1.21.0
git init -q -b main repo
git -C repo remote add origin https://git.example/acme/repo.git
printf '[user]\n\tname = Maintainer\n' >settings
failed=0
look() {
  local git library
  git=$(git -C repo config user.name || echo unset)
  library=$(python/bin/python -c "
import pygit2
config = pygit2.Repository('repo').config
print(config['user.name'] if 'user.name' in config else 'unset')")
  if [ "$git $library" = "$2" ]; then
    echo "$1: git $git, libgit2 $library"
  else
    echo "$1: git $git, libgit2 $library, where $2 was seen before"
    failed=1
  fi
}
cp settings home/.gitconfig
look "~/.gitconfig" "Maintainer Maintainer"
rm home/.gitconfig
GIT_CONFIG_GLOBAL="$work/settings" look "GIT_CONFIG_GLOBAL" "Maintainer unset"
GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=user.name GIT_CONFIG_VALUE_0=Maintainer look "GIT_CONFIG_COUNT" "Maintainer unset"
printf '[includeIf "onbranch:main"]\n\tpath = %s\n' "$work/settings" >home/.gitconfig
look "includeIf onbranch" "Maintainer Maintainer"
printf '[includeIf "hasconfig:remote.*.url:https://git.example/acme/**"]\n\tpath = %s\n' "$work/settings" >home/.gitconfig
look "includeIf hasconfig" "Maintainer unset"
exit "$failed"
