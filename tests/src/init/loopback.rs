//! The loopback interface of the emulated host, for migrations through TCP.

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with,
};

// Linux 7.2, include/uapi/linux/netlink.h, rtnetlink.h, socket.h and if.h.
const RTM_NEWLINK: u16 = 16;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const AF_UNSPEC: u16 = 0;
const IFF_UP: u32 = 1;

/// The loopback interface is the first one of a network namespace (Linux 7.2,
/// `include/linux/netdevice.h`, `LOOPBACK_IFINDEX`).
const LOOPBACK: u32 = 1;

/// The length of a `struct nlmsghdr` and of a `struct ifinfomsg`, in bytes.
const HEADER: u8 = 16;

/// Switches the loopback interface on.
///
/// # Errors
///
/// The kernel's error.
pub fn switch_on() -> Result<(), Errno> {
    let (family, kind) = (AddressFamily::NETLINK, SocketType::RAW);
    // No protocol is the one of routes and interfaces.
    let socket = socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
    let kernel = SocketAddrNetlink::new(0, 0);
    sendto(&socket, &request(), SendFlags::empty(), &kernel)?;
    let mut answer = [0; 128];
    let (length, _) = recv(&socket, &mut answer, RecvFlags::empty())?;
    // A `struct nlmsgerr`: 0, or the error as a negative number.
    let error = answer
        .get(..length)
        .and_then(|answer| answer.get(usize::from(HEADER)..));
    let error = error.and_then(<[u8]>::first_chunk).ok_or(Errno::BADMSG)?;
    match i32::from_ne_bytes(*error) {
        0 => Ok(()),
        error => Err(Errno::from_raw_os_error(error.saturating_neg())),
    }
}

/// A `struct nlmsghdr` and a `struct ifinfomsg`.
fn request() -> Vec<u8> {
    let length = 2 * u32::from(HEADER);
    let (sequence, port) = (1_u32, 0_u32);
    let mut bytes = Vec::new();
    bytes.extend(length.to_ne_bytes());
    bytes.extend(RTM_NEWLINK.to_ne_bytes());
    bytes.extend((NLM_F_REQUEST | NLM_F_ACK).to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(port.to_ne_bytes());
    // The type of the device is ignored.
    bytes.extend([AF_UNSPEC, 0].map(u16::to_ne_bytes).concat());
    // The interface, its flags, and the flags to change.
    bytes.extend([LOOPBACK, IFF_UP, IFF_UP].map(u32::to_ne_bytes).concat());
    bytes
}
