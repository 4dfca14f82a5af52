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
import os
import sys

from worlds import WAYS, finish, judge, run, world

CALLS = "write,writev,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,link,linkat,fsync,fdatasync,vfork,clone,clone3,execve,sendto,ftruncate"
PACKAGES = ["a", "b", "c", "d"]
CASES_MAX = 5000


def case(relay, number, way):
    """Whether relay was killed, what is wrong, and how it was finished."""
    with world(relay, PACKAGES) as (folder, sandbox, env, repo, remote):
        argv = [relay, "release", "--yes"]
        inject = f"inject={CALLS}:signal=SIGKILL:when={number}"
        first = run(["strace", "-qq", "-o", "/dev/null", "-e", f"trace={CALLS}", "-e", inject, *argv], repo, env, check=False)
        killed = first.returncode not in (0, 1, 3, 4)
        repo, done = finish(relay, way, folder, repo, remote, env)
        wrong = judge(sandbox, remote, env, PACKAGES)
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
