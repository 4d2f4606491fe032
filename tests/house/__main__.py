"""Measures the house: circles, floors, type names, first lines of docs and long lines."""

import argparse
import signal
import sys
from pathlib import Path

sys.dont_write_bytecode = True

import tomllib  # noqa: E402

import words  # noqa: E402
from graph import Floors, circles, climbs, package_climbs  # noqa: E402
from modules import Crate  # noqa: E402
from source import Source, tracked  # noqa: E402

HERE = Path(__file__).resolve().parent

# Goals: less than these shares.
TYPE_SHARE = 0.05
QUESTION_SHARE = 0.02

HELP = """\
Reads the source of the workspace as text and prints, for each crate and in total:

  circles    modules of one parent that need each other; the goal is none
  floors     imports from a module to one on a higher floor, and modules on no floor,
             by the table `crates.floors` here; the goal is none
  types      names of types that several files of a crate define; the goal is under 5 %
  docs       doc comments that begin with What, Whether, Where, ...; the goal is under 2 %
  lines      lines over 100 columns, but for tables of data; the goal is none

and as information files over 400 lines and functions over 80.
Exits with 1 if a goal is missed, and names each miss.
"""


class Workspace:
    """The tracked files of a workspace, and its packages by directory."""

    def __init__(self, root):
        self.root = root
        self.paths = tracked(root)
        members = tomllib.loads((root / "Cargo.toml").read_text())["workspace"]["members"]
        self.manifests = {
            member: tomllib.loads((root / member / "Cargo.toml").read_text())
            for member in members
        }

    def package(self, member):
        return self.manifests[member]["package"]["name"]

    def text(self, path):
        return (self.root / path).read_bytes().decode(errors="replace")

    def files(self, directory):
        """Rust files below a directory."""
        below = Path(directory).parts
        return [
            path
            for path in self.paths
            if path.suffix == ".rs" and path.parts[: len(below)] == below
        ]

    def dependencies(self):
        """Packages of the workspace that each one depends on, and those only for its tests."""
        own = {self.package(member) for member in self.manifests}
        return {
            manifest["package"]["name"]: (
                own & names(manifest, "dependencies", "build-dependencies"),
                own & names(manifest, "dev-dependencies"),
            )
            for manifest in self.manifests.values()
        }


def names(manifest, *tables):
    """Packages named in the tables of a manifest, those for one target included."""
    places = [manifest, *manifest.get("target", {}).values()]
    return {name for place in places for table in tables for name in place.get(table, {})}


class Report:
    """Prints findings, and keeps which goals are missed."""

    def __init__(self, quiet):
        self.quiet = quiet
        self.missed = []

    def section(self, title):
        print(f"\n{title}")

    def line(self, text):
        print(f"  {text}")

    def details(self, lines):
        if not self.quiet:
            for line in lines:
                print(f"    {line}")

    def goal(self, title, found, goal, met):
        print(f"  total: {found} (goal: {goal})")
        if not met:
            self.missed.append(f"{title}: {found}, goal: {goal}")


def report_circles(report, crates):
    report.section("module circles")
    total = 0
    for crate in crates:
        found = list(circles(crate))
        total += len(found)
        report.line(f"{crate.package}: {len(found)}")
        for circle in found:
            members = sorted(module.name for module in circle.members)
            report.details([f"in {circle.parent.title()}: {', '.join(members)}"])
            report.details(
                sorted(
                    f"  {start.source.path}:{line} -> {end.source.path}"
                    for start, end, line in circle.imports
                )
            )
    report.goal("module circles", total, "0", total == 0)


def report_floors(report, crates, dependencies, floors):
    report.section("imports that run up the floors")
    total = 0
    for crate in crates:
        found = list(climbs(crate, floors))
        total += len(found)
        if crate.package in floors.crates:
            report.line(f"{crate.package}: {len(found)}")
        report.details(found)
    found = list(package_climbs(dependencies, floors))
    total += len(found)
    report.line(f"between packages: {len(found)}")
    report.details(found)
    for package, (_, tests) in sorted(dependencies.items()):
        if tests:
            report.details([f"for its tests alone, {package} uses {', '.join(sorted(tests))}"])
    report.goal("imports that run up", total, "0", total == 0)


def report_types(report, workspace):
    report.section("type names defined in several files of a crate")
    total, shared = 0, 0
    for member in workspace.manifests:
        sources = [
            Source(path, workspace.text(path)) for path in workspace.files(f"{member}/src")
        ]
        count, several = words.shared_names(sources)
        total, shared = total + count, shared + len(several)
        report.line(f"{workspace.package(member)}: {len(several)} of {count}")
        report.details(f"{name}: {', '.join(paths)}" for name, paths in several.items())
    met = shared < TYPE_SHARE * total
    report.goal("shared type names", share(shared, total), f"under {TYPE_SHARE:.0%}", met)


def report_docs(report, workspace):
    report.section("doc comments that begin with a question word")
    total, asking = 0, 0
    for member in workspace.manifests:
        blocks, lines = 0, []
        for path in workspace.files(member):
            count, found = words.questions(workspace.text(path))
            blocks += count
            lines += [f"{path}:{number}: {line}" for number, line in found]
        total, asking = total + blocks, asking + len(lines)
        report.line(f"{workspace.package(member)}: {len(lines)} of {blocks}")
        report.details(lines)
    met = asking < QUESTION_SHARE * total
    report.goal("question words", share(asking, total), f"under {QUESTION_SHARE:.0%}", met)


def report_lines(report, workspace):
    report.section(f"lines over {words.WIDTH} columns")
    by_place = {}
    for path in workspace.paths:
        place = path.parts[0] if path.parts[0] in workspace.manifests else "the root"
        for number, length, block in words.long_lines(path, workspace.text(path)):
            note = ", in a block" if block else ""
            line = f"{path}:{number}: {length} columns{note}"
            by_place.setdefault(place, []).append(line)
    for place, lines in sorted(by_place.items()):
        report.line(f"{place}: {len(lines)}")
        report.details(lines)
    total = sum(map(len, by_place.values()))
    report.goal("long lines", total, "0", total == 0)


def report_sizes(report, workspace):
    report.section(f"files over {words.FILE_LINES} lines, functions over {words.FUNCTION_LINES}")
    for member in workspace.manifests:
        for path in workspace.files(f"{member}/src"):
            source = Source(path, workspace.text(path))
            lines = source.text.count("\n")
            if lines > words.FILE_LINES:
                report.line(f"{path}: {lines} lines")
            for number, name, length in words.long_functions(source):
                report.line(f"{path}:{number}: `{name}` has {length} lines")


def share(part, whole):
    return f"{part} of {whole}, {part / max(whole, 1):.1%}"


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    parser = argparse.ArgumentParser(
        prog="house", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quiet", action="store_true", help="print numbers without places")
    parser.add_argument(
        "workspace", nargs="?", type=Path, default=HERE.parents[1], help="default: this one"
    )
    arguments = parser.parse_args()
    workspace = Workspace(arguments.workspace.resolve())
    crates = [
        Crate(workspace.root, Path(member), workspace.package(member))
        for member in workspace.manifests
    ]
    floors = Floors((HERE / "crates.floors").read_text())
    report = Report(arguments.quiet)
    report_circles(report, crates)
    report_floors(report, crates, workspace.dependencies(), floors)
    report_types(report, workspace)
    report_docs(report, workspace)
    report_lines(report, workspace)
    report_sizes(report, workspace)
    print()
    for miss in report.missed:
        print(f"missed: {miss}")
    print("every goal is met" if not report.missed else f"{len(report.missed)} goals are missed")
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
