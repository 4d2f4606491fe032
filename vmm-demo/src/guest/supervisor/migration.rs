//! Migration of the guest, on a thread of its own: it calls the main thread for everything but the
//! contents of the memory.

pub(crate) mod arriving;
pub(crate) mod incoming;
pub(crate) mod outgoing;
pub(crate) mod running;
mod written_pages;
