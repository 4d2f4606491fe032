//! Local upgrades: the memory is passed, not copied.

use crate::machine::SLOTS;
use crate::migrations::Pair;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use vmm_demo::migration::end::{DestinationEnd, SourceEnd};
use vmm_demo::migration::failure::MigrationFailure;
use vmm_demo::migration::hello::MemoryMode;
use vmm_demo::migration::objection::Objection;
use vmm_demo::migration::transport::{TcpTransport, UnixTransport};

fn sockets() -> (UnixTransport, UnixTransport) {
    let (first, second) = UnixStream::pair().expect("sockets");
    let transport = |stream| UnixTransport::new(stream).expect("a transport");
    (transport(first), transport(second))
}

#[test]
fn local_upgrade_passes_the_memory_and_copies_nothing() {
    let mut pair = Pair::new(MemoryMode::Shared);
    let (source, destination) = pair.migrate(sockets());
    assert!(matches!(source, SourceEnd::Completed), "{source:?}");
    assert!(
        matches!(destination, DestinationEnd::Runs),
        "{destination:?}"
    );
    assert_eq!(pair.world.running(), ["destination"]);
    assert_eq!(pair.world.most(), 1);
    let progress = pair.control.progress();
    assert_eq!(progress.ram.transferred, 0);
    assert_eq!(
        progress.ram.total,
        SLOTS.iter().map(|slot| slot.size).sum::<u64>()
    );
    assert!(
        progress
            .downtime
            .is_some_and(|downtime| !downtime.is_zero())
    );

    // It is the same memory, not a copy.
    let memory = pair.source.memory.as_mut().expect("the source's memory");
    memory.write_all(b"shared").expect("memory");
    assert_eq!(pair.destination.contents()[..6], *b"shared");
}

#[test]
fn refusal_has_every_reason_and_what_would_have_worked() {
    let mut pair = Pair::new(MemoryMode::Shared);
    pair.destination.objections = vec![
        Objection::new("ID_AA64ISAR0_EL1.DP is 0x1, allowed: 0x0")
            .but("host,SYSREG_ID_AA64ISAR0_EL1_DP=0x0"),
        Objection::new("the timer runs at another\nfrequency"),
    ];
    let (source, destination) = pair.migrate(sockets());
    assert!(matches!(
        destination,
        DestinationEnd::Discarded(MigrationFailure::Refuses { .. })
    ));
    let SourceEnd::Continues(failure) = source else {
        panic!("{source:?}");
    };
    assert_eq!(
        failure.to_string(),
        "the destination refuses the guest: ID_AA64ISAR0_EL1.DP is 0x1, allowed: 0x0; possible: \
         host,SYSREG_ID_AA64ISAR0_EL1_DP=0x0; the timer runs at another\\nfrequency"
    );
    assert_eq!(pair.world.running(), ["source"]);
}

#[test]
fn memory_that_cannot_be_passed_leaves_the_guest_at_the_source() {
    let mut pair = Pair::new(MemoryMode::Shared);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let address = listener.local_addr().expect("an address");
    let first = TcpStream::connect(address).expect("a connection");
    let (second, _) = listener.accept().expect("a connection");
    let transport = |stream| TcpTransport::new(stream).expect("a transport");
    let (source, destination) = pair.migrate((transport(first), transport(second)));
    let SourceEnd::Continues(failure) = source else {
        panic!("{source:?}");
    };
    assert_eq!(
        failure.to_string(),
        "the connection to the other side failed"
    );
    assert!(matches!(destination, DestinationEnd::Discarded(_)));
    assert_eq!(pair.world.running(), ["source"]);
}
