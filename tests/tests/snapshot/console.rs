//! The console of a guest, which must print what a test waits for.

use idreg_tests::machine::{Console, Ending, Running};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Time limit of an answer, which takes a second or two on an idle machine, and of the boot.
pub(crate) const LIMIT: Duration = Duration::from_mins(5);

/// The guest's next JSON line, which must not be an error.
pub(crate) fn next_line(console: &mut Console, running: &Running<'_>) -> Value {
    let line = console.next_line(running, Instant::now() + LIMIT);
    let line = line.unwrap_or_else(|error| panic!("{error:?}: {console:?}"));
    let line = line.unwrap_or_else(|| panic!("the guest's process has ended: {console:?}"));
    let line: Value =
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}\n{console:?}"));
    assert_eq!(line.get("error"), None, "{console:?}");
    line
}

/// Reads until the guest has printed this text.
pub(crate) fn wait_for(console: &mut Console, running: &Running<'_>, text: &str) {
    let deadline = Instant::now() + LIMIT;
    while !console.stdout().contains(text) {
        let ending = console.read(running, deadline);
        let ending = ending.unwrap_or_else(|error| panic!("{error:?}: {console:?}"));
        assert_eq!(ending, None, "the guest's process has ended: {console:?}");
    }
}

/// Reads to the end of the process, and returns its exit code.
pub(crate) fn end(console: &mut Console, running: &Running<'_>) -> i32 {
    match console.end(running, Instant::now() + LIMIT) {
        Ok(Ending::Exited(code)) => code,
        Ok(Ending::Killed(signal)) => panic!("killed by {signal}: {console:?}"),
        Err(error) => panic!("{error:?}: {console:?}"),
    }
}
