//! A client of a guest's QMP server.

use idreg_tests::machine::Machine;
use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Time limit for a server to start.
const START_LIMIT: Duration = Duration::from_mins(1);

/// A connection that has negotiated its capabilities.
pub(crate) struct Qmp {
    stream: BufReader<UnixStream>,
}

impl Qmp {
    /// Connects to the socket of this name on a host, as soon as a server listens there.
    pub(crate) fn connect(machine: &Machine, socket: &str) -> Self {
        let stream = machine.connect_within(socket, START_LIMIT);
        let stream = stream.unwrap_or_else(|error| panic!("{error:?}"));
        let qmp = Self::negotiate(stream);
        qmp.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Connects to the socket of this name on a host, if a server listens there.
    pub(crate) fn try_connect(machine: &Machine, socket: &str) -> Result<Self, String> {
        let stream = machine.connect(socket);
        Self::negotiate(stream.map_err(|error| format!("{error:?}"))?)
    }

    fn negotiate(stream: UnixStream) -> Result<Self, String> {
        let mut qmp = Self {
            stream: BufReader::new(stream),
        };
        let greeting = qmp.next().map_err(|error| error.to_string())?;
        assert!(greeting.get("QMP").is_some(), "{greeting}");
        let negotiated = qmp.ask("qmp_capabilities", &json!({}));
        negotiated.map_err(|error| error.to_string())??;
        Ok(qmp)
    }

    /// The return value of a command.
    pub(crate) fn execute(&mut self, command: &str, arguments: &Value) -> Value {
        let answer = self.try_execute(command, arguments);
        answer.unwrap_or_else(|error| panic!("{command} {arguments}: {error}"))
    }

    /// The return value of a command, or the text of its error.
    pub(crate) fn try_execute(
        &mut self,
        command: &str,
        arguments: &Value,
    ) -> Result<Value, String> {
        let answer = self.ask(command, arguments);
        answer.unwrap_or_else(|error| panic!("{command} {arguments}: {error}"))
    }

    /// The return value of a command, or the text of its error, unless the connection fails.
    pub(crate) fn ask(
        &mut self,
        command: &str,
        arguments: &Value,
    ) -> io::Result<Result<Value, String>> {
        let request = json!({ "execute": command, "arguments": arguments });
        writeln!(self.stream.get_mut(), "{request}")?;
        loop {
            let mut answer = self.next()?;
            if let Some(error) = answer.get("error") {
                return Ok(Err(error["desc"].as_str().unwrap_or_default().to_owned()));
            }
            if answer.get("event").is_none() {
                return Ok(Ok(answer["return"].take()));
            }
        }
    }

    fn next(&mut self) -> io::Result<Value> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")))
    }
}
