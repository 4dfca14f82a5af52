#!/usr/bin/env python3
"""Runs `relay release` on a disk that is full at a different place each time, then gives it room and runs it again.

    tests/kills/disk_full.py RELAY [--step BYTES] [--room BYTES]

Needs Linux, the right to mount a tmpfs, git and Python 3.9; by hand, not in CI (docs/RELIABILITY.md has its figures). The clone,
with its git folder and relay's state, is on the full disk; remote and sandbox registry are not.

Right is, when the disk was full: nothing is on the registry of which the remote has no commit and no record; afterwards: what
tests/kills/kill_everywhere.py calls right.
"""
import argparse
import contextlib
import os
import subprocess
import sys

from worlds import judge, run, world

PACKAGES = ["a", "b", "c", "d"]

ROOM_LATER = 64 << 20
PAGE = 4096


def used(folder):
    """Bytes in whole pages, as tmpfs counts, with a page for each folder and file."""
    total = 0
    for base, folders, files in os.walk(folder):
        for name in files:
            total += -(-os.lstat(os.path.join(base, name)).st_size // PAGE) * PAGE
    return total


@contextlib.contextmanager
def disk(folder):
    """Gives what makes a disk of a size at `disk` in the folder; it is gone at the end."""
    place = f"{folder}/disk"
    os.makedirs(place)
    made = []

    def mount(size):
        run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], "/", os.environ)
        made.append(place)

    try:
        yield mount
    finally:
        for one in made:
            subprocess.run(["umount", one], check=False)


def case(relay, room):
    with world(relay, PACKAGES) as (folder, sandbox, env, repo, remote), disk(folder) as make_disk:
        size = used(repo) + room
        make_disk(size)
        run(["cp", "-a", repo, f"{folder}/disk/repo"], "/", env)
        first = run([relay, "release", "--yes"], f"{folder}/disk/repo", env, check=False)
        wrong = []
        live = [name for name in PACKAGES if sandbox.versions(name)]
        refs = run(["git", "ls-remote", remote], "/", env).stdout
        manifest = run(["git", "show", "main:packages/a/package.json"], remote, env).stdout
        if live and ("1.1.0" not in manifest or "refs/relay/release" not in refs):
            wrong.append(f"{live} went out without commit and record on the remote")
        run(["mount", "-o", f"remount,size={size + ROOM_LATER}", f"{folder}/disk"], "/", os.environ)
        done = run([relay, "release", "--yes"], f"{folder}/disk/repo", env, check=False)
        wrong += judge(sandbox, remote, env, PACKAGES)
        if done.returncode != 0:
            wrong.insert(0, f"with room it ended with {done.returncode}")
        return first.returncode, wrong, first.stderr[-1500:] + done.stderr if wrong else ""


def main():
    p = argparse.ArgumentParser()
    p.add_argument("relay")
    p.add_argument("--step", type=int, default=PAGE)
    p.add_argument("--room", type=int, default=0, help="begins with so much room")
    a = p.parse_args()
    relay = os.path.abspath(a.relay)
    full = broken = 0
    for room in range(a.room, 4 << 20, a.step):
        code, wrong, said = case(relay, room)
        if wrong:
            broken += 1
            print(f"room for {room} bytes: {'; '.join(wrong)}\n{said}", flush=True)
        if code == 0:
            print(f"with room for {room} bytes it ended by itself")
            break
        full += 1
    print(f"full {full} times; {broken} did not come to the right end")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
