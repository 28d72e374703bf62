//! `sada clickhouse`

use std::io::Read;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use tokio::sync::watch;

use crate::config::ConfigError;
use crate::embedded::clickhouse::confine::{Confinement, confine};
use crate::embedded::clickhouse::connections::Connections;
use crate::embedded::clickhouse::endpoint::Endpoint;
use crate::embedded::clickhouse::http;
use crate::embedded::clickhouse::library::{self, Library};
use crate::embedded::clickhouse::sessions::Sessions;
use crate::embedded::held;

/// Serve the embedded ClickHouse engine over ClickHouse's HTTP interface
#[derive(Args)]
#[command(after_help = "Example:\n  sada clickhouse --path ./data\n  \
    curl http://127.0.0.1:8123/ --data 'SELECT version()'\n\n\
    The engine has no users: whoever reaches the port may read and write. It listens on this \
    machine only, refuses web pages, and can reach no files but those in DIR.")]
pub struct Arguments {
    /// Directory of the data; made if it is not there. One process at a time
    #[arg(long, value_name = "DIR")]
    path: PathBuf,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8123")]
    listen: SocketAddr,
    /// libchdb.so [default: $SADA_LIBCHDB, else the cache folder that `make libchdb` fills]
    #[arg(long, value_name = "FILE")]
    library: Option<PathBuf>,
    /// Allow an address that other machines reach. Anyone there may then read and write
    #[arg(long)]
    allow_remote: bool,
    /// End when standard input does: for a parent process
    #[arg(long, hide = true)]
    until_stdin_closes: bool,
}

/// Runs the command until SIGTERM or SIGINT.
///
/// # Errors
/// Wrong arguments, no library, the port or the directory is taken.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let open = !http::is_private(&arguments.listen);
    if open && !arguments.allow_remote {
        return Err(ConfigError {
            place: String::new(),
            field: "--listen".into(),
            message: format!(
                "other machines reach {}, and the embedded engine has no users",
                arguments.listen
            ),
            mend: "listen on 127.0.0.1, or add --allow-remote in a network you trust".into(),
        }
        .into());
    }
    let library = library::find(arguments.library.as_deref())?
        .canonicalize()
        .context("can't find the library's real path")?;
    held::refuse(&arguments.path)?;
    let path = prepare(&arguments.path)?;
    let listener = std::net::TcpListener::bind(arguments.listen).map_err(|e| ConfigError {
        place: String::new(),
        field: "--listen".into(),
        message: format!("can't listen on {}: {e}", arguments.listen),
        mend: "end the program that uses the port, or give another with --listen".into(),
    })?;
    // Before the library is loaded and before any thread is started: both are confined with it.
    match confine(&path, &library) {
        Ok(Confinement::Whole) => {}
        Ok(Confinement::Partial) => eprintln!(
            "sada clickhouse: this kernel can confine the engine to {} in part only",
            path.display()
        ),
        Ok(Confinement::None) => eprintln!(
            "sada clickhouse: this kernel can't confine the engine (Landlock): SQL can read every \
             file that you can"
        ),
        Err(error) => eprintln!("sada clickhouse: the engine is not confined: {error}"),
    }
    let engine = Library::load(&library)?;
    let connections = Connections::open(engine, &path).with_context(|| {
        format!(
            "can't start the engine on {} (does another process use it?)",
            path.display()
        )
    })?;
    eprintln!(
        "sada clickhouse: ClickHouse {} on http://{} with data in {}",
        connections.version,
        listener.local_addr()?,
        path.display()
    );
    let endpoint = Arc::new(Endpoint {
        connections,
        sessions: Sessions::default(),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let all_ended = runtime.block_on(serve(listener, endpoint.clone(), open, &arguments))?;
    runtime.shutdown_timeout(Duration::from_secs(1));
    if all_ended {
        // Closes the last connection: the engine ends in order.
        drop(endpoint);
        return Ok(());
    }
    // A query that can't be killed runs in the engine's memory, which must stay as it is. Whatever
    // was inserted is on disk in whole parts.
    eprintln!("sada clickhouse: a query did not end in time");
    std::mem::forget(endpoint);
    Ok(())
}

/// Makes the directory, goes there, and points the engine's temporary files into it.
///
/// The engine reads TMPDIR, and on loading finds the kernel's auxiliary vector behind the
/// environment: a variable set in this process would move the environment away from it, and loading
/// crash. So the program begins again, once, with the variable set.
fn prepare(path: &Path) -> anyhow::Result<PathBuf> {
    let wrong = |error: std::io::Error| ConfigError {
        place: String::new(),
        field: "--path".into(),
        message: format!("can't use {}: {error}", path.display()),
        mend: "name a directory that you can write to".into(),
    };
    let temporary = path.join("tmp");
    std::fs::create_dir_all(&temporary).map_err(wrong)?;
    let path = path.canonicalize().map_err(wrong)?;
    let temporary = path.join("tmp");
    if std::env::var_os("TMPDIR").is_none_or(|set| set != temporary) {
        let error = std::process::Command::new(std::env::current_exe().map_err(wrong)?)
            .args(std::env::args_os().skip(1))
            .env("TMPDIR", temporary)
            .exec();
        return Err(wrong(error).into());
    }
    // Relative names in SQL mean files of the engine's directory.
    std::env::set_current_dir(&path).map_err(wrong)?;
    Ok(path)
}

async fn serve(
    listener: std::net::TcpListener,
    endpoint: Arc<Endpoint>,
    open: bool,
    arguments: &Arguments,
) -> anyhow::Result<bool> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let (stop, stopped) = watch::channel(false);
    if arguments.until_stdin_closes {
        let stop = stop.clone();
        std::thread::spawn(move || {
            let mut stdin = std::io::stdin().lock();
            while matches!(stdin.read(&mut [0; 64]), Ok(n) if n > 0) {}
            let _ = stop.send(true);
        });
    }
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        let _ = stop.send(true);
    });
    Ok(http::serve(listener, endpoint, open, stopped).await)
}
