//! Queries whose client may go away before they end.
//!
//! The engine's functions block and can't be broken off from outside, but `KILL QUERY` can end
//! what they run, and it finds a query by the thread that asked for it. Only queries that read are
//! ended so, as a server does with `cancel_http_readonly_queries_on_client_close`: an INSERT whose
//! client went away is done to its end, or until `KILL QUERY` or `max_execution_time`.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What one request does in the engine.
#[derive(Debug, Default)]
pub struct Running {
    /// The thread whose query reads.
    reader: Mutex<Option<u64>>,
}

/// While this lives, the query may be killed.
#[derive(Debug)]
pub struct Reading<'a>(&'a Running);

impl Running {
    /// Says that this thread now runs a query that only reads.
    pub fn read(&self) -> Reading<'_> {
        *self.lock() = this_thread();
        Reading(self)
    }

    /// Calls `kill` with the condition that finds the query in `system.processes`, if one runs that
    /// may be killed. Its thread does nothing else before `kill` is done.
    pub fn kill(&self, kill: impl FnOnce(&str)) {
        let reader = self.lock();
        if let Some(thread) = *reader {
            kill(&format!("has(thread_ids, {thread})"));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<u64>> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}

/// The system's number of this thread, as the engine has it too. None but on Linux: there, queries
/// outlive their clients.
fn this_thread() -> Option<u64> {
    let path = std::fs::read_link("/proc/thread-self").ok()?;
    path.file_name()?.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn only_what_reads_is_killed() {
        let running = Running::default();
        let killed = || {
            let mut killed = None;
            running.kill(|which| killed = Some(which.to_owned()));
            killed
        };
        assert_eq!(killed(), None);
        let reading = running.read();
        let thread = this_thread().unwrap();
        assert_eq!(killed(), Some(format!("has(thread_ids, {thread})")));
        drop(reading);
        assert_eq!(killed(), None);
        let other = std::thread::spawn(this_thread).join().unwrap();
        assert_ne!(other, Some(thread));
    }
}
