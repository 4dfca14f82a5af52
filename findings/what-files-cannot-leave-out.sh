#!/usr/bin/env bash
# What goes into a tarball although `files` does not name it.
#
# Seen on 2026-11-29 with npm version 12.2.0 (node 24.21.0), pnpm version 12.21.0, yarn version 4.18.1 and bun version
# 1.4.5, for a package with "files": ["lib"], "main": "src/main.js", "bin": "cli/run.js", a README.md, a LICENSE, a COPYING
# and a CHANGELOG.md (beside package.json and lib/a.js, which all of them pack):
#
#              main   bin    README.md   LICENSE   COPYING   CHANGELOG.md
#   npm, pnpm  yes    yes    yes         yes       yes       no
#   yarn       yes    yes    yes         yes       no        yes
#   bun        no     yes    yes         yes       no        no
#
# npm's documentation lists what is always included, and the others are thought to have copied the list. bun packs a package
# whose `main` is not inside, without a word, and which of the legal and history files go along depends on the packer.
source "$(dirname "$0")/clients.bash"
packed() { # CLIENT: the names, without those that all of them pack
  local package=$work/package-$1
  mkdir -p "$package/lib" "$package/src" "$package/cli"
  cd "$package"
  for file in lib/a.js src/main.js cli/run.js README.md LICENSE COPYING CHANGELOG.md; do echo 1 >$file; done
  printf '{"name":"x","version":"1.0.0","files":["lib"],"main":"src/main.js","bin":"cli/run.js"}\n' >package.json
  {
    case $1 in
      npm) node "$tools/npm/bin/npm-cli.js" pack ;;
      pnpm) "$tools/@pnpm/exe.linux-x64/pnpm" pack ;;
      bun) "$tools/@oven/bun-linux-x64/bin/bun" pm pack ;;
      yarn)
        touch yarn.lock
        printf 'enableTelemetry: false\nenableImmutableInstalls: false\n' >.yarnrc.yml
        node "$tools/@yarnpkg/cli-dist/bin/yarn.js" install
        node "$tools/@yarnpkg/cli-dist/bin/yarn.js" pack -o packed.tgz
        ;;
    esac
  } >"$work/log-$1" 2>&1 || { cat "$work/log-$1" >&2; return 1; }
  tar tzf ./*.tgz | sed 's#^package/##' | grep -vx -e package.json -e lib/a.js | LC_ALL=C sort | tr '\n' ' '
}
failed=0
check() { # CLIENT EXPECTED
  local seen
  seen=$(packed "$1")
  echo "seen with $1: $seen"
  [ "$seen" = "$2 " ] || failed=1
}
check npm 'COPYING LICENSE README.md cli/run.js src/main.js'
check pnpm 'COPYING LICENSE README.md cli/run.js src/main.js'
check yarn 'CHANGELOG.md LICENSE README.md cli/run.js src/main.js'
check bun 'LICENSE README.md cli/run.js'
exit $failed
