#!/usr/bin/env python3
"""Two clones of one remote release at the same time, again and again, a random moment apart.

    tests/kills/two_clones.py RELAY [--cases N] [--seed N] [--protected]

RELAY is the binary. Needs git and Python 3.9; by hand, not in CI (docs/RELIABILITY.md has its figures).

Right is: no version was uploaded by both; whoever did not release ended with 0 (it found all done) or 1 (another run is at
work, or, with --protected, a release waits to be merged) and is right when it runs again, from there; and in the end what tests/kills/kill_everywhere.py calls right.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import time

from worlds import SECONDS_MAX, go_on_with_what_waits, judge, protect, run, world

PACKAGES = ["a", "b", "c", "d"]
APART_SECONDS_MAX = 0.3


def uploads(log):
    """The packages whose uploads a run began, by its log."""
    if not os.path.exists(log):
        return []
    events = (json.loads(line) for line in open(log, encoding="utf-8"))
    return [event["package"] for event in events if event.get("event") == "upload-started"]


def case(relay, apart, protected):
    with world(relay, PACKAGES) as (folder, sandbox, env, repo, remote):
        if protected:
            protect(remote)
        clones = [repo, f"{folder}/other"]
        run(["git", "clone", "-q", remote, clones[1]], folder, env)
        logs = [f"{folder}/{number}.ndjson" for number in range(2)]
        children = []
        for clone, log in zip(clones, logs):
            children.append(subprocess.Popen([relay, "release", "--yes", "--log-file", log], cwd=clone, env=env, text=True,
                                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
            time.sleep(apart)
        said = [child.communicate(timeout=SECONDS_MAX)[1] for child in children]
        codes = [child.returncode for child in children]
        sent = [uploads(log) for log in logs]
        wrong = [f"both uploaded {name}" for name in PACKAGES if sum(one.count(name) for one in sent) > 1]
        if not any(sent):
            wrong.append("no upload is in any log")
        if 0 not in codes or any(code not in (0, 1) for code in codes):
            wrong.append(f"they ended with {codes}: {said[0][-500:]} {said[1][-500:]}")
        wrong += judge(sandbox, remote, env, PACKAGES, protected=protected)
        for clone in clones:
            run(["git", "pull", "-q", "--no-rebase"], clone, env)
            again = run([relay, "release", "--yes"], clone, env, check=False)
            if "a release waits to be merged" in again.stderr:
                again = go_on_with_what_waits(relay, clone, remote, env)
            if again.returncode != 0:
                wrong.append(f"once more: {again.returncode}: {again.stderr[-500:]}")
        return codes, wrong + judge(sandbox, remote, env, PACKAGES, protected=protected)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("relay")
    p.add_argument("--cases", type=int, default=20)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--protected", action="store_true")
    a = p.parse_args()
    relay, chance = os.path.abspath(a.relay), random.Random(a.seed)
    broken = 0
    for number in range(a.cases):
        codes, wrong = case(relay, chance.random() * APART_SECONDS_MAX, a.protected)
        broken += bool(wrong)
        print(f"{number}: {codes}; {'; '.join(wrong[:3]) or 'right'}", flush=True)
    print(f"{a.cases} times two clones; {broken} did not come to the right end")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
