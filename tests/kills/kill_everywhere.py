#!/usr/bin/env python3
"""Kills `relay release` at every call by which its main thread changes something outside itself, and lets it be finished.

    tests/kills/kill_everywhere.py RELAY [--every N] [--from N] [--to N] [--promote-last] [--protected]

RELAY is the binary. Needs Linux, strace, git and Python 3.9; by hand, not in CI (docs/RELIABILITY.md has its figures).

Each case is a repository of four packages with a change for each, its bare remote and a sandbox registry. relay is killed with
SIGKILL at its Nth write, rename, unlink, sync, process start or send. Then one of these finishes the release, in turn:

  rerun     the same command in the same clone
  resume    `relay resume` in the same clone, where the run had begun to act
  lost      the same command in the same clone, its journal thrown away
  torn      the same command in the same clone, its journal cut to five bytes
  fresh     the same command in a fresh clone of the remote; where it names a release that waits to be merged, from there

With --promote-last an older version of each package is live, and dist-tags move when all is out. With --protected the branch may
not be pushed to.

Right is, by the sandbox's and the remote's own word: each version committed once, branch and tags on the remote, every tag on
a commit whose manifests have its version, the finisher's exit code 0, and nothing left to do. `latest` names the new version, and no other dist-tag is left. On a
protected branch the release waits on exactly one branch of its own, which has the tags.
"""
import argparse
import os
import shutil
import sys

from worlds import PROMOTE_LAST, WAYS, finish, judge, protect, run, world

CALLS = "write,writev,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,link,linkat,fsync,fdatasync,vfork,clone,clone3,execve,sendto,ftruncate"
PACKAGES = ["a", "b", "c", "d"]
CASES_MAX = 5000


def case(relay, number, way, promotes, protected):
    """Whether relay was killed, what is wrong, and how it was finished."""
    with world(relay, PACKAGES, PROMOTE_LAST if promotes else "") as (folder, sandbox, env, repo, remote):
        if promotes:
            run([relay, "publish", "--yes", "--no-git-tag", "--no-push"], repo, env)
            shutil.rmtree(f"{repo}/.git/relay")
        if protected:
            protect(remote)
        argv = [relay, "release", "--yes"]
        inject = f"inject={CALLS}:signal=SIGKILL:when={number}"
        first = run(["strace", "-qq", "-o", "/dev/null", "-e", f"trace={CALLS}", "-e", inject, *argv], repo, env, check=False)
        killed = first.returncode not in (0, 1, 3, 4)
        repo, done = finish(relay, way, folder, repo, remote, env)
        wrong = judge(sandbox, remote, env, PACKAGES, ["1.0.0"] if promotes else [], protected)
        if done.returncode != 0:
            wrong.insert(0, f"it ended with {done.returncode}")
        again = run([relay, "publish", "--yes"], repo, env, check=False)
        if again.returncode != 0:
            wrong.append(f"once more: it ended with {again.returncode}")
        return killed, wrong, done.stderr if wrong else ""


def main():
    p = argparse.ArgumentParser()
    p.add_argument("relay")
    p.add_argument("--every", type=int, default=1, help="every Nth call only")
    p.add_argument("--from", type=int, default=1, dest="first")
    p.add_argument("--to", type=int, default=CASES_MAX)
    p.add_argument("--shift", type=int, default=0, help="begins with another way of finishing")
    p.add_argument("--promote-last", action="store_true")
    p.add_argument("--protected", action="store_true")
    a = p.parse_args()
    relay = os.path.abspath(a.relay)
    killed = broken = 0
    for number in range(a.first, min(a.to, CASES_MAX) + 1, a.every):
        way = WAYS[(number // a.every + a.shift) % len(WAYS)]
        was_killed, wrong, said = case(relay, number, way, a.promote_last, a.protected)
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
