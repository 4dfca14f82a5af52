#!/usr/bin/env bash
# A release is killed in the middle, and a fresh clone finishes it: from the remote and the registry alone.
#
#   examples/takeover.sh [RELAY]     RELAY is the binary [default: target/release/relay, else the one on PATH]
#
# Everything is in a temporary folder and on this machine: the registry is `relay sandbox`, the remote a bare repository.
set -euo pipefail
cd "$(dirname "$0")/.."
relay=${1:-target/release/relay}
[ -x "$relay" ] || relay=$(command -v relay)
relay=$(realpath "$relay")
folder=$(mktemp -d)
sandbox= release=
trap 'kill $sandbox $release 2>/dev/null || :; rm -rf "$folder"' EXIT
say() { printf '\n# %s\n' "$*"; }

export HOME=$folder/home NO_COLOR=1 CI=1 GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=Maintainer GIT_AUTHOR_EMAIL=maintainer@example.com GIT_COMMITTER_NAME=Maintainer GIT_COMMITTER_EMAIL=maintainer@example.com
mkdir "$HOME"
# Versions are shown three seconds after they were accepted, as npm shows them minutes after.
"$relay" sandbox --json --delay 3s >"$folder/sandbox.json" 2>/dev/null &
sandbox=$!
until [ -s "$folder/sandbox.json" ]; do kill -0 $sandbox; read -r -t 0.05 _ <> <(:) || :; done
field() { node -e 'const d=JSON.parse(require("fs").readFileSync(process.argv[1]));console.log(eval("d."+process.argv[2]))' "$folder/sandbox.json" "$1"; }
url=$(field url)
NPM_TOKEN=$(field 'tokens.find(t=>/bypass/.test(t.kind)).token')
export NPM_TOKEN

say "a repository of three packages, each with a change, and its remote"
git init -q -b main "$folder/first" && git init -q --bare -b main "$folder/origin.git"
cd "$folder/first"
mkdir -p .changeset packages/shell packages/pearl packages/necklace
echo '{ "name": "reef", "private": true, "workspaces": ["packages/*"] }' >package.json
echo '{ "name": "shell", "version": "1.0.0" }' >packages/shell/package.json
echo '{ "name": "pearl", "version": "1.0.0", "dependencies": { "shell": "^1.0.0" } }' >packages/pearl/package.json
echo '{ "name": "necklace", "version": "1.0.0", "dependencies": { "pearl": "^1.0.0" } }' >packages/necklace/package.json
for package in shell pearl necklace; do printf -- '---\n"%s": minor\n---\n\nShine.\n' $package >.changeset/$package.md; done
echo "registry=$url" >.npmrc
printf '[git]\nlock-lasts = "2s"\n[[registry]]\nurl = "%s"\nrules = "npm"\n[[credential]]\nenv = "NPM_TOKEN"\nkind = "granular-bypass"\nregistry = "%s"\n' "$url" "$url" >relay.toml
git add -A && git commit -qm "feat: all of it" && git remote add origin "$folder/origin.git" && git push -qu origin main

say "relay release, killed with SIGKILL when the registry has taken the first package"
"$relay" release --yes --log-file "$folder/events.ndjson" >/dev/null 2>&1 &
release=$!
until grep -qs '"event":"accepted"' "$folder/events.ndjson"; do kill -0 $release; read -r -t 0.05 _ <> <(:) || :; done
kill -9 $release
{ wait $release || :; } 2>/dev/null
release=
cd "$folder"
rm -rf "$folder/first"
echo "the clone it ran in is gone, journal and all; on the remote there is:"
git ls-remote "$folder/origin.git" | sed 's/^\(.\{10\}\)[0-9a-f]*/\1/'

say "any clone finishes it: relay release, once more"
git clone -q "$folder/origin.git" "$folder/second"
cd "$folder/second"
"$relay" release --yes 2>&1 | grep -E '^(The lock|Took|Tagged|  [↑✓]|  pushed|[0-9]+ pack)' || :

say "what is on the remote now, and what the registry shows"
git ls-remote "$folder/origin.git" | sed 's/^\(.\{10\}\)[0-9a-f]*/\1/' | grep -v '\^{}'
for package in shell pearl necklace; do
  node -e 'fetch(process.argv[1]).then(a=>a.json()).then(d=>console.log(d.name, Object.keys(d.versions).join(" ")))' "$url$package"
done
