//! The driving side of the conversation: starts commands and moves files.

use crate::console::{CHUNK, Frame, FrameError, Message};
use crate::guard::lock;
use crate::program::Program;
use std::collections::BTreeMap;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// The exchange on which the host says that it is up.
const CONNECTION: u32 = 0;

/// How long the host may take no byte of what is sent to it before it counts as lost.
const WRITE_LIMIT: Duration = Duration::from_mins(1);

/// A connection to a host. Several threads may use it at once.
#[derive(Debug)]
pub struct Link {
    stream: Mutex<UnixStream>,
    routes: Routes,
    next: AtomicU32,
    greeting: Mutex<Receiver<Message>>,
}

/// Why an exchange did not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The other side is gone.
    #[error("the connection to the host broke off")]
    Lost,
    /// The other side did not answer in time.
    #[error("the host did not answer within {} s", limit.as_secs())]
    TimeLimit {
        /// How long was waited.
        limit: Duration,
    },
    /// The other side cannot do what was asked.
    #[error("{0}")]
    Refused(String),
    /// The request cannot be sent.
    #[error("the request cannot be sent to the host")]
    Unsendable(#[source] FrameError),
    /// The other side does not keep to the protocol.
    #[error("the host answered with something else than {expected}")]
    OutOfTurn {
        /// What would have been an answer.
        expected: &'static str,
    },
}

impl Link {
    /// Takes over one end of a stream whose other end is served by [`crate::init::serve`].
    ///
    /// # Errors
    ///
    /// Any that the operating system has for duplicating and setting up the stream.
    pub fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_write_timeout(Some(WRITE_LIMIT))?;
        let input = stream.try_clone()?;
        let routes = Routes::default();
        let (sender, greeting) = mpsc::channel();
        routes.add(CONNECTION, sender);
        let dispatch = routes.clone();
        thread::Builder::new()
            .name("testbed link".into())
            .spawn(move || dispatch.feed(input))?;
        Ok(Self {
            stream: Mutex::new(stream),
            routes,
            next: AtomicU32::new(CONNECTION + 1),
            greeting: Mutex::new(greeting),
        })
    }

    /// Waits until the host is up and returns its kernel release.
    ///
    /// # Errors
    ///
    /// [`LinkError::TimeLimit`], or [`LinkError::Lost`] if the host ends instead.
    pub fn ready(&self, limit: Duration) -> Result<String, LinkError> {
        match receive(&lock(&self.greeting), limit, limit)? {
            Message::Ready(release) => Ok(release),
            _ => Err(LinkError::OutOfTurn {
                expected: "a greeting",
            }),
        }
    }

    /// Starts a program with `args`.
    ///
    /// # Errors
    ///
    /// [`LinkError::Lost`] or [`LinkError::Unsendable`].
    pub fn run(&self, program: Program, args: Vec<Vec<u8>>) -> Result<Exchange<'_>, LinkError> {
        self.open(Message::Run(program, args))
    }

    /// Puts a file into the host's working directory.
    ///
    /// # Errors
    ///
    /// Every variant of [`LinkError`].
    pub fn put(&self, name: &str, bytes: &[u8], limit: Duration) -> Result<(), LinkError> {
        let exchange = self.open(Message::Put(name.to_owned()))?;
        for chunk in bytes.chunks(CHUNK) {
            exchange.send(Message::Data(chunk.to_vec()))?;
        }
        exchange.send(Message::End)?;
        match exchange.next(Instant::now() + limit, limit)? {
            Message::End => Ok(()),
            Message::Failed(reason) => Err(LinkError::Refused(reason)),
            _ => Err(LinkError::OutOfTurn {
                expected: "a receipt for a file",
            }),
        }
    }

    /// Brings a file from the host's working directory.
    ///
    /// # Errors
    ///
    /// Every variant of [`LinkError`].
    pub fn get(&self, name: &str, limit: Duration) -> Result<Vec<u8>, LinkError> {
        let exchange = self.open(Message::Get(name.to_owned()))?;
        let deadline = Instant::now() + limit;
        let mut bytes = Vec::new();
        loop {
            match exchange.next(deadline, limit)? {
                Message::Data(piece) => bytes.extend(piece),
                Message::End => return Ok(bytes),
                Message::Failed(reason) => return Err(LinkError::Refused(reason)),
                _ => return Err(LinkError::OutOfTurn { expected: "a file" }),
            }
        }
    }

    fn open(&self, request: Message) -> Result<Exchange<'_>, LinkError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, inbox) = mpsc::channel();
        self.routes.add(number, sender);
        let exchange = Exchange {
            link: self,
            number,
            inbox,
        };
        exchange.send(request)?;
        Ok(exchange)
    }
}

impl Drop for Link {
    /// Closes the stream under the reading thread too, so that the other side sees its end.
    fn drop(&mut self) {
        let _closed_already = lock(&self.stream).shutdown(Shutdown::Both);
    }
}

/// One request and its answers.
#[derive(Debug)]
pub struct Exchange<'a> {
    link: &'a Link,
    number: u32,
    inbox: Receiver<Message>,
}

impl Exchange<'_> {
    /// Sends a further message of this exchange.
    ///
    /// # Errors
    ///
    /// [`LinkError::Lost`] or [`LinkError::Unsendable`].
    pub fn send(&self, message: Message) -> Result<(), LinkError> {
        match Frame::new(self.number, message).write_to(&mut *lock(&self.link.stream)) {
            Ok(()) => Ok(()),
            Err(FrameError::Io(_)) => Err(LinkError::Lost),
            Err(error) => Err(LinkError::Unsendable(error)),
        }
    }

    /// Waits for the next answer.
    ///
    /// # Errors
    ///
    /// [`LinkError::Lost`]; [`LinkError::TimeLimit`] at `deadline`, which names `limit` as the time
    /// that was given.
    pub fn next(&self, deadline: Instant, limit: Duration) -> Result<Message, LinkError> {
        receive(
            &self.inbox,
            deadline.saturating_duration_since(Instant::now()),
            limit,
        )
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        self.link.routes.remove(self.number);
    }
}

fn receive(
    inbox: &Receiver<Message>,
    wait: Duration,
    limit: Duration,
) -> Result<Message, LinkError> {
    inbox.recv_timeout(wait).map_err(|error| match error {
        RecvTimeoutError::Timeout => LinkError::TimeLimit { limit },
        RecvTimeoutError::Disconnected => LinkError::Lost,
    })
}

/// Where the answers of each exchange go; `None` once no more can come.
#[derive(Clone, Debug)]
struct Routes(Arc<Mutex<Option<Senders>>>);

/// By exchange.
type Senders = BTreeMap<u32, Sender<Message>>;

impl Default for Routes {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(BTreeMap::new()))))
    }
}

impl Routes {
    /// After the end of the stream the sender is dropped here, so that its receiver learns of it.
    fn add(&self, exchange: u32, sender: Sender<Message>) {
        if let Some(routes) = lock(&self.0).as_mut() {
            routes.insert(exchange, sender);
        }
    }

    fn remove(&self, exchange: u32) {
        if let Some(routes) = lock(&self.0).as_mut() {
            routes.remove(&exchange);
        }
    }

    /// Hands out what arrives, until the stream ends or holds nonsense.
    fn feed(&self, mut input: UnixStream) {
        while let Ok(Some(Frame { exchange, message })) = Frame::read_from(&mut input) {
            if let Some(sender) = lock(&self.0)
                .as_ref()
                .and_then(|routes| routes.get(&exchange))
            {
                // Nobody waits any more for the answers of an exchange that was given up.
                let _given_up = sender.send(message);
            }
        }
        *lock(&self.0) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::{Service, serve};
    use std::path::Path;
    use tempfile::TempDir;

    const LIMIT: Duration = Duration::from_secs(30);

    /// A link to a thread that serves the shell in a directory of its own.
    fn shell() -> (Link, TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let service = Service {
            programs: [(Program::VmmDemo, "/bin/sh".into())].into(),
            directory: directory.path().into(),
        };
        let (near, far) = UnixStream::pair().unwrap();
        thread::spawn(move || serve(&service, &mut far.try_clone().unwrap(), far));
        (Link::new(near).unwrap(), directory)
    }

    fn start<'a>(link: &'a Link, script: &str) -> Exchange<'a> {
        let args = vec![b"-c".to_vec(), script.as_bytes().to_vec()];
        link.run(Program::VmmDemo, args).unwrap()
    }

    /// Standard output, standard error and the last message.
    fn finish(exchange: &Exchange<'_>) -> (Vec<u8>, Vec<u8>, Message) {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        loop {
            match exchange.next(Instant::now() + LIMIT, LIMIT).unwrap() {
                Message::Stdout(bytes) => stdout.extend(bytes),
                Message::Stderr(bytes) => stderr.extend(bytes),
                end => return (stdout, stderr, end),
            }
        }
    }

    fn wait_for(file: &Path) {
        let started = Instant::now();
        while !file.exists() {
            assert!(
                started.elapsed() < LIMIT,
                "{} does not appear",
                file.display()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn output_is_complete_and_separate() {
        let (link, _directory) = shell();
        let bytes: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
        link.put("in", &bytes, LIMIT).unwrap();
        let script = "cat in & tr '\\0-\\377' '\\1-\\377\\0' < in >&2; wait; exit 7";
        let (stdout, stderr, end) = finish(&start(&link, script));
        assert!(stdout == bytes);
        assert!(
            stderr
                == bytes
                    .iter()
                    .map(|byte| byte.wrapping_add(1))
                    .collect::<Vec<_>>()
        );
        assert_eq!(end, Message::Exited(7));
    }

    #[test]
    fn files_come_back() {
        let (link, _directory) = shell();
        let bytes: Vec<u8> = (0..=255).cycle().take(3 * CHUNK + 1).collect();
        link.put("there", &bytes, LIMIT).unwrap();
        finish(&start(&link, "mv there back"));
        assert!(link.get("back", LIMIT).unwrap() == bytes);
        link.put("empty", &[], LIMIT).unwrap();
        assert_eq!(link.get("empty", LIMIT).unwrap(), b"");
    }

    #[test]
    fn only_files_in_the_directory_are_served() {
        let (link, _directory) = shell();
        for name in ["", ".", "..", "/etc/passwd", "../x", "a/b"] {
            for error in [
                link.put(name, b"x", LIMIT).err(),
                link.get(name, LIMIT).err(),
            ] {
                assert!(
                    matches!(error, Some(LinkError::Refused(_))),
                    "{name}: {error:?}"
                );
            }
        }
        let missing = link.get("missing", LIMIT).unwrap_err();
        assert!(missing.to_string().contains("No such file"), "{missing}");
    }

    #[test]
    fn commands_run_beside_each_other() {
        let (link, _directory) = shell();
        let first = start(
            &link,
            "until test -e second; do sleep 0.01; done; echo first",
        );
        let second = start(&link, "echo second; touch second");
        assert_eq!(
            finish(&second),
            (b"second\n".to_vec(), vec![], Message::Exited(0))
        );
        assert_eq!(
            finish(&first),
            (b"first\n".to_vec(), vec![], Message::Exited(0))
        );
    }

    #[test]
    fn a_program_that_the_host_lacks_is_refused() {
        let (link, _directory) = shell();
        let exchange = link.run(Program::KvmTests, vec![]).unwrap();
        let (_, _, end) = finish(&exchange);
        assert!(
            matches!(&end, Message::Failed(reason) if reason.contains("not built")),
            "{end:?}"
        );
    }

    #[test]
    fn programs_are_told_where_the_vmm_is() {
        let (link, _directory) = shell();
        let (stdout, _, end) = finish(&start(&link, "echo $IDREG_VMM_DEMO"));
        assert_eq!((stdout, end), (b"/bin/sh\n".to_vec(), Message::Exited(0)));
    }

    #[test]
    fn a_command_can_be_ended() {
        let (link, _directory) = shell();
        let exchange = start(&link, "echo begun; exec sleep 1000");
        let begun = exchange.next(Instant::now() + LIMIT, LIMIT).unwrap();
        assert_eq!(begun, Message::Stdout(b"begun\n".to_vec()));
        exchange.send(Message::Kill).unwrap();
        assert_eq!(finish(&exchange), (vec![], vec![], Message::Killed(9)));
    }

    #[test]
    fn a_silent_host_is_noticed() {
        let (link, _directory) = shell();
        let exchange = start(&link, "exec sleep 1000");
        let limit = Duration::from_millis(20);
        let answer = exchange.next(Instant::now() + limit, limit);
        assert!(
            matches!(answer, Err(LinkError::TimeLimit { .. })),
            "{answer:?}"
        );
        assert!(matches!(
            link.ready(limit),
            Err(LinkError::TimeLimit { .. })
        ));
    }

    #[test]
    fn hanging_up_ends_what_runs() {
        let (link, directory) = shell();
        let exchange = start(&link, "echo $$ > pid.new; mv pid.new pid; exec sleep 1000");
        let file = directory.path().join("pid");
        wait_for(&file);
        let pid = std::fs::read_to_string(file).unwrap();
        drop(exchange);
        drop(link);
        let process = format!("/proc/{}/cmdline", pid.trim());
        let started = Instant::now();
        while std::fs::read(&process).is_ok_and(|line| line.starts_with(b"sleep")) {
            assert!(started.elapsed() < LIMIT, "{process} is still there");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_host_that_is_gone_is_noticed() {
        let (near, far) = UnixStream::pair().unwrap();
        let link = Link::new(near).unwrap();
        drop(far);
        assert!(matches!(link.ready(LIMIT), Err(LinkError::Lost)));
        assert!(matches!(link.get("file", LIMIT), Err(LinkError::Lost)));
    }

    #[test]
    fn nonsense_from_the_host_ends_the_link() {
        let (near, mut far) = UnixStream::pair().unwrap();
        let link = Link::new(near).unwrap();
        std::io::Write::write_all(&mut far, &[0xff; 64]).unwrap();
        assert!(matches!(link.ready(LIMIT), Err(LinkError::Lost)));
    }
}
