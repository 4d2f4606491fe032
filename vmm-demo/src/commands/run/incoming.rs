//! Waits for a guest from another process and runs it.

use super::session::SessionFiles;
use crate::cli::ModelsArgument;
use crate::cli::migrations::IncomingArguments;
use crate::cli::vmm_demo::RunArguments;
use crate::endpoint::Endpoint;
use crate::guest::ending::Ending;
use crate::guest::lifecycle::GuestEvents;
use crate::guest::supervisor::FirstGuest;
use crate::guest::supervisor::migration::arriving::ArrivalOptions;
use crate::guest::supervisor::migration::incoming::IncomingOptions;
use crate::migration::endpoint::{EndpointError, EndpointListener, Security};
use crate::migration::tls::TlsDirectory;
use crate::output;
use crate::output::failure::Failure;
use crate::vmm::timeline::Timeline;
use std::ops::ControlFlow;
use std::time::Instant;
use thiserror::Error;

/// TCP without protection.
#[derive(Debug, Error)]
#[error(
    "TCP needs certificates: give their directory as --tls-creds; between addresses of this \
     machine, --plain goes without"
)]
struct NoCertificates;

/// Runs the guest that arrives at this address; `started` is the start time of this program.
pub(in crate::commands) fn run_incoming(
    from: &Endpoint,
    arguments: &RunArguments,
    folder: &ModelsArgument,
    started: Instant,
) -> Result<Ending, Failure> {
    let RunArguments {
        linux, incoming, ..
    } = arguments;
    let files = SessionFiles {
        report: linux.report.as_deref(),
        view: arguments.view.as_deref(),
        qmp: linux.qmp.as_ref(),
    };
    let mut timeline = Timeline::since(started);
    timeline.step("command_line");
    let mut session = match files.open(folder, timeline)? {
        ControlFlow::Continue(session) => session,
        ControlFlow::Break(ending) => return Ok(ending),
    };
    let listener = listen(from, incoming)?;
    output::note(&format!("waiting for a guest at {}", listener.address()));
    let events = GuestEvents::new().map_err(Failure::other)?;
    let options = IncomingOptions {
        listener,
        lease: incoming.lease.clone(),
        arrival: ArrivalOptions {
            tolerance: incoming.tolerance.tolerance(),
            clock: incoming.clock,
            memory: files.memory_kind(),
            view: session.view.take(),
            events: events.clone(),
        },
    };
    session.run(FirstGuest::Await(options), events, |_| {})
}

fn listen(from: &Endpoint, arguments: &IncomingArguments) -> Result<EndpointListener, Failure> {
    let security = match (from, &arguments.tls_creds) {
        (Endpoint::Unix(_), _) => Security::PlainLoopback,
        (Endpoint::Tcp { .. }, Some(directory)) => {
            let server = TlsDirectory(directory.clone()).server();
            Security::Tls(server.map_err(|error| Failure::Unusable(error.into()))?)
        }
        (Endpoint::Tcp { .. }, None) if arguments.plain => Security::PlainLoopback,
        (Endpoint::Tcp { .. }, None) => return Err(Failure::Unusable(NoCertificates.into())),
    };
    let listener = from.clone().listen(security);
    listener.map_err(|error| match error {
        EndpointError::NotLoopback { .. } => Failure::Unusable(error.into()),
        error => Failure::Socket(error.into()),
    })
}
