//! `libchdb.so`, ClickHouse's engine as a library: where it lies, its C functions, and the first
//! of them, which connects.
//!
//! This file and `connection.rs` are the only ones that call foreign functions.

mod connection;

pub use connection::{Connection, Kind, Outcome, Parameter};

use std::ffi::{CString, c_char, c_int, c_void};
use std::path::{Path, PathBuf};

use super::exception::Exception;
use crate::config::ConfigError;

/// The version that the Makefile fetches and the tests run against.
pub const VERSION: &str = "26.7.3-stable.1";

type Connect = unsafe extern "C" fn(c_int, *mut *mut c_char) -> *mut *mut c_void;
type Names = *const *const c_char;
type Lengths = *const usize;
type QueryFn = unsafe extern "C" fn(
    *mut c_void,
    *const c_char,
    usize,
    *const c_char,
    usize,
    Names,
    Lengths,
    Names,
    Lengths,
    usize,
) -> *mut c_void;
type Classify = unsafe extern "C" fn(
    *mut c_void,
    *const c_char,
    usize,
    *const c_char,
    usize,
    *mut Analysis,
) -> c_int;

/// `chdb_query_analysis_v1`.
#[repr(C)]
struct Analysis {
    size: u32,
    statements: u32,
    flags: u32,
    class: u32,
}

/// The engine's functions. One a process: the engine keeps its state in globals, so the library
/// is never unloaded and this value lives for ever.
#[derive(Debug)]
pub struct Library {
    connect: Connect,
    close: unsafe extern "C" fn(*mut *mut c_void),
    query: QueryFn,
    classify: Classify,
    insert: QueryFn,
    append: unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> c_int,
    done: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    cancel: unsafe extern "C" fn(*mut c_void),
    insert_error: unsafe extern "C" fn(*mut c_void) -> *const c_char,
    destroy_insert: unsafe extern "C" fn(*mut c_void),
    buffer: unsafe extern "C" fn(*mut c_void) -> *const u8,
    length: unsafe extern "C" fn(*mut c_void) -> usize,
    error: unsafe extern "C" fn(*mut c_void) -> *const c_char,
    destroy: unsafe extern "C" fn(*mut c_void),
    counters: [unsafe extern "C" fn(*mut c_void) -> u64; 6],
    elapsed: unsafe extern "C" fn(*mut c_void) -> f64,
}

/// Where the library lies: `given`, else `$SADA_LIBCHDB`, else the cache folder.
///
/// # Errors
/// There is no file at that place; the mend says how to fetch it.
pub fn find(given: Option<&Path>) -> Result<PathBuf, ConfigError> {
    let path = match given {
        Some(path) => path.to_path_buf(),
        None => match std::env::var_os("SADA_LIBCHDB").filter(|v| !v.is_empty()) {
            Some(path) => path.into(),
            None => cache_folder().join("chdb").join(VERSION).join("libchdb.so"),
        },
    };
    if path.is_file() {
        return Ok(path);
    }
    Err(ConfigError {
        place: String::new(),
        field: "--library".into(),
        message: format!(
            "the ClickHouse engine is not at {} (libchdb {VERSION})",
            path.display()
        ),
        mend: "run `make libchdb` to fetch it once, or name the file with --library or \
               SADA_LIBCHDB"
            .into(),
    })
}

/// `$SADA_CACHE`, else `$XDG_CACHE_HOME/sada`, else `~/.cache/sada`.
pub fn cache_folder() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    if let Some(folder) = set("SADA_CACHE") {
        return folder.into();
    }
    if let Some(folder) = set("XDG_CACHE_HOME") {
        return PathBuf::from(folder).join("sada");
    }
    PathBuf::from(set("HOME").unwrap_or_default())
        .join(".cache")
        .join("sada")
}

impl Library {
    /// Loads the engine. Takes about a second: the file has over 500 MB.
    ///
    /// # Errors
    /// The file is no library for this machine, or lacks a function (another version).
    pub fn load(path: &Path) -> Result<&'static Self, ConfigError> {
        let wrong = |error: libloading::Error| ConfigError {
            place: String::new(),
            field: "--library".into(),
            message: format!("can't load {}: {error}", path.display()),
            mend: format!("fetch libchdb {VERSION} for this machine with `make libchdb`"),
        };
        // SAFETY: loading runs the library's initialisers. The file is the one the user named or
        // the Makefile fetched and checked; there is no way to verify code before it runs.
        let library = unsafe { libloading::Library::new(path) }.map_err(wrong)?;
        // SAFETY: the types are those of chdb.h of this version. A function that is missing is an
        // error, and the pointers stay valid because the library is never unloaded (below).
        let functions = unsafe {
            Self {
                connect: symbol(&library, "chdb_connect").map_err(wrong)?,
                close: symbol(&library, "chdb_close_conn").map_err(wrong)?,
                query: symbol(&library, "chdb_query_with_params_n").map_err(wrong)?,
                classify: symbol(&library, "chdb_classify_query_n").map_err(wrong)?,
                insert: symbol(&library, "chdb_stream_insert_with_params_n").map_err(wrong)?,
                append: symbol(&library, "chdb_stream_append").map_err(wrong)?,
                done: symbol(&library, "chdb_stream_done").map_err(wrong)?,
                cancel: symbol(&library, "chdb_stream_cancel_insert").map_err(wrong)?,
                insert_error: symbol(&library, "chdb_stream_insert_error").map_err(wrong)?,
                destroy_insert: symbol(&library, "chdb_destroy_insert_stream").map_err(wrong)?,
                buffer: symbol(&library, "chdb_result_buffer").map_err(wrong)?,
                length: symbol(&library, "chdb_result_length").map_err(wrong)?,
                error: symbol(&library, "chdb_result_error").map_err(wrong)?,
                destroy: symbol(&library, "chdb_destroy_query_result").map_err(wrong)?,
                counters: [
                    symbol(&library, "chdb_result_storage_rows_read").map_err(wrong)?,
                    symbol(&library, "chdb_result_storage_bytes_read").map_err(wrong)?,
                    symbol(&library, "chdb_result_rows_written").map_err(wrong)?,
                    symbol(&library, "chdb_result_bytes_written").map_err(wrong)?,
                    symbol(&library, "chdb_result_rows_read").map_err(wrong)?,
                    symbol(&library, "chdb_result_bytes_read").map_err(wrong)?,
                ],
                elapsed: symbol(&library, "chdb_result_elapsed").map_err(wrong)?,
            }
        };
        // The engine's threads run in the library's code: unloading it would pull it from under
        // them.
        std::mem::forget(library);
        Ok(Box::leak(Box::new(functions)))
    }

    /// Opens a connection to the data in `path`. The first one starts the engine; all of a
    /// process must name the same path.
    ///
    /// # Errors
    /// The engine can't start there (another process holds the path, no rights, broken files). It
    /// says the cause on standard error only.
    pub fn connect(&'static self, path: &Path) -> Result<Connection, Exception> {
        let text = |s: String| {
            CString::new(s).map_err(|_| Exception::new(36, "the path holds a NUL byte"))
        };
        let arguments = [
            text("clickhouse".into())?,
            text(format!("--path={}", path.display()))?,
        ];
        let mut pointers = arguments.each_ref().map(|a| a.as_ptr().cast_mut());
        // SAFETY: `pointers` are that many NUL-terminated strings that outlive the call; the
        // engine copies what it keeps and writes to none of them.
        let raw = unsafe { (self.connect)(pointers.len() as c_int, pointers.as_mut_ptr()) };
        if raw.is_null() {
            return Err(Exception::new(
                210,
                "the embedded engine refused a connection; its own message is on standard error",
            ));
        }
        Ok(Connection::new(self, raw))
    }
}

/// # Safety
/// `T` is the function's type as chdb.h declares it, and the library is never unloaded.
unsafe fn symbol<T: Copy>(
    library: &libloading::Library,
    name: &str,
) -> Result<T, libloading::Error> {
    // SAFETY: passed on to the caller.
    unsafe { library.get::<T>(name).map(|s| *s) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_library_is_told_with_its_mend() {
        let error = find(Some(Path::new("/nowhere/libchdb.so"))).unwrap_err();
        assert!(error.message.contains("/nowhere/libchdb.so"), "{error}");
        assert!(error.mend.contains("make libchdb"), "{error}");
    }

    #[test]
    fn a_file_that_is_no_library_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Library::load(file.path()).unwrap_err();
        assert!(error.message.contains("can't load"), "{error}");
    }
}
