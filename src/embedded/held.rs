//! One engine a folder: for as long as it runs, it holds a lock on its file `status`.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::config::ConfigError;

/// Refuses a folder of the engine that another process holds. Asked before the engine is started,
/// which would tell it in its own words, after whatever else is in the way.
///
/// # Errors
/// Another process holds it.
pub fn refuse(path: &Path) -> Result<(), ConfigError> {
    let file = path.join("status");
    // Not there: no engine was ever started. What can't be looked at is told by the engine.
    let Ok(status) = File::open(&file) else {
        return Ok(());
    };
    match status.try_lock() {
        Err(TryLockError::WouldBlock) => Err(ConfigError {
            place: format!("{}: ", path.display()),
            field: String::new(),
            message: format!("another process{} holds this folder", process(&file)),
            mend: "end it (sada run --embedded, sada demo or sada clickhouse), or name another \
                   folder"
                .into(),
        }),
        // The lock goes with the file.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

/// ` (PID: 123)`, as the engine has written it.
fn process(status: &Path) -> String {
    let told = std::fs::read_to_string(status).unwrap_or_default();
    match told.lines().find(|line| line.starts_with("PID:")) {
        Some(line) => format!(" ({line})"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_refused_as_long_as_it_is_held() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(refuse(folder.path()), Ok(()));
        let path = folder.path().join("status");
        std::fs::write(&path, "PID: 123\nStarted at: today\n").unwrap();
        assert_eq!(refuse(folder.path()), Ok(()));
        let held = File::open(path).unwrap();
        held.lock().unwrap();
        let error = refuse(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("another process (PID: 123)") && error.contains("mend"),
            "{error}"
        );
        drop(held);
        assert_eq!(refuse(folder.path()), Ok(()));
    }
}
