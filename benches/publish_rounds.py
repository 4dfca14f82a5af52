#!/usr/bin/env python3
"""Times `relay publish` of 1,000 packages, one binary after the other in each round, and counts what the registry was asked.

    benches/publish_rounds.py [--rounds N] [--latency MS] [--journal] --repo DIR BINARY [BINARY ..]

DIR is a repository that the monorepo generator made (`--packages 1000 --commits 2000 --manager pnpm --changesets 0`); each run has
a copy of it. The registry is `slow-registry.mjs`, on loopback. Scripts, tags and pushes are off, so that the uploads are what is
timed. With --journal the last binary runs once more under strace; then the writes and syncs that it made of its journal are done
once more by themselves, and their time is held against the median of its runs.
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request

BENCHES = os.path.dirname(os.path.abspath(__file__))


def ask(port, path, method="GET"):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or b"{}")


def publish(binary, source, port, trace=None):
    """Seconds, what the registry counted."""
    ask(port, "/-/bench/reset", "POST")
    with tempfile.TemporaryDirectory() as folder:
        repo, home = f"{folder}/repo", f"{folder}/home"
        shutil.copytree(source, repo, symlinks=True)
        os.makedirs(home)
        with open(f"{home}/.npmrc", "w", encoding="utf-8") as npmrc:
            npmrc.write(f"//127.0.0.1:{port}/:_authToken=anything\n")
        env = {"PATH": os.environ["PATH"], "HOME": home, "XDG_STATE_HOME": f"{home}/state"}
        argv = [binary, "publish", "--yes", "--no-push", "--no-git-tag", "--ignore-scripts", "--registry", f"http://127.0.0.1:{port}/"]
        if trace:
            argv = ["strace", "-f", "-qq", "-T", "-y", "-e", "trace=write,writev,pwrite64,fsync,fdatasync", "-o", trace, *argv]
        begun = time.monotonic()
        done = subprocess.run(argv, cwd=repo, env=env, capture_output=True, text=True, check=False, timeout=600)
        took = time.monotonic() - begun
        if done.returncode != 0:
            raise SystemExit(f"{binary} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        return took, ask(port, "/-/bench/stats")


def again(trace, folder):
    """Does what a trace shows of the journal to a file on the same disk: seconds, writes, syncs."""
    with open(trace, encoding="utf-8", errors="replace") as lines:
        calls = [line for line in lines if "/relay/journal" in line]
    sizes = [int(found[1]) if (found := re.search(r"write.* = ([0-9]+) <", line)) else None for line in calls]
    content = b"x" * max(size or 0 for size in sizes)
    file = os.open(f"{folder}/journal", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    begun = time.monotonic()
    for size in sizes:
        os.fdatasync(file) if size is None else os.write(file, content[:size])
    took = time.monotonic() - begun
    os.close(file)
    return took, sum(size is not None for size in sizes), sizes.count(None)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--latency", type=int, default=50)
    p.add_argument("--journal", action="store_true")
    p.add_argument("--repo", required=True)
    p.add_argument("binaries", nargs="+")
    args = p.parse_args()
    node = shutil.which("node")
    registry = subprocess.Popen([node, f"{BENCHES}/slow-registry.mjs", str(args.latency)],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        port = int(registry.stdout.readline().split()[1])
        times = {binary: [] for binary in args.binaries}
        for number in range(args.rounds + 1):
            for binary in args.binaries:
                took, stats = publish(binary, args.repo, port)
                counted = {key: stats[key] for key in ("connections", "requests", "inFlightMax", "byMethod") if key in stats}
                print(f"{'warm-up' if number == 0 else f'round {number}'}  {os.path.basename(binary):16} {took:6.2f} s  {counted}", flush=True)
                if number:
                    times[binary].append(took)
        first = times[args.binaries[0]]
        for binary, took in times.items() if first else ():
            ratios = [mine / other for mine, other in zip(took, first)]
            print(f"{os.path.basename(binary):16} median {statistics.median(took):.2f} s, ÷ the first {statistics.median(ratios):.2f} "
                  f"({min(ratios):.2f}–{max(ratios):.2f})")
        if args.journal:
            with tempfile.TemporaryDirectory() as folder:
                took, _ = publish(args.binaries[-1], args.repo, port, f"{folder}/trace")
                cost, writes, syncs = again(f"{folder}/trace", folder)
            print(f"journal: {writes} writes and {syncs} syncs; the same once more, untraced: {cost * 1000:.1f} ms, "
                  f"{100 * cost / statistics.median(times[args.binaries[-1]] or [took]):.2f} % of the time above")
    finally:
        registry.stdin.close()
        registry.wait(timeout=30)


if __name__ == "__main__":
    main()
