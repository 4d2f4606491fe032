//! One QEMU process: its command line, its console and its end.

use super::Options;
use super::error::section;
use crate::artifacts::{Emulation, Image};
use crate::guard::lock;
use crate::protocol::PORT_NAME;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, Read};
use std::mem;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Size of the kept end of the console and of QEMU's messages, in bytes.
const TAIL: usize = 8 << 10;

/// Time limit for QEMU to exit after it has closed the link.
const GRACE: Duration = Duration::from_secs(2);

/// A QEMU process; dropping this ends it.
#[derive(Debug)]
pub(super) struct Qemu {
    state: Mutex<State>,
    console: Tail,
    errors: Tail,
}

#[derive(Debug)]
enum State {
    Kept(Keeper),
    /// The exit status, or `None` if the testbed killed it.
    Ended(Option<ExitStatus>),
}

impl Qemu {
    /// Starts QEMU with `port` as the far end of the virtio-serial port.
    pub(super) fn start(
        emulation: &Emulation,
        image: &Image,
        options: &Options,
        port: UnixStream,
    ) -> io::Result<Self> {
        // The kernel kills QEMU when the thread that started it ends, however this process ends.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--"])
            .arg(&emulation.qemu);
        command.args(arguments(image, options));
        // A process group of its own keeps the terminal's signals from QEMU, so that commands can
        // end before it.
        command
            .process_group(0)
            .stdin(OwnedFd::from(port))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let (console, errors) = (Tail::default(), Tail::default());
        let keeper = Keeper::start(command, console.clone(), errors.clone())?;
        Ok(Self {
            state: Mutex::new(State::Kept(keeper)),
            console,
            errors,
        })
    }

    /// Ends QEMU and describes its end: exit status and last messages.
    pub(super) fn last_words(&self) -> String {
        let ending = match self.end(GRACE) {
            Some(status) => format!("QEMU exited with {status}"),
            None => "QEMU was still running".to_owned(),
        };
        let said = section("QEMU said", &self.errors.text());
        ending + &said + &self.console_end()
    }

    /// The last messages on the console, for the end of an error message.
    pub(super) fn console_end(&self) -> String {
        section("the console's end", &self.console.text())
    }

    fn end(&self, grace: Duration) -> Option<ExitStatus> {
        let mut state = lock(&self.state);
        let status = match mem::replace(&mut *state, State::Ended(None)) {
            State::Kept(keeper) => keeper.end(grace),
            State::Ended(status) => status,
        };
        *state = State::Ended(status);
        status
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}

fn arguments(image: &Image, options: &Options) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = Vec::new();
    let mut add = |option: &str, value: OsString| arguments.extend([option.into(), value]);
    add("-M", machine_argument(&options.machine).into());
    add("-cpu", cpu_argument(options.cpu()).into());
    add("-smp", options.smp.to_string().into());
    add("-m", options.memory.clone().into());
    add("-display", "none".into());
    add("-monitor", "none".into());
    // Without it QEMU loads a network card's boot ROM, which may not be installed.
    add("-nic", "none".into());
    add("-chardev", "file,id=console,path=/dev/stdout".into());
    add("-serial", "chardev:console".into());
    add("-device", "virtio-serial-pci".into());
    add("-chardev", "socket,id=port,fd=0".into());
    add(
        "-device",
        format!("virtserialport,chardev=port,name={PORT_NAME}").into(),
    );
    add("-kernel", image.path.clone().into());
    add("-initrd", image.initramfs.clone().into());
    add("-append", command_line(&options.append).into());
    arguments.push("-no-reboot".into());
    arguments
}

/// The machine's options: those of every host first, so that the caller's override them.
fn machine_argument(more: &[String]) -> String {
    let mut words = vec!["virt,virtualization=on,gic-version=3"];
    words.extend(more.iter().map(String::as_str));
    words.join(",")
}

/// The kernel's command line.
///
/// A panic restarts the host at once, and a restart ends QEMU, so that a failed boot needs no
/// timeout. `earlycon` shows even early panics.
fn command_line(more: &[String]) -> String {
    let mut words = vec!["earlycon console=ttyAMA0 rdinit=/init quiet panic=-1"];
    words.extend(more.iter().map(String::as_str));
    words.join(" ")
}

/// The CPU, with QEMU's own algorithm for pointer authentication: the architected one takes most of
/// an emulated host's time.
fn cpu_argument(cpu: &str) -> String {
    let model = cpu.split(',').next().unwrap_or(cpu);
    if model == "max" && !cpu.contains(",pauth") {
        format!("{cpu},pauth-impdef=on")
    } else {
        cpu.to_owned()
    }
}

/// Thread that owns the QEMU process. The kernel kills QEMU when this thread ends, so a thread that
/// may end early, such as a test's, cannot own it.
#[derive(Debug)]
struct Keeper {
    stop: Sender<Duration>,
    thread: JoinHandle<Option<ExitStatus>>,
}

impl Keeper {
    fn start(mut command: Command, console: Tail, errors: Tail) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let (started, start) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("testbed QEMU".into())
            .spawn(move || {
                let spawned = command.spawn();
                // The command holds the other end of the port; the stream ends with QEMU only if
                // QEMU alone holds it.
                drop(command);
                match spawned {
                    Ok(child) => {
                        let _waited_for = started.send(Ok(()));
                        keep(child, &console, &errors, &stopped)
                    }
                    Err(error) => {
                        let _waited_for = started.send(Err(error));
                        None
                    }
                }
            })?;
        start
            .recv()
            .unwrap_or_else(|_| Err(io::Error::other("the starting thread ended")))?;
        Ok(Self { stop, thread })
    }

    /// Ends QEMU after `grace`; returns its status if it ended by itself before.
    fn end(self, grace: Duration) -> Option<ExitStatus> {
        let _ended_already = self.stop.send(grace);
        self.thread.join().ok().flatten()
    }
}

fn keep(
    mut child: Child,
    console: &Tail,
    errors: &Tail,
    stopped: &Receiver<Duration>,
) -> Option<ExitStatus> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        scope.spawn(|| stdout.map(|stream| console.follow(stream)));
        scope.spawn(|| stderr.map(|stream| errors.follow(stream)));
        let grace = stopped.recv().unwrap_or_default();
        let status = ended_within(&mut child, grace);
        if status.is_none() {
            // Fails only if it has ended.
            let _ended = child.kill().and_then(|()| child.wait());
        }
        status
    })
}

fn ended_within(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let started = Instant::now();
    loop {
        let status = child.try_wait().ok().flatten();
        if status.is_some() || started.elapsed() >= limit {
            return status;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// The last bytes of a stream.
#[derive(Clone, Debug, Default)]
struct Tail(Arc<Mutex<VecDeque<u8>>>);

impl Tail {
    fn follow(&self, mut stream: impl Read) {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            let mut kept = lock(&self.0);
            kept.extend(buffer.get(..count).unwrap_or_default());
            let surplus = kept.len().saturating_sub(TAIL);
            kept.drain(..surplus);
        }
    }

    fn text(&self) -> String {
        let bytes: Vec<u8> = lock(&self.0).iter().copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_max_gets_the_cheap_pointer_authentication() {
        assert_eq!(cpu_argument("max"), "max,pauth-impdef=on");
        assert_eq!(cpu_argument("max,sve=off"), "max,sve=off,pauth-impdef=on");
        assert_eq!(cpu_argument("max,pauth-impdef=off"), "max,pauth-impdef=off");
        assert_eq!(cpu_argument("max,pauth=off"), "max,pauth=off");
        assert_eq!(cpu_argument("neoverse-v1"), "neoverse-v1");
    }

    #[test]
    fn what_is_asked_for_comes_last() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let machine = machine_argument(&words("mte=on gic-version=4"));
        assert!(machine.starts_with("virt,") && machine.ends_with(",mte=on,gic-version=4"));
        assert!(command_line(&words("kvm-arm.mode=nested x")).ends_with(" kvm-arm.mode=nested x"));
        assert_eq!(machine_argument(&[]).matches(',').count(), 2);
    }

    #[test]
    fn a_tail_keeps_the_end() {
        let tail = Tail::default();
        let text = "x".repeat(3 * TAIL) + "end";
        tail.follow(text.as_bytes());
        assert_eq!(tail.text().len(), TAIL);
        assert!(tail.text().ends_with("xend"));
    }
}
