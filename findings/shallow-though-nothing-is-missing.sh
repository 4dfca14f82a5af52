#!/usr/bin/env bash
# What a clone of some depth says of itself when its depth just reaches the first commit.
#
# Seen on 2026-11-29 with git version 2.47.3 and pygit2 version 1.21.0 (libgit2 version 1.9.7), on a history of three
# commits:
#
#   --depth 2: shallow, two commits       --depth 3: shallow, three commits       --depth 4: not shallow, three commits
#
# One expects a clone to be shallow when it lacks commits. At depth 3 nothing is lacking, and yet `.git/shallow` names the
# first commit of all, `git rev-parse --is-shallow-repository` says true and so does libgit2: git cuts where the depth ends,
# whether or not the commit there has parents. Whoever refuses shallow clones by that answer refuses a whole history; what
# tells is whether a commit that `.git/shallow` names has parents in its own object, which `git cat-file` shows.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME="$work" GIT_CONFIG_NOSYSTEM=1
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check pygit2==1.21.0
git init -q -b main origin
for number in 1 2 3; do
  echo "$number" >origin/file
  git -C origin add file
  git -C origin -c user.name=dev -c user.email=dev@registry.example commit -qm "$number"
done
failed=0
expect() {
  if [ "$2" = "$3" ]; then echo "$1: $2"; else echo "$1: $2, where $3 was seen before"; failed=1; fi
}
for depth in 2 3 4; do
  git clone -q --depth "$depth" "file://$work/origin" "clone$depth"
  answer=$(git -C "clone$depth" rev-parse --is-shallow-repository)
  answer+=" $(python/bin/python -c "import pygit2; print(pygit2.Repository('clone$depth').is_shallow)")"
  answer+=" $(git -C "clone$depth" rev-list --count HEAD)"
  parents=none
  if [ -f "clone$depth/.git/shallow" ]; then
    parents=$(git -C "clone$depth" cat-file -p "$(cat "clone$depth/.git/shallow")" | grep -c '^parent' || true)
  fi
  case $depth in
    2) expect "depth 2, parents at the cut" "$answer $parents" "true True 2 1" ;;
    3) expect "depth 3, parents at the cut" "$answer $parents" "true True 3 0" ;;
    4) expect "depth 4, parents at the cut" "$answer $parents" "false False 3 none" ;;
  esac
done
exit "$failed"
