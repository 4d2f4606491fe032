//! Views of guests on many hosts: `where`, `evacuate` and `diff`.

mod bad_input;
mod diff;
mod evacuate;
mod program;
mod where_view;
