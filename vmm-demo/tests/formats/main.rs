//! Formats of other tools: `export` and `import`.

mod export;
mod import;
#[path = "../program/mod.rs"]
mod program;
