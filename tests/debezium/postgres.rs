//! A real PostgreSQL for the test: a cluster of its own in a temporary folder, on a free port of
//! this machine, with what logical decoding needs. No cluster of the system is touched.

use std::fs::File;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::guarded::Guarded;
use crate::support::PATIENCE;

/// Superuser and database.
pub const NAME: &str = "shop";

/// A running server. Dropping it ends it and removes its folder.
pub struct Postgres {
    programs: PathBuf,
    port: u16,
    // Ended before its folder goes.
    _server: Guarded,
    folder: tempfile::TempDir,
}

impl Postgres {
    /// Makes a cluster and starts it; returns when it answers.
    ///
    /// # Errors
    /// PostgreSQL is not installed (the message says how to get it), or it does not start: then the
    /// message holds its log.
    pub fn start() -> io::Result<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("sada-pg-").tempdir()?;
        let owner = owner(folder.path())?;
        let data = folder.path().join("data");
        let made = owned(&programs.join("initdb"), owner)
            .args(["--username", NAME, "--auth", "trust", "--no-sync"])
            .args(["--encoding", "UTF8", "--locale", "C", "--pgdata"])
            .arg(&data)
            .output()?;
        if !made.status.success() {
            let said = String::from_utf8_lossy(&made.stderr).into_owned();
            return Err(io::Error::other(format!("initdb failed: {said}")));
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log = folder.path().join("postgres.log");
        let output = File::create(&log)?;
        let mut server = owned(&programs.join("postgres"), owner);
        server
            .arg("-D")
            .arg(&data)
            .args(["-c", "wal_level=logical", "-c", "fsync=off"])
            .args(["-c", "listen_addresses=127.0.0.1", "-c"])
            .arg(format!("port={port}"))
            .arg("-c")
            .arg(format!(
                "unix_socket_directories={}",
                folder.path().display()
            ))
            .stdout(output.try_clone()?)
            .stderr(output);
        // SIGQUIT: at once, and nothing of its shared memory stays.
        let mut server = Guarded::start(&mut server, "QUIT")?;
        let begun = Instant::now();
        loop {
            let answers = Command::new(programs.join("psql"))
                .args(connection(port, "postgres"))
                .args(["-c", &format!("CREATE DATABASE {NAME}")])
                .output()?;
            if answers.status.success() {
                break;
            }
            let ended = server.ended()?;
            if ended.is_some() || begun.elapsed() > PATIENCE {
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                return Err(io::Error::other(format!(
                    "PostgreSQL did not start: {ended:?}\n{log}"
                )));
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        Ok(Self {
            programs,
            port,
            _server: server,
            folder,
        })
    }

    /// Port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the server wrote so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("postgres.log")).unwrap_or_default()
    }

    /// Runs SQL, each statement in a transaction of its own; returns the rows, values separated by
    /// `|`.
    ///
    /// # Errors
    /// A statement fails; the message is the server's.
    pub fn sql(&self, statements: &str) -> io::Result<String> {
        let mut child = Command::new(self.programs.join("psql"))
            .args(connection(self.port, NAME))
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            io::Write::write_all(&mut input, statements.as_bytes())?;
        }
        let output = child.wait_with_output()?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(io::Error::other(format!(
                "{}{}",
                String::from_utf8_lossy(&output.stderr),
                self.log()
            ))),
        }
    }
}

fn connection(port: u16, database: &str) -> Vec<String> {
    let port = port.to_string();
    let of = ["-h", "127.0.0.1", "-p", &port, "-U", NAME, "-d", database];
    // No start file; quiet; unaligned rows alone; the first error ends it.
    let how = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"];
    of.iter().chain(&how).map(|s| (*s).to_owned()).collect()
}

/// Where the server's programs lie: the newest version that Debian's package has put there, else
/// where `initdb` is found in `PATH`.
fn programs() -> io::Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter();
    let mut folders: Vec<PathBuf> = versions
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(folders)
        .filter(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
        .last()
        .ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::NotFound,
                "PostgreSQL is not installed: `make check-tools` says how to get it",
            )
        })
}

/// Gives a folder to whom the server may run as: this user, or, as it refuses to run as root, the
/// user `postgres` or `nobody`. `None`: this user.
fn owner(folder: &Path) -> io::Result<Option<(u32, u32)>> {
    use std::os::unix::fs::MetadataExt;
    if std::fs::metadata(folder)?.uid() != 0 {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd")?;
    let of = |name: &str| {
        let line = users.lines().find(|l| l.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map_while(|id| id.parse().ok());
        Some((ids.next()?, ids.next()?))
    };
    let found = of("postgres").or_else(|| of("nobody"));
    let (user, group) =
        found.ok_or_else(|| io::Error::other("neither user postgres nor nobody is there"))?;
    chown(folder, Some(user), Some(group))?;
    Ok(Some((user, group)))
}

fn owned(program: &Path, owner: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    if let Some((user, group)) = owner {
        command.uid(user).gid(group).current_dir("/");
    }
    command
}
