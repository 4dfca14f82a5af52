#!/usr/bin/env python3
"""Kills `relay release` at every call by which its main thread changes something outside itself, and lets it be finished.

    tests/kills/kill_everywhere.py RELAY [--every N] [--from N] [--to N]

RELAY is the binary. Needs Linux, strace, git and Python 3.9; by hand, not in CI (docs/RELIABILITY.md has its figures).

Each case is a repository of four packages with a change for each, its bare remote and a sandbox registry. relay is killed with
SIGKILL at its Nth write, rename, unlink, sync, process start or send. Then one of these finishes the release, in turn:

  rerun     the same command in the same clone
  resume    `relay resume` in the same clone, where the run had begun to act
  lost      the same command in the same clone, its journal thrown away
  torn      the same command in the same clone, its journal cut to five bytes
  fresh     the same command in a fresh clone of the remote

Right is, by the sandbox's and the remote's own word: each version committed once, branch and tags on the remote, every tag on
a commit whose manifests have its version, the finisher's exit code 0, and nothing left to do.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request

CALLS = "write,writev,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,link,linkat,fsync,fdatasync,vfork,clone,clone3,execve,sendto,ftruncate"
PACKAGES = ["a", "b", "c", "d"]
WAYS = ["rerun", "resume", "lost", "torn", "fresh"]
CASES_MAX = 5000
SECONDS_MAX = 120


def environment(home, tokens):
    keep = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "TMPDIR")}
    return {**keep, "HOME": home, "CI": "1", "NO_COLOR": "1", "GIT_CONFIG_NOSYSTEM": "1", "npm_config_userconfig": home + "/.npmrc",
            "NPM_TOKEN": tokens["bypass"],
            "GIT_AUTHOR_NAME": "k", "GIT_AUTHOR_EMAIL": "k@example.com", "GIT_COMMITTER_NAME": "k", "GIT_COMMITTER_EMAIL": "k@example.com"}


def run(argv, cwd, env, check=True):
    done = subprocess.run(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS_MAX)
    if check and done.returncode != 0:
        raise RuntimeError(f"{argv}: {done.stderr or done.stdout}")
    return done


class Sandbox:
    def __init__(self, relay, home):
        env = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "TMPDIR")}
        self.child = subprocess.Popen([relay, "sandbox", "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                      env={**env, "HOME": home}, stdin=subprocess.DEVNULL)
        self.about = json.loads(self.child.stdout.readline())
        self.url = self.about["url"]
        self.tokens = {}
        for token in self.about["tokens"]:
            self.tokens.setdefault("bypass" if "bypass" in token["kind"] else token["kind"], token["token"])

    def versions(self, name):
        """{version: gitHead} as the registry shows them."""
        try:
            with urllib.request.urlopen(f"{self.url.rstrip('/')}/{name}") as answer:
                return {v: d.get("gitHead") for v, d in json.load(answer)["versions"].items()}
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return {}
            raise

    def end(self):
        self.child.send_signal(signal.SIGTERM)
        self.child.wait(timeout=SECONDS_MAX)


def build(folder, url, env):
    repo, remote = f"{folder}/repo", f"{folder}/origin.git"
    os.makedirs(f"{repo}/.changeset")
    with open(f"{repo}/package.json", "w") as f:
        json.dump({"name": "kills", "private": True, "workspaces": ["packages/*"]}, f)
    for index, name in enumerate(PACKAGES):
        os.makedirs(f"{repo}/packages/{name}")
        below = {"dependencies": {PACKAGES[index - 1]: "^1.0.0"}} if index else {}
        with open(f"{repo}/packages/{name}/package.json", "w") as f:
            json.dump({"name": name, "version": "1.0.0", **below}, f, indent=2)
        with open(f"{repo}/.changeset/{name}.md", "w") as f:
            f.write(f"---\n\"{name}\": minor\n---\n\nMore {name}.\n")
    with open(f"{repo}/.npmrc", "w") as f:
        f.write(f"registry={url}\n")
    with open(f"{repo}/relay.toml", "w") as f:
        f.write(f"[git]\nlock-lasts = \"1s\"\n[[registry]]\nurl = \"{url}\"\nrules = \"npm\"\n[[credential]]\nenv = \"NPM_TOKEN\"\n"
                f"kind = \"granular-bypass\"\nregistry = \"{url}\"\n")
    run(["git", "init", "-q", "-b", "main"], repo, env)
    run(["git", "init", "-q", "--bare", "-b", "main", remote], folder, env)
    run(["git", "remote", "add", "origin", remote], repo, env)
    run(["git", "add", "-A"], repo, env)
    run(["git", "commit", "-q", "-m", "feat: all"], repo, env)
    run(["git", "push", "-q", "-u", "origin", "main"], repo, env)
    return repo, remote


def judge(sandbox, remote, env):
    """What is wrong with the end state; empty: nothing."""
    wrong = []
    refs = run(["git", "ls-remote", remote], "/", env).stdout.splitlines()
    refs = {name: commit for commit, name in (line.split("\t") for line in refs)}
    for name in PACKAGES:
        versions = sandbox.versions(name)
        if list(versions) != ["1.1.0"]:
            wrong.append(f"the registry has {name} in {list(versions)}")
        tag = f"refs/tags/{name}@1.1.0"
        if tag not in refs:
            wrong.append(f"no tag {name}@1.1.0 on the remote")
            continue
        commit = refs.get(tag + "^{}", refs[tag])
        manifest = json.loads(run(["git", "show", f"{commit}:packages/{name}/package.json"], remote, env).stdout)
        if manifest["version"] != "1.1.0":
            wrong.append(f"the tag of {name} is on a commit with version {manifest['version']}")
        if run(["git", "merge-base", "--is-ancestor", commit, "refs/heads/main"], remote, env, check=False).returncode:
            wrong.append(f"the tag of {name} is not on the branch")
    manifest = json.loads(run(["git", "show", "main:packages/a/package.json"], remote, env).stdout)
    if manifest["version"] != "1.1.0":
        wrong.append("the branch on the remote has no version commit")
    return wrong


def case(relay, number, way):
    """Whether relay was killed, what is wrong, and how it was finished."""
    folder = tempfile.mkdtemp(prefix="relay-kill-")
    home = f"{folder}/home"
    os.makedirs(home)
    sandbox = Sandbox(relay, home)
    try:
        env = environment(home, sandbox.tokens)
        repo, remote = build(folder, sandbox.url, env)
        argv = [relay, "release", "--yes"]
        inject = f"inject={CALLS}:signal=SIGKILL:when={number}"
        first = run(["strace", "-qq", "-o", "/dev/null", "-e", f"trace={CALLS}", "-e", inject, *argv], repo, env, check=False)
        killed = first.returncode not in (0, 1, 3, 4)
        journal = f"{repo}/.git/relay/journal.ndjson"
        if way == "lost" and os.path.exists(journal):
            os.remove(journal)
        if way == "torn" and os.path.exists(journal):
            os.truncate(journal, 5)
        if way == "fresh":
            repo = f"{folder}/fresh"
            run(["git", "clone", "-q", remote, repo], folder, env)
        # Before a run has begun to act there is nothing to resume.
        if way == "resume" and os.path.exists(journal) and "run-started" in open(journal, errors="replace").read():
            argv = [relay, "resume", "--yes"]
        done = run(argv, repo, env, check=False)
        wrong = judge(sandbox, remote, env)
        if done.returncode != 0:
            wrong.insert(0, f"it ended with {done.returncode}")
        again = run([relay, "publish", "--yes"], repo, env, check=False)
        if again.returncode != 0:
            wrong.append(f"once more: it ended with {again.returncode}")
        return killed, wrong, done.stderr if wrong else ""
    finally:
        sandbox.end()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("relay")
    p.add_argument("--every", type=int, default=1, help="every Nth call only")
    p.add_argument("--from", type=int, default=1, dest="first")
    p.add_argument("--to", type=int, default=CASES_MAX)
    p.add_argument("--shift", type=int, default=0, help="begins with another way of finishing")
    a = p.parse_args()
    relay = os.path.abspath(a.relay)
    killed = broken = 0
    for number in range(a.first, min(a.to, CASES_MAX) + 1, a.every):
        way = WAYS[(number // a.every + a.shift) % len(WAYS)]
        was_killed, wrong, said = case(relay, number, way)
        if not was_killed:
            print(f"{number}: the release ended by itself")
            break
        killed += 1
        if wrong:
            broken += 1
            print(f"{number} ({way}): {'; '.join(wrong)}\n{said}", flush=True)
    print(f"killed {killed} times; {broken} did not come to the right end")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
