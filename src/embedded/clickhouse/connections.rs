//! Connections to the engine, kept and used again by requests that want the same of them.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::exception::Exception;
use super::library::{Connection, Library};

/// Most connections that wait for a next request.
const MAX_IDLE: usize = 32;

/// What a request wants of its connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Purpose {
    /// Current database; the engine's `default` if none.
    pub database: Option<String>,
    /// Settings in the order of their names.
    pub settings: Vec<(String, String)>,
}

impl Purpose {
    /// A purpose that no second request will have: a token of one insert, one query's id.
    fn is_unique(&self) -> bool {
        self.settings
            .iter()
            .any(|(name, _)| matches!(name.as_str(), "insert_deduplication_token" | "log_comment"))
    }
}

/// The engine and its connections. While this lives, the engine runs: it merges parts and
/// refreshes views in the background and would stop with its last connection.
#[derive(Debug)]
pub struct Connections {
    library: &'static Library,
    path: PathBuf,
    idle: Mutex<HashMap<Purpose, Vec<Connection>>>,
    settings: HashSet<String>,
    /// The engine's time zone.
    pub timezone: String,
    /// ClickHouse's version.
    pub version: String,
    // Last: dropped after the idle ones, and with it the engine stops.
    _engine: Mutex<Connection>,
}

impl Connections {
    /// Starts the engine on the data in `path`.
    ///
    /// # Errors
    /// The engine can't start there.
    pub fn open(library: &'static Library, path: &Path) -> Result<Self, Exception> {
        let mut first = library.connect(path)?;
        let mut lines = |sql: &str| -> Result<Vec<String>, Exception> {
            let outcome = first.query(sql.as_bytes(), "TSVRaw", &[])?;
            let text = String::from_utf8_lossy(&outcome.body);
            Ok(text.lines().map(str::to_owned).collect())
        };
        let settings = lines("SELECT name FROM system.settings")?
            .into_iter()
            .collect();
        let timezone = lines("SELECT timezone()")?.concat();
        let version = lines("SELECT version()")?.concat();
        Ok(Self {
            library,
            path: path.to_path_buf(),
            idle: Mutex::default(),
            settings,
            timezone,
            version,
            _engine: Mutex::new(first),
        })
    }

    /// Whether the engine has a setting of this name.
    pub fn knows(&self, setting: &str) -> bool {
        self.settings.contains(setting)
    }

    /// A connection for `purpose`: one that waits, or a new one.
    ///
    /// # Errors
    /// Unknown database, bad value of a setting, no more connections.
    pub fn take(&self, purpose: &Purpose) -> Result<Connection, Exception> {
        if let Some(connection) = self.lock().get_mut(purpose).and_then(Vec::pop) {
            return Ok(connection);
        }
        let mut connection = self.library.connect(&self.path)?;
        if let Some(database) = &purpose.database {
            connection.query(format!("USE {}", name(database)).as_bytes(), "Null", &[])?;
        }
        set(&mut connection, &purpose.settings)?;
        Ok(connection)
    }

    /// Gives back a connection that is as `take` made it. Others are dropped, which closes them.
    pub fn give_back(&self, purpose: Purpose, connection: Connection) {
        let mut idle = self.lock();
        let total: usize = idle.values().map(Vec::len).sum();
        if connection.is_usable() && total < MAX_IDLE && !purpose.is_unique() {
            idle.entry(purpose).or_default().push(connection);
        } else if total >= MAX_IDLE {
            // Rare purposes must not keep common ones out for ever.
            let old = std::mem::take(&mut *idle);
            drop(idle);
            drop(old);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Purpose, Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts settings on a connection, where they stay.
///
/// # Errors
/// A bad value, or one that may not be changed (`readonly`).
pub fn set(connection: &mut Connection, settings: &[(String, String)]) -> Result<(), Exception> {
    if settings.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = settings
        .iter()
        .map(|(setting, value)| format!("{} = {}", name(setting), text(value)))
        .collect();
    connection
        .query(format!("SET {}", list.join(", ")).as_bytes(), "Null", &[])
        .map(|_| ())
}

/// `value` as a name in SQL.
pub fn name(value: &str) -> String {
    format!("`{}`", value.replace('\\', "\\\\").replace('`', "\\`"))
}

/// `value` as a text in SQL.
pub fn text(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_are_quoted() {
        assert_eq!(name("a`b\\"), "`a\\`b\\\\`");
        assert_eq!(text("it's \\"), "'it\\'s \\\\'");
    }

    #[test]
    fn tokens_make_a_purpose_unique() {
        let mut purpose = Purpose::default();
        purpose.settings.push(("max_threads".into(), "1".into()));
        assert!(!purpose.is_unique());
        purpose
            .settings
            .push(("insert_deduplication_token".into(), "x".into()));
        assert!(purpose.is_unique());
    }
}
