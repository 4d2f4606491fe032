"""Modules of a crate and the imports between them, from source text."""

import re

from source import Source, end_of_block

MODULE = re.compile(r"\bmod\s+(?P<name>\w+)\s*(?P<end>[;{])")
PATH_ATTRIBUTE = re.compile(r'#\[path\s*=\s*"([^"]+)"\]\s*(?:pub(?:\([^)]*\))?\s+)?$')
USE = re.compile(r"(?P<public>\bpub(?:\([^)]*\))?\s+)?\buse\s+(?P<tree>[^;]+);")
INLINE = re.compile(r"(?<![\w:])(?P<path>\w+(?:\s*::\s*\w+)+)")
ITEM = re.compile(r"\b(?:fn|struct|enum|trait|union|type|const|static|macro_rules!)\s+(\w+)")


class Import:
    """A path that a module names, and its line."""

    def __init__(self, path, name, line, public):
        self.path, self.name, self.line, self.public = path, name, line, public


class Module:
    """A module with its children; one written in braces belongs to the file around it."""

    def __init__(self, name, parent, source, home=None):
        self.name, self.parent, self.source = name, parent, source
        self.home = home or self
        self.children, self.imports, self.items = {}, [], set()

    def root(self):
        module = self
        while module.parent:
            module = module.parent
        return module

    def chain(self):
        """The file modules from the root to this one."""
        above = self.parent.chain() if self.parent else []
        return above if self.home is not self else [*above, self]

    def title(self):
        """The module's path, without the crate."""
        names = [module.name for module in self.chain()[1:]]
        return "::".join(names) or self.root().name

    def named(self, name):
        """The import that brings a name into this module."""
        return next((use for use in self.imports if use.name == name), None)


def leaves(tree):
    """Paths and names of a `use` tree: `a::{b as c, d::*}` is `a::b` as `c` and `a::d::*`."""
    tree = tree.strip()
    head, brace, rest = tree.partition("{")
    prefix = [part.strip() for part in head.split("::") if part.strip()]
    if not brace:
        last, _, alias = (prefix.pop() if prefix else "").partition(" as ")
        path = [*prefix, last.strip()]
        if path[-1] == "self" and prefix:
            path.pop()
        return [(path, alias.strip() or path[-1])] if path[-1] else []
    found = []
    for part in split_at_commas(rest[: rest.rindex("}")]):
        for path, name in leaves(part):
            if path == ["self"]:
                path, name = [], name if name != "self" else prefix[-1]
            found.append((prefix + path, name))
    return found


def split_at_commas(text):
    """Parts between the commas outside braces."""
    parts, depth, part = [], 0, ""
    for character in text:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += character
    return [part for part in [*parts, part] if part.strip()]


def load(workspace, path, name, parent=None):
    """Reads the module in a file and all below it."""
    source = Source(path, (workspace / path).read_text())
    module = Module(name, parent, source)
    is_root = parent is None or path.stem == "mod"
    directory = path.parent if is_root else path.parent / path.stem
    read_body(workspace, module, (0, len(source.code)), directory)
    return module


def read_body(workspace, module, span, directory):
    """Reads what a module declares and imports between two positions of its file."""
    source = module.source
    code = list(source.code[: span[1]])
    for match in MODULE.finditer(source.code, *span):
        if code[match.start()] == " ":
            continue
        name = match.group("name")
        if match.group("end") == "{":
            end = end_of_block(source.code, match.end() - 1)
            child = Module(name, module, source, module.home)
            read_body(workspace, child, (match.end(), end), directory / name)
            code[match.start() : end + 1] = " " * (end + 1 - match.start())
        else:
            child = load_child(workspace, module, match, directory)
        if child:
            module.children.setdefault(name, child)
    body = "".join(code)[span[0] :]
    read_imports(module, body, span[0])
    module.items = set(ITEM.findall(body))


def load_child(workspace, module, match, directory):
    """Reads the file of a declaration `mod name;`."""
    source, name = module.source, match.group("name")
    attribute = PATH_ATTRIBUTE.search(source.text[: match.start()])
    if attribute:
        candidates = [source.path.parent / attribute.group(1)]
    else:
        candidates = [directory / f"{name}.rs", directory / name / "mod.rs"]
    path = next((path for path in candidates if (workspace / path).is_file()), None)
    return path and load(workspace, path, name, module)


def read_imports(module, body, offset):
    """Collects `use` declarations, and paths written where they are used."""
    source = module.source
    for match in USE.finditer(body):
        line = source.line(offset + match.start("tree"))
        for path, name in leaves(match.group("tree")):
            module.imports.append(Import(path, name, line, bool(match.group("public"))))
    rest = USE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), body)
    for match in INLINE.finditer(rest):
        path = re.split(r"\s*::\s*", match.group("path"))
        line = source.line(offset + match.start())
        if path[0] in ("crate", "self", "super") or path[0] in module.children:
            module.imports.append(Import(path, None, line, False))


class Crate:
    """The library and the programs of a package."""

    def __init__(self, workspace, directory, package):
        self.package = package
        self.library = package.replace("-", "_")
        self.roots = [
            load(workspace, path, name) for path, name in roots(workspace, directory)
        ]

    def lib(self):
        return next((root for root in self.roots if root.name == "lib"), None)

    def modules(self):
        """All modules, those in braces included."""
        pending = list(self.roots)
        while pending:
            module = pending.pop()
            yield module
            pending += module.children.values()

    def edges(self):
        """Imports from file to file: (from, to, line). A re-export is a face, not a use."""
        for module in self.modules():
            for use in module.imports:
                if use.public and use.name:
                    continue
                target = self.resolve(module, use.path)
                if target and target.home is not module.home:
                    yield module.home, target.home, use.line

    def resolve(self, module, path, seen=()):
        """The module that defines what a path names; `None` outside the package."""
        if (module, tuple(path)) in seen:
            return None
        seen = (*seen, (module, tuple(path)))
        first, *rest = path
        if first == "crate":
            return self.walk(module.root(), rest, seen)
        if first == "self":
            return self.walk(module, rest, seen)
        if first == "super":
            return module.parent and self.walk(module.parent, rest, seen)
        if first in module.children:
            return self.walk(module, path, seen)
        if first == self.library and self.lib():
            return self.walk(self.lib(), rest, seen)
        use = module.named(first)
        if use and use.path[0] != first:
            return self.resolve(module, use.path + rest, seen)
        return None

    def walk(self, module, names, seen):
        """Follows names down from a module, through its imports."""
        if not names or names[0] == "*":
            return module
        name, *rest = names
        if name == "super":
            return module.parent and self.walk(module.parent, rest, seen)
        if name in module.children:
            return self.walk(module.children[name], rest, seen)
        if name in module.items:
            return module
        use = module.named(name)
        if use:
            return self.resolve(module, use.path + rest, seen)
        for glob in module.imports:
            if glob.name == "*":
                inside = self.resolve(module, glob.path[:-1], seen)
                if inside and (name in inside.items or name in inside.children):
                    return self.walk(inside, names, seen)
        return module


def roots(workspace, directory):
    """Root files of a package and their names: `lib`, `main`, `bin/NAME`."""
    source = directory / "src"
    for name in ("lib", "main"):
        if (workspace / source / f"{name}.rs").is_file():
            yield source / f"{name}.rs", name
    for path in sorted((workspace / source / "bin").glob("*")):
        if path.suffix == ".rs":
            yield source / "bin" / path.name, f"bin/{path.stem}"
        elif (path / "main.rs").is_file():
            yield source / "bin" / path.name / "main.rs", f"bin/{path.name}"
