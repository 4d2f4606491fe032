//! Live migration and local upgrade of a guest.
//!
//! | from | message | content |
//! |---|---|---|
//! | source | HELLO | versions on offer, identity of the attempt, way of the memory, lease |
//! | destination | HELLO or REFUSE | the version of both from here on |
//! | source | VIEW | what the guest sees |
//! | destination | ACCEPT or REFUSE | every reason, with what would have worked |
//! | source | MEMORY | RAM slots; in a local upgrade with the descriptor of the memory |
//! | destination | ALLOCATED | |
//! | source | PAGES, ZEROS, ROUND-END | rounds of memory; none in a local upgrade |
//! | destination | ROUND-DONE | the round is in the memory |
//! | source | one or two last rounds, then STATE | the guest is paused |
//! | destination | READY | the state is loaded and was read back |
//! | source | HANDOVER | its last act |
//! | destination | RUNNING | |
//! | source | END | it has discarded its guest, and will ask nothing |
//!
//! Memory can come on further connections ([`streams`]): each begins with STREAM after ALLOCATED,
//! and the source announces rounds with ROUND-BEGIN. A source that has nothing to send says
//! KEEP-ALIVE.
//!
//! Either side ends a migration with ERROR before HANDOVER. Its sender keeps the guest if it is the
//! source, and has discarded it if it is the destination.
//!
//! The steps of the source ([`source::migrate`]), and the end if one fails:
//!
//! | step | does | next | after a failure |
//! |---|---|---|---|
//! | hello | offers the lease, sends HELLO | view | continues |
//! | view | reads and sends the view | memory | continues |
//! | memory | announces or passes the memory | rounds, or state in a local upgrade | continues |
//! | rounds | sends what is dirty, until the rest fits the downtime | state | continues |
//! | state | pauses, sends what is dirty while the state is read, and the state | ready | resumes |
//! | ready | waits for READY | handover | resumes |
//! | handover | records it with the lease, sends HANDOVER, waits for RUNNING | ends | see below |
//!
//! The steps of the destination ([`destination::receive`]):
//!
//! | step | does | next | after a failure |
//! |---|---|---|---|
//! | hello, view | checks the offer, judges the view | memory | discarded |
//! | memory | allocates or maps the memory | rounds, or ready in a local upgrade | discarded |
//! | rounds | writes pages until STATE comes | ready | discarded |
//! | ready | loads the state and reads it back | handover | discarded |
//! | handover | sends READY, waits for HANDOVER, claims the lease | runs | see below |
//!
//! After a lost link in the step handover:
//!
//! | side | without a lease | with a lease |
//! |---|---|---|
//! | source | in doubt | resumes if it revokes the lease, else completed |
//! | destination, READY sent | in doubt | runs if HANDOVER is recorded and it claims the lease |
//! | destination, HANDOVER received | runs | runs if it claims the lease |
//!
//! A destination that runs the guest and has heard END frees its address for the next guest. One
//! that has not heard it listens on, since the source may be in doubt and ask.
//!
//! An error of the lease's storage leaves the side in doubt. A guest in doubt is paused; the user
//! decides ([`doubt`]), after a question to the other side if it can be reached ([`inquiry`]).

mod arrival;
mod arriving_streams;
mod buffers;
pub mod channel;
pub mod control;
pub mod convergence;
pub mod destination;
mod dirty_bitmap;
pub mod doubt;
pub mod end;
pub mod endpoint;
pub mod failure;
pub mod guest;
pub mod hello;
pub mod inquiry;
pub mod judgement;
pub mod lease;
pub mod lease_file;
pub mod memory_map;
pub mod message;
pub mod objection;
pub mod pages;
pub mod payload;
pub mod progress;
mod rounds;
pub mod source;
pub mod streams;
pub mod tls;
pub mod token;
pub mod transport;

use std::time::Duration;

/// The name and version that a side tells the other.
const PROGRAM: &str = concat!("vmm-demo ", env!("CARGO_PKG_VERSION"));

/// The timeouts of a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MigrationTimeouts {
    /// The time in which the other side must take or send something while memory is sent.
    pub link: Duration,
    /// The time for an answer that needs work, such as loading the state.
    pub answer: Duration,
}

/// Ten and thirty seconds.
impl Default for MigrationTimeouts {
    fn default() -> Self {
        Self {
            link: Duration::from_secs(10),
            answer: Duration::from_secs(30),
        }
    }
}
