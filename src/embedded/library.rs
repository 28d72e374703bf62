//! `libchdb.so`, ClickHouse's engine as a library: its C functions behind safe types.
//!
//! The only file that calls foreign functions. What the library asks of its callers is held here
//! by types: a connection runs one statement at a time (`&mut self`), every result and every
//! insert stream is destroyed once, and a result's bytes live as long as what borrows them.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::exception::Exception;
use crate::config::ConfigError;

/// The version that the Makefile fetches and the tests run against.
pub const VERSION: &str = "26.7.3-stable.1";

/// Bytes handed to a streamed insert at a time.
const CHUNK: usize = 1 << 20;

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
        Ok(Connection {
            library: self,
            raw,
            usable: true,
        })
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

/// What the engine's parser says a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// SELECT, SHOW, DESCRIBE, EXPLAIN, …: leaves no trace.
    Read,
    /// Everything else that parses.
    Other,
    /// Not SQL that the engine knows.
    Unknown,
}

/// `chdb_query_analysis_v1`.
#[repr(C)]
struct Analysis {
    size: u32,
    statements: u32,
    flags: u32,
    class: u32,
}

/// A value for `{name:Type}`, in the escaped text form of ClickHouse's `param_name=value`.
pub type Parameter = (String, String);

/// A connection to the engine with its own settings, temporary tables and current database.
#[derive(Debug)]
pub struct Connection {
    library: &'static Library,
    raw: *mut *mut c_void,
    usable: bool,
}

// SAFETY: the engine ties a connection to no thread; it asks for one statement at a time, which
// `&mut self` of every method gives. (It is not Sync.)
unsafe impl Send for Connection {}

impl Connection {
    /// False after a failed streamed insert: such a connection keeps a lock on its table until it
    /// is closed, so it must not be used again.
    pub fn is_usable(&self) -> bool {
        self.usable
    }

    /// Runs a statement; the answer comes in `format` unless the statement has a FORMAT clause.
    ///
    /// # Errors
    /// The engine's own, with its code.
    pub fn query(
        &mut self,
        sql: &[u8],
        format: &str,
        parameters: &[Parameter],
    ) -> Result<Outcome, Exception> {
        let bound = Bound::new(parameters);
        // SAFETY: every pointer comes with its length, and all they point at outlives the call.
        let raw = unsafe {
            (self.library.query)(
                self.handle(),
                sql.as_ptr().cast(),
                sql.len(),
                format.as_ptr().cast(),
                format.len(),
                bound.names.as_ptr(),
                bound.name_lengths.as_ptr(),
                bound.values.as_ptr(),
                bound.value_lengths.as_ptr(),
                bound.names.len(),
            )
        };
        self.outcome(raw)
    }

    /// Inserts `data`, written in `format`, by `sql`: an INSERT without FORMAT and data.
    ///
    /// # Errors
    /// The engine's own, or that of reading `data`. The connection is of no use afterwards.
    pub fn insert(
        &mut self,
        sql: &[u8],
        format: &str,
        parameters: &[Parameter],
        data: &mut dyn Read,
    ) -> Result<Outcome, Exception> {
        let bound = Bound::new(parameters);
        // SAFETY: as in `query`; the handle is never null.
        let raw = unsafe {
            (self.library.insert)(
                self.handle(),
                sql.as_ptr().cast(),
                sql.len(),
                format.as_ptr().cast(),
                format.len(),
                bound.names.as_ptr(),
                bound.name_lengths.as_ptr(),
                bound.values.as_ptr(),
                bound.value_lengths.as_ptr(),
                bound.names.len(),
            )
        };
        let stream = InsertStream {
            library: self.library,
            raw,
        };
        let result = stream.send(data).and_then(|result| self.outcome(result));
        self.usable = result.is_ok();
        result
    }

    /// Says what `sql` is without running it: its kind and the number of statements.
    pub fn classify(&mut self, sql: &[u8]) -> (Kind, u32) {
        let mut analysis = Analysis {
            size: size_of::<Analysis>() as u32,
            statements: 0,
            flags: 0,
            class: 4,
        };
        // SAFETY: pointer and length belong together; no target database; `analysis` has the
        // layout and the size that it tells.
        unsafe {
            (self.library.classify)(
                self.handle(),
                sql.as_ptr().cast(),
                sql.len(),
                std::ptr::null(),
                0,
                &mut analysis,
            );
        }
        let kind = match analysis.class {
            0 => Kind::Read,
            1..=3 => Kind::Other,
            _ => Kind::Unknown,
        };
        (kind, analysis.statements)
    }

    fn handle(&self) -> *mut c_void {
        // SAFETY: `raw` came from a successful connect and is closed in Drop only.
        unsafe { *self.raw }
    }

    fn outcome(&self, raw: *mut c_void) -> Result<Outcome, Exception> {
        if raw.is_null() {
            return Err(Exception::new(1001, "the engine gave no result"));
        }
        let result = RawResult {
            library: self.library,
            raw,
        };
        // SAFETY: `raw` is a live result; its error text is NUL-terminated and belongs to it.
        if let Some(message) = unsafe { text((self.library.error)(raw)) } {
            return Err(Exception::from_engine(&message));
        }
        // SAFETY: plain reads of a live result.
        let [
            read_rows,
            read_bytes,
            written_rows,
            written_bytes,
            result_rows,
            result_bytes,
        ] = self.library.counters.map(|f| unsafe { f(raw) });
        Ok(Outcome {
            read_rows,
            read_bytes,
            written_rows,
            written_bytes,
            result_rows,
            result_bytes,
            // SAFETY: as above.
            elapsed_ns: (unsafe { (self.library.elapsed)(raw) } * 1e9) as u64,
            body: Bytes::from_owner(result),
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: closed once, here; nothing else holds `raw`.
        unsafe { (self.library.close)(self.raw) }
    }
}

/// A statement's answer and what it cost.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The answer in its format, not copied from the engine's memory.
    pub body: Bytes,
    /// Rows read from tables.
    pub read_rows: u64,
    /// Bytes read from tables.
    pub read_bytes: u64,
    /// Rows inserted, those of materialized views too.
    pub written_rows: u64,
    /// Bytes inserted.
    pub written_bytes: u64,
    /// Rows of the answer.
    pub result_rows: u64,
    /// Bytes of the answer as the engine holds it.
    pub result_bytes: u64,
    /// Time in the engine.
    pub elapsed_ns: u64,
}

/// A result of the engine, destroyed once.
struct RawResult {
    library: &'static Library,
    raw: *mut c_void,
}

// SAFETY: a finished result is memory that nobody writes; it is tied to no thread.
unsafe impl Send for RawResult {}

impl AsRef<[u8]> for RawResult {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: buffer and length describe memory that the result owns until it is destroyed,
        // which is in Drop.
        unsafe {
            let (start, length) = (
                (self.library.buffer)(self.raw),
                (self.library.length)(self.raw),
            );
            if start.is_null() || length == 0 {
                return &[];
            }
            std::slice::from_raw_parts(start, length)
        }
    }
}

impl Drop for RawResult {
    fn drop(&mut self) {
        // SAFETY: destroyed once, here.
        unsafe { (self.library.destroy)(self.raw) }
    }
}

/// An open streamed insert, destroyed once.
struct InsertStream {
    library: &'static Library,
    raw: *mut c_void,
}

impl InsertStream {
    fn send(&self, data: &mut dyn Read) -> Result<*mut c_void, Exception> {
        self.check()?;
        let mut chunk = vec![0; CHUNK];
        loop {
            let filled = match fill(data, &mut chunk) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) => {
                    // SAFETY: a live stream.
                    unsafe { (self.library.cancel)(self.raw) };
                    return Err(Exception::new(33, &format!("can't read the body: {error}")));
                }
            };
            // SAFETY: a live stream; the engine copies the `filled` bytes.
            let state = unsafe { (self.library.append)(self.raw, chunk.as_ptr().cast(), filled) };
            if state != 0 {
                self.check()?;
                return Err(Exception::new(1001, "the engine took no more data"));
            }
        }
        // SAFETY: a live stream, finished once.
        Ok(unsafe { (self.library.done)(self.raw) })
    }

    fn check(&self) -> Result<(), Exception> {
        // SAFETY: a live stream; its error text is NUL-terminated and belongs to it.
        match unsafe { text((self.library.insert_error)(self.raw)) } {
            None => Ok(()),
            Some(message) => Err(Exception::from_engine(&message)),
        }
    }
}

impl Drop for InsertStream {
    fn drop(&mut self) {
        // SAFETY: destroyed once, here; cancels first if it was not finished.
        unsafe { (self.library.destroy_insert)(self.raw) }
    }
}

/// Reads until `buffer` is full or the data ends.
fn fill(data: &mut dyn Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match data.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

/// Pointers and lengths of parameters, as the C functions want them.
struct Bound {
    names: Vec<*const c_char>,
    name_lengths: Vec<usize>,
    values: Vec<*const c_char>,
    value_lengths: Vec<usize>,
}

impl Bound {
    fn new(parameters: &[Parameter]) -> Self {
        Self {
            names: parameters.iter().map(|p| p.0.as_ptr().cast()).collect(),
            name_lengths: parameters.iter().map(|p| p.0.len()).collect(),
            values: parameters.iter().map(|p| p.1.as_ptr().cast()).collect(),
            value_lengths: parameters.iter().map(|p| p.1.len()).collect(),
        }
    }
}

/// # Safety
/// `message` is null or points at a NUL-terminated string that lives through the call.
unsafe fn text(message: *const c_char) -> Option<String> {
    if message.is_null() {
        return None;
    }
    // SAFETY: passed on to the caller.
    Some(
        unsafe { CStr::from_ptr(message) }
            .to_string_lossy()
            .into_owned(),
    )
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

    #[test]
    fn chunks_are_filled_across_short_reads() {
        struct Short(&'static [u8]);
        impl Read for Short {
            fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
                let n = self.0.len().min(2).min(out.len());
                out[..n].copy_from_slice(&self.0[..n]);
                self.0 = &self.0[n..];
                Ok(n)
            }
        }
        let mut buffer = [0; 5];
        assert_eq!(fill(&mut Short(b"abcdefg"), &mut buffer).unwrap(), 5);
        assert_eq!(&buffer, b"abcde");
        assert_eq!(fill(&mut Short(b"ab"), &mut buffer).unwrap(), 2);
    }
}
