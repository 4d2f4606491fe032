//! JSON as QEMU's machine protocol has it (QEMU 10.0, `docs/interop/qmp-spec.rst`): strings may
//! have single quotes, a stray byte is an error after which the next text is read, and output is
//! ASCII.

pub(super) mod frame;
mod lexer;
pub(super) mod number;
pub(super) mod parser;
pub(super) mod unicode;
pub(super) mod writer;
