//! A server's process that ends with the value, and also with this program when nothing drops it:
//! a shell waits for the pipe that then breaks.

use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};

/// A process and its guard.
pub struct Guarded {
    process: Child,
    guard: Child,
    signal: &'static str,
}

impl Guarded {
    /// Starts it. `signal`: what ends it.
    ///
    /// # Errors
    /// It can't be started.
    pub fn start(command: &mut Command, signal: &'static str) -> io::Result<Self> {
        let process = command.stdin(Stdio::null()).spawn()?;
        let guard = Command::new("sh")
            .args(["-c", r#"read -r _; kill -s "$1" "$0""#])
            .arg(process.id().to_string())
            .arg(signal)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            process,
            guard,
            signal,
        })
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.process.try_wait()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let id = self.process.id().to_string();
        let _ = Command::new("sh")
            .args(["-c", r#"kill -s "$1" "$0""#, &id, self.signal])
            .stderr(Stdio::null())
            .status();
        let _ = self.process.wait();
        let _ = self.guard.kill();
        let _ = self.guard.wait();
    }
}
