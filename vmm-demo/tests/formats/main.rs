//! Formats of other tools: `export` and `import`.

mod export;
mod import;
mod program;
