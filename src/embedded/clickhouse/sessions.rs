//! Sessions: a connection kept under the name that a client gave it, so that its temporary
//! tables, its `SET` and its `USE` hold in the next request.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::exception::Exception;
use super::library::Connection;

/// How long a session is kept without a request, if the client doesn't say.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest that a client may ask for.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(3600);

/// The session that a request belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// `session_id`
    pub id: String,
    /// `session_timeout`
    pub timeout: Duration,
    /// `session_check=1`: it must exist.
    pub must_exist: bool,
    /// `close_session=1`: it ends with this request.
    pub closes: bool,
}

/// The sessions that are open.
#[derive(Debug, Default)]
pub struct Sessions {
    open: Mutex<HashMap<String, Slot>>,
}

#[derive(Debug)]
enum Slot {
    InUse,
    Waits(Connection, Instant),
}

impl Sessions {
    /// The connection of a session, which no other request gets until it is given back. A new
    /// session begins with one from `connect`.
    ///
    /// # Errors
    /// Another request is using it (373); it does not exist and should (372); those of `connect`.
    pub fn take(
        &self,
        session: &Session,
        connect: impl FnOnce() -> Result<Connection, Exception>,
    ) -> Result<Connection, Exception> {
        {
            let mut open = self.lock();
            match open.remove(&session.id) {
                Some(Slot::InUse) => {
                    open.insert(session.id.clone(), Slot::InUse);
                    return Err(Exception::new(
                        373,
                        &format!("Session {} is locked by a concurrent client", session.id),
                    ));
                }
                Some(Slot::Waits(connection, until)) if until > Instant::now() => {
                    open.insert(session.id.clone(), Slot::InUse);
                    return Ok(connection);
                }
                _ if session.must_exist => {
                    return Err(Exception::new(
                        372,
                        &format!("Session {} not found", session.id),
                    ));
                }
                _ => {
                    open.insert(session.id.clone(), Slot::InUse);
                }
            }
        }
        let connection = connect();
        if connection.is_err() {
            self.lock().remove(&session.id);
        }
        connection
    }

    /// Gives back the connection of a session; without one, or if it can't be used again, the
    /// session ends.
    pub fn give_back(&self, session: &Session, connection: Option<Connection>) {
        let kept = connection.filter(|c| c.is_usable() && !session.closes);
        let mut open = self.lock();
        match kept {
            Some(c) => {
                let until = Instant::now() + session.timeout;
                open.insert(session.id.clone(), Slot::Waits(c, until));
            }
            None => {
                open.remove(&session.id);
            }
        }
    }

    /// Ends the sessions whose time is over at `now`.
    pub fn sweep(&self, now: Instant) {
        let over: Vec<Slot> = {
            let mut open = self.lock();
            let ids: Vec<String> = open
                .iter()
                .filter(|(_, slot)| matches!(slot, Slot::Waits(_, until) if *until <= now))
                .map(|(id, _)| id.clone())
                .collect();
            ids.iter().filter_map(|id| open.remove(id)).collect()
        };
        // Closing takes time: not while others wait for the lock.
        drop(over);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Slot>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
