#!/usr/bin/env bash
# Whether `git push --atomic` takes all refs or none.
#
# Seen on 2026-11-29 with git version 2.47.3 on both sides and, as a reader of the outcome, dulwich version 0.24.7; a branch
# and refs/x/note are pushed together with --atomic:
#
#   the remote's update hook refuses refs/x/note     the branch is refused too: "atomic push failure"
#   the remote hides refs/x (receive.hideRefs)       the branch is taken; refs/x/note alone is refused
#
# Both are a remote's refusal of one ref, and --atomic is documented as all or nothing. Hidden refs are set aside before the
# rest is made into a transaction. Whoever pushes a branch together with a ref of a tool's own, and reads "failed" as
# "nothing changed", is wrong where forges hide refs; each ref must be read back.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME="$work" GIT_CONFIG_NOSYSTEM=1
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check dulwich==0.24.7
git init -q -b main clone
git -C clone -c user.name=dev -c user.email=dev@registry.example commit -q --allow-empty -m init
git init -q --bare -b main refuses.git
mkdir -p refuses.git/hooks
printf '#!/bin/sh\ncase $1 in refs/x/*) exit 1 ;; esac\n' >refuses.git/hooks/update
chmod +x refuses.git/hooks/update
git init -q --bare -b main hides.git
git -C hides.git config receive.hideRefs refs/x
failed=0
pushed() { # REMOTE: how git ended, and the refs that are there then
  local code=0
  git -C clone push --atomic "../$1" HEAD:refs/heads/main HEAD:refs/x/note >"$1.log" 2>&1 || code=$?
  python/bin/python - "$1" "$code" <<'END'
import sys
from dulwich.repo import Repo
refs = sorted(name.decode() for name in Repo(sys.argv[1]).refs.keys() if name != b"HEAD")
print("ended with", sys.argv[2], "and has", refs)
END
}
expect() { # REMOTE EXPECTED
  local seen
  seen=$(pushed "$1")
  echo "$1 $seen"
  [ "$seen" = "$2" ] || { cat "$1.log"; failed=1; }
}
expect refuses.git "ended with 1 and has []"
expect hides.git "ended with 1 and has ['refs/heads/main']"
exit "$failed"
