//! SIGHUP: takes up what was changed in the configuration and in the files that it names.
//!
//! They are read first; where one can't be read or is wrong, nothing changes. Then the pipeline ends in
//! order, as at SIGTERM, and the same process begins anew with the same arguments, servers and all
//! checked as at any start: no record is lost or doubled.

use std::io::{IsTerminal, stdin};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::commands::{ConfigFile, enricher};

/// Whether this process is to begin anew once its pipeline has ended.
#[derive(Clone, Default)]
pub struct Again(Arc<AtomicBool>);

impl Again {
    /// Ends the pipeline at SIGHUP, to begin anew if `anew` and what was changed is sound. In a terminal
    /// the signal says that it was closed: the pipeline ends for good.
    ///
    /// # Errors
    /// The signal can't be received.
    pub fn at_hangup(
        &self,
        config: ConfigFile,
        anew: bool,
        shutdown: CancellationToken,
    ) -> anyhow::Result<()> {
        let mut hangup = signal(SignalKind::hangup())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        // Once a terminal is closed it is none any more.
        let anew = anew && !stdin().is_terminal();
        let again = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = hangup.recv() => {}
                    () = shutdown.cancelled() => return,
                }
                if anew {
                    let config = config.clone();
                    let sound = tokio::task::spawn_blocking(move || {
                        enricher::load(&config.load()?).map(drop)
                    });
                    match sound.await {
                        Ok(Ok(())) if shutdown.is_cancelled() => return,
                        Ok(Ok(())) => again.0.store(true, Ordering::Release),
                        Ok(Err(refused)) => {
                            error!("SIGHUP changes nothing: {refused}");
                            continue;
                        }
                        // A panic there was logged.
                        Err(_) => continue,
                    }
                    info!("SIGHUP: the pipeline ends in order and begins anew");
                }
                shutdown.cancel();
                break;
            }
            // Who wants an end gets one.
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            again.0.store(false, Ordering::Release);
        });
        Ok(())
    }

    /// Begins anew, if that was asked for; else returns.
    ///
    /// # Errors
    /// The program can't be started again.
    pub fn begin(&self) -> anyhow::Result<()> {
        if !self.0.load(Ordering::Acquire) {
            return Ok(());
        }
        let program = std::env::current_exe().context("where is this program?")?;
        // Linux says so of a program that was replaced; the new one stands in its place.
        let path = program.to_string_lossy();
        let program = Path::new(path.strip_suffix(" (deleted)").unwrap_or(&path));
        let error = Command::new(program)
            .args(std::env::args_os().skip(1))
            .exec();
        Err(error).with_context(|| format!("can't start {} again", program.display()))
    }
}
