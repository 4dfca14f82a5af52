"""What the scripts of this folder share: a sandbox registry, a repository with its remote, and a judge of how it all ended.

The judge goes by the sandbox's and the remote's own word, never by relay's.
"""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request

SECONDS_MAX = 300
PROMOTE_LAST = "[publish]\npromote-last = true\n"
WAYS = ["rerun", "resume", "lost", "torn", "fresh"]


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

    def dist_tags(self, name):
        with urllib.request.urlopen(f"{self.url.rstrip('/')}/-/package/{name}/dist-tags") as answer:
            return json.load(answer)

    def end(self):
        self.child.send_signal(signal.SIGTERM)
        self.child.wait(timeout=SECONDS_MAX)


def build(folder, url, env, packages, settings="", chained=True):
    """The paths of a repository with a change for each package, of which each needs the one before, and of its bare remote."""
    repo, remote = f"{folder}/repo", f"{folder}/origin.git"
    os.makedirs(f"{repo}/.changeset")
    with open(f"{repo}/package.json", "w") as f:
        json.dump({"name": "kills", "private": True, "workspaces": ["packages/*"]}, f)
    for index, name in enumerate(packages):
        os.makedirs(f"{repo}/packages/{name}")
        below = {"dependencies": {packages[index - 1]: "^1.0.0"}} if index and chained else {}
        with open(f"{repo}/packages/{name}/package.json", "w") as f:
            json.dump({"name": name, "version": "1.0.0", **below}, f, indent=2)
        with open(f"{repo}/.changeset/{name}.md", "w") as f:
            f.write(f"---\n\"{name}\": minor\n---\n\nMore {name}.\n")
    with open(f"{repo}/.npmrc", "w") as f:
        f.write(f"registry={url}\n")
    with open(f"{repo}/relay.toml", "w") as f:
        f.write(f"[git]\nlock-lasts = \"1s\"\n{settings}[[registry]]\nurl = \"{url}\"\nrules = \"npm\"\n[[credential]]\nenv = \"NPM_TOKEN\"\n"
                f"kind = \"granular-bypass\"\nregistry = \"{url}\"\n")
    run(["git", "init", "-q", "-b", "main"], repo, env)
    run(["git", "init", "-q", "--bare", "-b", "main", remote], folder, env)
    run(["git", "remote", "add", "origin", remote], repo, env)
    run(["git", "add", "-A"], repo, env)
    run(["git", "commit", "-q", "-m", "feat: all"], repo, env)
    run(["git", "push", "-q", "-u", "origin", "main"], repo, env)
    return repo, remote


def protect(remote):
    """Nobody may push to the branch any more: releases wait on branches of their own."""
    hook = f"{remote}/hooks/update"
    with open(hook, "w") as f:
        f.write("#!/bin/sh\ncase $1 in refs/heads/main) echo 'protected branch hook declined' >&2; exit 1;; esac\n")
    os.chmod(hook, 0o755)


def waiting(remote, env):
    """The branches on which releases wait, by their short names."""
    refs = run(["git", "ls-remote", remote, "refs/heads/relay/release/*"], "/", env).stdout.splitlines()
    return [line.split("\trefs/heads/")[1] for line in refs]


def go_on_with_what_waits(relay, repo, remote, env):
    """What relay says to do where a release waits and this clone lacks it."""
    for branch in waiting(remote, env)[:1]:
        run(["git", "fetch", "-q", "origin"], repo, env)
        run(["git", "switch", "-q", branch], repo, env)
    return run([relay, "resume", "--yes"], repo, env, check=False)


@contextlib.contextmanager
def world(relay, packages, settings="", chained=True):
    """A folder of its own with a sandbox registry, an environment, a repository and its remote; all gone at the end."""
    folder = tempfile.mkdtemp(prefix="relay-kills-")
    home = f"{folder}/home"
    os.makedirs(home)
    sandbox = Sandbox(relay, home)
    try:
        env = environment(home, sandbox.tokens)
        yield (folder, sandbox, env, *build(folder, sandbox.url, env, packages, settings, chained))
    finally:
        sandbox.end()
        shutil.rmtree(folder, ignore_errors=True)


def judge(sandbox, remote, env, packages, before=(), protected=False):
    """What is wrong with the end state; empty: nothing. `before` was live already."""
    wrong, branch = [], "main"
    if protected:
        branches = waiting(remote, env)
        if len(branches) != 1:
            return [f"the release waits on {branches}"]
        branch = branches[0]
    refs = run(["git", "ls-remote", remote], "/", env).stdout.splitlines()
    refs = {name: commit for commit, name in (line.split("\t") for line in refs)}
    for name in packages:
        versions = sandbox.versions(name)
        if list(versions) != [*before, "1.1.0"]:
            wrong.append(f"the registry has {name} in {list(versions)}")
        elif sandbox.dist_tags(name) != {"latest": "1.1.0"}:
            wrong.append(f"the dist-tags of {name} are {sandbox.dist_tags(name)}")
        tag = f"refs/tags/{name}@1.1.0"
        if tag not in refs:
            wrong.append(f"no tag {name}@1.1.0 on the remote")
            continue
        commit = refs.get(tag + "^{}", refs[tag])
        manifest = json.loads(run(["git", "show", f"{commit}:packages/{name}/package.json"], remote, env).stdout)
        if manifest["version"] != "1.1.0":
            wrong.append(f"the tag of {name} is on a commit with version {manifest['version']}")
        if run(["git", "merge-base", "--is-ancestor", commit, f"refs/heads/{branch}"], remote, env, check=False).returncode:
            wrong.append(f"the tag of {name} is not on the branch")
    manifest = json.loads(run(["git", "show", f"{branch}:packages/a/package.json"], remote, env).stdout)
    if manifest["version"] != "1.1.0":
        wrong.append("the branch on the remote has no version commit")
    return wrong


def finish(relay, way, folder, repo, remote, env):
    """Goes on with a release that was killed, in one of the WAYS: where, and how that ended."""
    journal = f"{repo}/.git/relay/journal.ndjson"
    argv = [relay, "release", "--yes"]
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
    if done.returncode != 0 and way == "fresh" and "a release waits to be merged" in done.stderr:
        done = go_on_with_what_waits(relay, repo, remote, env)
    return repo, done
