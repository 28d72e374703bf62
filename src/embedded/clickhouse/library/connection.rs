//! A connection to the engine, the statements that it runs and their results.
//!
//! What the library asks of its callers is held here by types: a connection runs one statement at
//! a time (`&mut self`), every result and every insert stream is destroyed once, and a result's
//! bytes live as long as what borrows them.

use std::ffi::{CStr, c_char, c_void};
use std::io::Read;

use bytes::Bytes;

use super::super::exception::Exception;
use super::{Analysis, Library};

/// Bytes handed to a streamed insert at a time.
const CHUNK: usize = 1 << 20;

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
    /// `raw` is what a successful connect gave, and belongs to this value from now on.
    pub(super) fn new(library: &'static Library, raw: *mut *mut c_void) -> Self {
        Self {
            library,
            raw,
            usable: true,
        }
    }

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
        let outcome = self.run(sql, format, parameters);
        if outcome.is_err() {
            // The library ends a failed statement only when the connection's next one begins. Until
            // then it counts as running: `KILL QUERY … SYNC` would wait for it for ever.
            let _ = self.run(b"SELECT 1", "Null", &[]);
        }
        outcome
    }

    fn run(
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
