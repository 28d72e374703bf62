//! The embedded engine as a process of its own: started, waited for and ended by a value.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// Lines of the engine's standard error that are kept for an error message.
const KEPT_LINES: usize = 30;
/// How long the engine may take to begin: it maps 500 MB and reads its tables.
const START: Duration = Duration::from_secs(60);
/// How long it may take to end before it is killed.
const STOP: Duration = Duration::from_secs(10);

/// How to start the engine.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The program whose sub-command `clickhouse` is run: `std::env::current_exe()` in `sada`
    /// itself.
    pub program: PathBuf,
    /// Directory of the data; made if it is not there.
    pub path: PathBuf,
    /// Port on 127.0.0.1; a free one if none.
    pub port: Option<u16>,
    /// The engine's library; found as `sada clickhouse` does if none.
    pub library: Option<PathBuf>,
}

/// A running `sada clickhouse`. Dropping it ends the process; if this process dies, however it
/// does, the engine sees the end of its standard input and ends too.
#[derive(Debug)]
pub struct EmbeddedClickHouse {
    child: Child,
    address: SocketAddr,
    said: Arc<Mutex<Vec<String>>>,
}

impl EmbeddedClickHouse {
    /// Starts the engine and waits until it answers. Blocks.
    ///
    /// # Errors
    /// The program can't be run, ends, or does not answer within a minute; the message has the
    /// last lines that it wrote.
    pub fn start(settings: &Settings) -> anyhow::Result<Self> {
        let port = match settings.port {
            Some(port) => port,
            None => free_port()?,
        };
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut command = Command::new(&settings.program);
        command
            .arg("clickhouse")
            .arg("--path")
            .arg(&settings.path)
            .args(["--listen", &address.to_string(), "--until-stdin-closes"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        if let Some(library) = &settings.library {
            command.arg("--library").arg(library);
        }
        own_group(&mut command);
        let mut child = command
            .spawn()
            .with_context(|| format!("can't start {}", settings.program.display()))?;
        let said = Arc::new(Mutex::new(Vec::new()));
        if let Some(stderr) = child.stderr.take() {
            let said = said.clone();
            // Ends with the process: the pipe closes.
            std::thread::spawn(move || keep_last_lines(stderr, &said));
        }
        let mut engine = Self {
            child,
            address,
            said,
        };
        engine.wait_until_ready()?;
        Ok(engine)
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The last lines that the engine wrote to standard error.
    pub fn last_words(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.join("\n")
    }

    /// Kills the process at once, as a crash would, and waits for its end.
    ///
    /// # Errors
    /// It can't be killed.
    pub fn kill(&mut self) -> std::io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(|_| ())
    }

    /// How the process ended, with its last words; `None` while it runs.
    pub fn ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok()??;
        Some(format!("{status}: {}", self.last_words()))
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let until = Instant::now() + START;
        while !answers(self.address) {
            if let Some(status) = self.child.try_wait()? {
                // The reader of its standard error may lag behind by a line.
                std::thread::sleep(Duration::from_millis(50));
                bail!(
                    "the embedded ClickHouse engine ended ({status}):\n{}",
                    self.last_words()
                );
            }
            if Instant::now() > until {
                bail!(
                    "the embedded ClickHouse engine did not answer on {} within {} s:\n{}",
                    self.address,
                    START.as_secs(),
                    self.last_words()
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for EmbeddedClickHouse {
    fn drop(&mut self) {
        // The end of its standard input asks it to stop, as SIGTERM would.
        drop(self.child.stdin.take());
        let until = Instant::now() + STOP;
        while Instant::now() < until {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(10)),
                _ => return,
            }
        }
        let _ = self.kill();
    }
}

/// Ctrl-C at the terminal goes to the parent alone, which then ends the engine after its own work.
fn own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

fn keep_last_lines(stderr: impl Read, said: &Mutex<Vec<String>>) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() == KEPT_LINES {
            said.remove(0);
        }
        said.push(line);
    }
}

/// Whether `GET /ping` is answered with `Ok.`
fn answers(address: SocketAddr) -> bool {
    let ping = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let request = format!("GET /ping HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    };
    ping().is_ok_and(|text| text.ends_with("Ok.\n"))
}

/// The program itself, for [`Settings::program`].
///
/// # Errors
/// The system does not tell it.
pub fn this_program() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("can't find this program's own file")
}

impl Settings {
    /// The engine on `path` by `program`, on a free port.
    pub fn new(program: impl Into<PathBuf>, path: impl AsRef<Path>) -> Self {
        Self {
            program: program.into(),
            path: path.as_ref().to_path_buf(),
            port: None,
            library: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_ends_is_told_with_its_last_words() {
        let settings = Settings::new("/bin/ls", "/nowhere");
        let error = EmbeddedClickHouse::start(&settings)
            .unwrap_err()
            .to_string();
        assert!(error.contains("ended") && error.contains("ls:"), "{error}");
    }
}
