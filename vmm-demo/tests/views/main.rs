//! Views of guests on other hosts: `where`, `evacuate`, `diff` and `migrate --plan`.

mod bad_input;
mod diff;
mod evacuate;
mod migration_plan;
#[path = "../program/mod.rs"]
mod program;
mod where_view;
