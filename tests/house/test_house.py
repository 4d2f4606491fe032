"""Tests of the measure: `python3 -B -m unittest discover tests/house`."""

import tempfile
import unittest
from pathlib import Path

import words
from graph import Floors, circles, climbs, package_climbs
from modules import Crate, leaves
from source import Source, without_literals, without_tests


def crate(files):
    """A package of these files below `src/`."""
    with tempfile.TemporaryDirectory() as directory:
        for name, text in files.items():
            path = Path(directory) / "src" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return Crate(Path(directory), Path(), "some-crate")


def arrows(files):
    return sorted({(a.title(), b.title()) for a, b, _ in crate(files).edges()})


class SourceText(unittest.TestCase):
    def test_literals_and_comments_become_blank(self):
        text = 'a("}//", \'"\', r#"{"#); // use\nfn f<\'a>() {} /* /* { */ */ b'
        self.assertEqual(
            without_literals(text).split(),
            ["a(", ",", ",", ");", "fn", "f<'a>()", "{}", "b"],
        )
        self.assertEqual(len(without_literals(text)), len(text))

    def test_items_for_tests_are_left_out(self):
        code = "use a;\n#[cfg(test)]\nmod tests { use b; }\n#[cfg(test)] use c;\nuse d;"
        self.assertEqual(without_tests(code).split(), ["use", "a;", "use", "d;"])
        kept = "#[cfg(any(test, unix))]\nmod a;"
        self.assertEqual(without_tests(kept), kept)


class Imports(unittest.TestCase):
    def test_trees_become_paths(self):
        self.assertEqual(
            leaves("a::{self, b as c, d::{e, f::*}}"),
            [
                (["a"], "a"),
                (["a", "b"], "c"),
                (["a", "d", "e"], "e"),
                (["a", "d", "f", "*"], "*"),
            ],
        )

    def test_re_exports_lead_to_the_file_that_defines(self):
        files = {
            "lib.rs": "mod a; mod b; pub use a::inner::Thing;",
            "a.rs": "pub mod inner;",
            "a/inner.rs": "pub struct Thing;",
            "b.rs": "use crate::Thing; use crate::a::inner; fn f() { inner::g() }",
        }
        self.assertEqual(arrows(files), [("b", "a::inner")])

    def test_paths_in_code_count_and_foreign_ones_do_not(self):
        files = {
            "lib.rs": "mod a; mod b;",
            "a.rs": "fn f() { super::b::g(); std::fs::read(1); }",
            "b.rs": "pub fn g() { mod inner { use proptest::proptest; } }",
        }
        self.assertEqual(arrows(files), [("a", "b")])

    def test_programs_use_the_library_by_its_name(self):
        files = {
            "lib.rs": "pub mod a;",
            "a.rs": "pub fn f() {}",
            "bin/tool.rs": "use some_crate::a::f;",
        }
        self.assertEqual(arrows(files), [("bin/tool", "a")])


class Graph(unittest.TestCase):
    FILES = {
        "lib.rs": "mod a; mod b; mod c;",
        "a.rs": "mod x; fn f() { x::g() }",
        "a/x.rs": "use crate::b::B; use super::f;",
        "b.rs": "use crate::c::C; pub struct B;",
        "c.rs": "use crate::a; pub struct C;",
    }

    def test_a_circle_through_children_is_found_once(self):
        (found,) = circles(crate(self.FILES))
        self.assertEqual({module.name for module in found.members}, {"a", "b", "c"})
        self.assertEqual(len(found.imports), 3)

    def test_climbs_and_unknown_rooms_are_found(self):
        floors = Floors("[some-crate]\na | b\nc\n")
        self.assertEqual(
            list(climbs(crate(self.FILES), floors)),
            [
                "some-crate: `lib` is not on any floor",
                "src/a/x.rs:1: a::x uses b, which is beside it",
                "src/b.rs:1: b uses c, which is above it",
            ],
        )

    def test_packages_have_floors_too(self):
        floors = Floors("[packages]\na:\nb: a\n")
        manifests = {"a": ({"b"}, set()), "b": ({"a"}, set()), "c": (set(), set())}
        self.assertEqual(
            list(package_climbs(manifests, floors)),
            ["a must not depend on b", "c is not on any floor"],
        )


class Words(unittest.TestCase):
    def test_associated_types_are_no_types(self):
        text = "type A = u8; impl T for A { type B = u8; } trait T { type C; } enum D {}"
        self.assertEqual(list(words.type_names(Source(Path(), text))), ["A", "T", "D"])

    def test_names_of_several_files_are_shared(self):
        sources = [Source(Path(name), f"struct {name}; struct Both;") for name in "xy"]
        self.assertEqual(words.shared_names(sources), (3, {"Both": ["x", "y"]}))

    def test_only_the_first_line_of_a_doc_comment_is_asked(self):
        text = "//! Reads.\n//! What it reads.\nmod a;\n/// Whether it is.\n/// Yes.\nfn a();"
        self.assertEqual(words.questions(text), (2, [(4, "Whether it is.")]))

    def test_tables_and_data_may_have_long_lines(self):
        long = "x" * 101
        for name, text, found in [
            ("a.rs", long, [(1, 101, False)]),
            ("a.expected.rs", long, []),
            ("a.json", long, []),
            ("a.md", f"| {long} |", []),
            ("a.rs", f"    /// | {long} |", []),
            ("a.md", f"```\n{long}\n```\n", [(2, 101, True)]),
            ("a.sysreg", f"{long}\n# {long}", [(2, 103, False)]),
            ("run", f"#!/bin/sh\n{long}", [(2, 101, False)]),
        ]:
            self.assertEqual(list(words.long_lines(Path(name), text)), found, name)


if __name__ == "__main__":
    unittest.main()
