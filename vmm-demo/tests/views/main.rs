//! Views of guests on many hosts: `where`, `evacuate` and `diff`.

mod bad_input;
mod diff;
mod evacuate;
#[path = "../program/mod.rs"]
mod program;
mod where_view;
