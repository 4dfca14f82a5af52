#!/usr/bin/env python3
"""Takes each fix out of relay, one at a time, and shows that the simulation finds it.

    tests/mutations/run.py [--only NAME] [--seeds N] [--target FOLDER]

By hand, not in CI (docs/RELIABILITY.md has its figures). Needs cargo and Python 3.9. Each mutant is a text of one file that
is replaced in a copy of the tree; the tree itself stays as it is. A text that is not there exactly once is an error: then the
code has moved on, and the mutant must follow it. A mutant that no world finds is one too.

The worlds are those of `release/simulation.rs` in relay-engine, from seed 0 on: what is printed is how many it took.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from mutants import MUTANTS

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TEST = ["cargo", "test", "--locked", "-p", "relay-engine", "--lib", "simulation::tests::random_worlds"]
SECONDS_MAX = 3600


def copy_tree(target):
    """The files that git knows or would take, as they are now."""
    names = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(names, cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        source = os.path.join(ROOT, name)
        if os.path.isfile(source):
            os.makedirs(os.path.dirname(os.path.join(target, name)), exist_ok=True)
            shutil.copy2(source, os.path.join(target, name))


def applied(mutant, folder):
    """Writes the mutant into the copy; gives what undoes it, or why it can't be applied."""
    path = os.path.join(folder, "crates/relay-engine/src", mutant["file"])
    with open(path, encoding="utf-8") as file:
        text = file.read()
    count = text.count(mutant["fix"])
    if count != 1:
        return None, f"its text is {count} times in {mutant['file']}, and should be there once"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(mutant["fix"], mutant["mutant"]))
    return (path, text), None


def found(folder, seeds, target):
    """The seed of the first world that goes wrong and what it says; `None`: all went well."""
    env = dict(os.environ, RELAY_SIMULATION_SEEDS=str(seeds), CARGO_TARGET_DIR=target, RUST_BACKTRACE="0")
    # A mutant may leave something unused.
    env["RUSTFLAGS"] = env.get("RUSTFLAGS", "") + " -Awarnings"
    for name in ("RELAY_SIMULATION_SEED", "RELAY_SIMULATION_FIRST", "RELAY_SIMULATION_FAILURES"):
        env.pop(name, None)
    ran = subprocess.run(TEST, cwd=folder, env=env, capture_output=True, text=True, timeout=SECONDS_MAX)
    told = re.search(r"the world of seed (\d+) goes wrong:\n  (.*)", ran.stdout + ran.stderr)
    if told:
        return int(told.group(1)), told.group(2)
    if ran.returncode != 0:
        sys.exit(f"neither found nor passed:\n{ran.stdout[-3000:]}{ran.stderr[-3000:]}")
    return None


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--only", help="the mutants whose name has this")
    p.add_argument("--seeds", type=int, default=20000, help="worlds for each")
    p.add_argument("--target", help="where cargo builds")
    a = p.parse_args()
    chosen = [mutant for mutant in MUTANTS if not a.only or a.only in mutant["name"]]
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="relay-mutations-") as folder:
        tree = os.path.join(folder, "tree")
        copy_tree(tree)
        target = os.path.abspath(a.target) if a.target else os.path.join(folder, "target")
        for mutant in chosen:
            undo, problem = applied(mutant, tree)
            if problem:
                wrong += 1
                print(f"{mutant['name']}: {problem}", flush=True)
                continue
            begun = time.monotonic()
            seen = found(tree, a.seeds, target)
            with open(undo[0], "w", encoding="utf-8") as file:
                file.write(undo[1])
            if seen is None:
                wrong += 1
                print(f"{mutant['name']}: not found in {a.seeds} worlds", flush=True)
            else:
                seconds = time.monotonic() - begun
                print(f"{mutant['name']}: found after {seen[0] + 1} worlds ({seconds:.0f} s): {seen[1]}", flush=True)
    print(f"{len(chosen)} mutants, {wrong} not as they should be")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
