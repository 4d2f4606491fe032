"""Circles between modules, and imports that run up the floors."""

from collections import defaultdict


class Circle:
    """Modules of one parent that need each other, and the imports that tie them."""

    def __init__(self, parent, members, imports):
        self.parent, self.members, self.imports = parent, members, imports


def pair(start, end):
    """The nearest common parent of two modules and the children of it that the import joins.

    `None` for an import between a module and one below it, which are one room together.
    """
    above, below = start.chain(), end.chain()
    depth = 0
    while depth < min(len(above), len(below)) and above[depth] is below[depth]:
        depth += 1
    if depth == 0 or depth == min(len(above), len(below)):
        return None
    return above[depth - 1], above[depth], below[depth]


def circles(crate):
    """All circles of a crate, by parent."""
    joined = defaultdict(lambda: defaultdict(set))
    for start, end, line in crate.edges():
        found = pair(start, end)
        if found:
            parent, left, right = found
            joined[parent][left, right].add((start, end, line))
    for parent, imports in joined.items():
        for members in components(imports):
            inside = [
                use
                for (left, right), uses in imports.items()
                if left in members and right in members
                for use in uses
            ]
            yield Circle(parent, members, inside)


def components(arrows):
    """Strongly connected sets of more than one node."""
    following = defaultdict(set)
    for left, right in arrows:
        following[left].add(right)
    reached = {start: reach(following, start) for start in following}
    left = set(following)
    while left:
        start = left.pop()
        members = {start} | {
            other for other in reached[start] if start in reached.get(other, ())
        }
        left -= members
        if len(members) > 1:
            yield members


def reach(following, start):
    """Every node that can be reached from `start`."""
    found, pending = set(), [start]
    while pending:
        for other in following.get(pending.pop(), set()) - found:
            found.add(other)
            pending.append(other)
    return found


class Floors:
    """The table of floors: for each crate its rooms from the bottom to the top."""

    def __init__(self, text):
        self.crates, self.packages = {}, {}
        section = None
        for line in text.splitlines():
            line = line.partition("#")[0].strip()
            if line.startswith("["):
                section = line.strip("[]")
                if section != "packages":
                    self.crates[section] = []
            elif line and section == "packages":
                package, _, uses = line.partition(":")
                self.packages[package.strip()] = set(uses.split())
            elif line:
                rooms = [room.split() for room in line.split("|")]
                self.crates[section].append(rooms)

    def place(self, package, room):
        """Floor and part of the floor on which a room is."""
        for number, floor in enumerate(self.crates[package]):
            for part, rooms in enumerate(floor):
                if room in rooms:
                    return number, part
        return None


def room(module):
    """The top-level module in which a module is; the programs share one."""
    chain = module.chain()
    if len(chain) > 1 and chain[0].name in ("lib", "main"):
        return chain[1].name
    return "bin" if chain[0].name.startswith("bin/") else chain[0].name


def climbs(crate, floors):
    """Imports from a room to one above it or beside it, and rooms that no floor has."""
    package = crate.package
    if package not in floors.crates:
        return
    unknown = {room(module) for module in crate.modules()}
    for name in sorted(unknown):
        if floors.place(package, name) is None:
            yield f"{package}: `{name}` is not on any floor"
    for start, end, line in sorted(set(crate.edges()), key=by_place):
        places = floors.place(package, room(start)), floors.place(package, room(end))
        if None in places or room(start) == room(end):
            continue
        (low, part), (high, other) = places
        if high > low or (high == low and part != other):
            how = "beside" if high == low else "above"
            yield (
                f"{start.source.path}:{line}: {start.title()} uses {end.title()}, "
                f"which is {how} it"
            )


def by_place(edge):
    start, end, line = edge
    return str(start.source.path), line, end.title()


def package_climbs(manifests, floors):
    """Dependencies between packages of the workspace that the table does not allow."""
    for package, (uses, _) in sorted(manifests.items()):
        allowed = floors.packages.get(package)
        if allowed is None:
            yield f"{package} is not on any floor"
        for use in sorted(uses - (allowed or set())) if allowed is not None else ():
            yield f"{package} must not depend on {use}"
