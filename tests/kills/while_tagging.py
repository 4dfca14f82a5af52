#!/usr/bin/env python3
"""Kills `relay release` at a random moment while it makes and pushes its tags, and lets it be finished.

    tests/kills/while_tagging.py RELAY [--packages N] [--cases N] [--seed N]

RELAY is the binary. Needs git and Python 3.9; by hand, not in CI (docs/RELIABILITY.md has its figures).

A release of 300 packages is let run once, to learn how long its last phase takes; then it is killed with SIGKILL at a random
time in that phase, with the tags in one push and in pushes of twenty by turns, and finished in the five ways of
tests/kills/kill_everywhere.py. What is right is the same as there.
"""
import argparse
import os
import random
import signal
import subprocess
import sys
import time

from worlds import SECONDS_MAX, WAYS, finish, judge, run, world

LAST_PHASE = '"phase":"finish"'
POLL_SECONDS = 0.001


def release(relay, repo, env, kill_after):
    """How long the last phase took, or `None` where it was killed in it."""
    child = subprocess.Popen([relay, "release", "--yes"], cwd=repo, env=env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = f"{repo}/.git/relay/journal.ndjson"
    end = time.monotonic() + SECONDS_MAX
    while child.poll() is None and time.monotonic() < end:
        if os.path.exists(journal) and LAST_PHASE in open(journal, errors="replace").read():
            break
        time.sleep(POLL_SECONDS)
    begun = time.monotonic()
    if kill_after is not None:
        time.sleep(kill_after)
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
    code = child.wait(timeout=SECONDS_MAX)
    return None if code == -signal.SIGKILL else time.monotonic() - begun


def case(relay, packages, per_push, kill_after, way):
    """How long the last phase took where it wasn't killed, how many tags there were when it was, and what is wrong."""
    settings = f"tags-per-push = {per_push}\n" if per_push else ""
    with world(relay, packages, settings, chained=False) as (folder, sandbox, env, repo, remote):
        seconds = release(relay, repo, env, kill_after)
        there = [run(["git", "tag"], place, env).stdout.count("\n") for place in (repo, remote)]
        if way is None:
            return seconds, there, []
        repo, done = finish(relay, way, folder, repo, remote, env)
        wrong = judge(sandbox, remote, env, packages)
        if done.returncode != 0:
            wrong.insert(0, f"it ended with {done.returncode}: {done.stderr[-800:]}")
        return seconds, there, wrong


def main():
    p = argparse.ArgumentParser()
    p.add_argument("relay")
    p.add_argument("--packages", type=int, default=300)
    p.add_argument("--cases", type=int, default=20)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    relay, chance = os.path.abspath(a.relay), random.Random(a.seed)
    packages = ["a"] + [f"p{number:03}" for number in range(1, a.packages)]
    ways = (None, 20)
    windows = [case(relay, packages, per_push, None, None)[0] for per_push in ways]
    print("the last phase takes " + " and ".join(f"{window:.2f} s" for window in windows), flush=True)
    killed = broken = 0
    for number in range(a.cases):
        per_push, way = ways[number % 2], WAYS[number % len(WAYS)]
        seconds, there, wrong = case(relay, packages, per_push, chance.random() * windows[number % 2], way)
        killed += seconds is None
        broken += bool(wrong)
        print(f"{number} ({way}): {there[0]} tags here, {there[1]} there; {'; '.join(wrong[:3]) or 'right in the end'}", flush=True)
    print(f"killed {killed} of {a.cases} times; {broken} did not come to the right end")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
