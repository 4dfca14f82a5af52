#!/usr/bin/env bash
# What version is recommended for a feature that was reverted and then brought back.
#
# Seen on 2026-11-29 with conventional-recommended-bump version 11.2.0 and the presets conventional-changelog-angular
# version 8.3.1 and conventional-changelog-conventionalcommits version 9.3.1, on the messages that git itself writes:
#
#   feat: x                                               -> minor
#   feat: x, Revert "feat: x"                             -> patch, from no commit at all
#   feat: x, Revert "feat: x", Reapply "feat: x"          -> patch
#
# `git revert` of a revert writes `Reapply "…"` (since git 2.43), whose body names the revert as the commit it takes back.
# One expects either the feature to count again or nothing to be released after the revert. The revert takes the feature
# out for good, `Reapply` is read as an ordinary line, and a feature that is in the code goes out as a patch.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
printf '{"private":true,"type":"module"}\n' >package.json
npm install --no-audit --no-fund --ignore-scripts --loglevel=error conventional-recommended-bump@11.2.0 \
  conventional-changelog-angular@8.3.1 conventional-changelog-conventionalcommits@9.3.1 >/dev/null
cat >bump.js <<'JS'
import { Bumper } from 'conventional-recommended-bump';
const seen = [];
for (const preset of ['angular', 'conventionalcommits']) {
  const bumper = new Bumper(process.argv[2]);
  await bumper.loadPreset(preset);
  bumper.tag('v1.0.0');
  const { releaseType, commits } = await bumper.bump();
  seen.push(`${preset} ${releaseType} of ${commits.length}`);
}
console.log(seen.join(', '));
JS
mkdir repo
in_repo() { git -C repo -c user.name=dev -c user.email=dev@registry.example "$@"; }
in_repo init -q -b main
echo 1 >repo/file
in_repo add file
in_repo commit -qm 'chore: init'
in_repo tag v1.0.0
failed=0
check() { # WHAT EXPECTED
  local seen
  seen=$(node bump.js "$work/repo")
  echo "seen after $1: $seen"
  [ "$seen" = "$2" ] || failed=1
}
echo 2 >repo/file
in_repo commit -qam 'feat: x'
check 'the feature' 'angular minor of 1, conventionalcommits minor of 1'
in_repo revert --no-edit HEAD >/dev/null
check 'its revert' 'angular patch of 0, conventionalcommits patch of 0'
# What `git revert` writes for the revert of a revert, whichever git is here.
revert=$(in_repo rev-parse HEAD)
echo 2 >repo/file
in_repo commit -qam 'Reapply "feat: x"' -m "This reverts commit $revert."
check 'its return' 'angular patch of 1, conventionalcommits patch of 1'
exit $failed
