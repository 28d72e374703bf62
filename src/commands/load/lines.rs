//! Files to records: decompression, format, and where one record ends and the next begins.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use anyhow::{Context, bail};
use clap::ValueEnum;
use serde_json::{Map, Value};

use crate::feedback::Millis;

/// Longest line kept. What is behind it is dropped: such a record is past every limit anyway.
const LONGEST: usize = 16 << 20;

/// How a file is divided into records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a line
    Jsonl,
    /// A header, then one row a record; comma, semicolon or tab
    Csv,
    /// One text a line
    Text,
    /// Texts between blank lines
    Paragraphs,
    /// Every line as it is
    #[value(skip)]
    Raw,
}

/// One record of a file.
#[derive(Debug, PartialEq)]
pub enum Record<'a> {
    /// A blank line: nothing to send.
    Blank,
    /// A bare text.
    Text(&'a str),
    /// A JSON object or a row of CSV, and its bytes as they stand in the file.
    Object(Map<String, Value>, &'a [u8]),
    /// Bytes that hold neither.
    Unusable(&'a [u8]),
}

/// An opened file or standard input.
pub struct Input {
    /// Name as given; `-` for standard input.
    pub name: String,
    /// When the file was last changed.
    pub modified: Option<Millis>,
    read: Arc<AtomicU64>,
    rows: Rows,
    number: u64,
    /// The record's bytes, kept for the next one.
    buffer: Vec<u8>,
}

enum Rows {
    Lines(Box<dyn BufRead>, Format),
    Csv(Box<csv::Reader<Box<dyn BufRead>>>, Vec<String>),
}

impl Input {
    /// Opens a file, or standard input for `-`.
    ///
    /// Compression is known by the first bytes; the format by `format`, else by the name's ending
    /// (under `.gz` or `.zst`), else by the first character: `{` begins JSON Lines.
    ///
    /// # Errors
    /// The file can't be read, or its header or its form says that no record can be had from it.
    pub fn open(name: &str, format: Option<Format>) -> anyhow::Result<Self> {
        let read = Arc::new(AtomicU64::new(0));
        let (source, modified): (Box<dyn Read>, _) = if name == "-" {
            (Box::new(io::stdin()), None)
        } else {
            let file = File::open(name).with_context(|| format!("can't open {name}"))?;
            let about = file.metadata()?;
            if about.is_dir() {
                bail!("{name} is a folder: name the files in it");
            }
            let modified = about.modified().ok();
            let modified = modified.and_then(|m| m.duration_since(UNIX_EPOCH).ok());
            let modified = modified.and_then(|m| Millis::try_from(m.as_millis()).ok());
            (Box::new(file), modified)
        };
        let counted = Counted {
            source,
            read: Arc::clone(&read),
        };
        let mut reader = decompressed(counted).with_context(|| format!("can't read {name}"))?;
        let format = match format.or_else(|| format_of_name(name)) {
            Some(format) => format,
            None => sniff(&mut *reader).with_context(|| format!("can't read {name}"))?,
        };
        let rows = match format {
            Format::Csv => open_csv(reader).with_context(|| format!("can't read {name}"))?,
            _ => Rows::Lines(reader, format),
        };
        Ok(Self {
            name: name.to_owned(),
            modified,
            read,
            rows,
            number: 0,
            buffer: Vec::new(),
        })
    }

    /// Bytes of the file read so far, as they lie on the disk.
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Number of the record that [`next`](Self::next) gave last, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Names of the columns, if the file has a header.
    pub fn columns(&self) -> Option<&[String]> {
        match &self.rows {
            Rows::Csv(_, columns) => Some(columns),
            Rows::Lines(..) => None,
        }
    }

    /// The next record.
    ///
    /// # Errors
    /// The file can't be read further (a damaged archive, a JSON array in place of lines).
    #[allow(clippy::should_implement_trait)] // it lends its buffer
    pub fn next(&mut self) -> anyhow::Result<Option<Record<'_>>> {
        let is_first = self.number == 0;
        self.number += 1;
        self.buffer.clear();
        match &mut self.rows {
            Rows::Csv(reader, columns) => next_row(reader, columns, &mut self.buffer),
            Rows::Lines(reader, format) => {
                let format = *format;
                let more = match format {
                    Format::Paragraphs => read_paragraph(&mut **reader, &mut self.buffer)?,
                    _ => read_line(&mut **reader, &mut self.buffer)?,
                };
                if !more {
                    return Ok(None);
                }
                let mut bytes = self.buffer.as_slice();
                if is_first {
                    bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
                }
                classify(bytes, format, is_first).map(Some)
            }
        }
    }
}

fn classify(bytes: &[u8], format: Format, is_first: bool) -> anyhow::Result<Record<'_>> {
    let text = std::str::from_utf8(bytes);
    if text.is_ok_and(|t| t.trim().is_empty()) {
        return Ok(Record::Blank);
    }
    Ok(match (format, text) {
        (Format::Raw, _) | (_, Err(_)) => Record::Unusable(bytes),
        (Format::Jsonl, Ok(text)) => match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Record::Object(object, bytes),
            // Half an array of objects is an array written over several lines.
            Ok(Value::Array(_)) if is_first => bail!(ARRAY),
            Err(_) if is_first && text.trim() == "[" => bail!(ARRAY),
            _ => Record::Unusable(bytes),
        },
        (_, Ok(text)) => Record::Text(text),
    })
}

const ARRAY: &str =
    "the file is one JSON array; give one object a line: jq -c '.[]' FILE | sada load -";

fn next_row<'a>(
    reader: &mut csv::Reader<Box<dyn BufRead>>,
    columns: &[String],
    buffer: &'a mut Vec<u8>,
) -> anyhow::Result<Option<Record<'a>>> {
    let mut row = csv::ByteRecord::new();
    if !reader.read_byte_record(&mut row)? {
        return Ok(None);
    }
    for (i, field) in row.iter().enumerate() {
        if i > 0 {
            buffer.push(b',');
        }
        buffer.extend_from_slice(field);
    }
    let mut object = Map::with_capacity(columns.len());
    for (column, field) in columns.iter().zip(row.iter()) {
        let Ok(field) = std::str::from_utf8(field) else {
            return Ok(Some(Record::Unusable(buffer)));
        };
        object.insert(column.clone(), Value::from(field));
    }
    Ok(Some(Record::Object(object, buffer)))
}

fn open_csv(mut reader: Box<dyn BufRead>) -> anyhow::Result<Rows> {
    let mut header = Vec::new();
    read_line(&mut *reader, &mut header)?;
    let count = |delimiter: u8| header.iter().filter(|b| **b == delimiter).count();
    let delimiter = [b'\t', b';', b','].into_iter().max_by_key(|d| count(*d));
    header.push(b'\n');
    let reader: Box<dyn BufRead> = Box::new(io::Cursor::new(header).chain(reader));
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter.unwrap_or(b','))
        // A row too short or too long is a bad record, not the end of the file.
        .flexible(true)
        .from_reader(reader);
    let columns = reader.headers().context("the header is not UTF-8")?;
    let columns = columns.iter().map(|c| c.trim().to_owned()).collect();
    Ok(Rows::Csv(Box::new(reader), columns))
}

fn format_of_name(name: &str) -> Option<Format> {
    let name = name.to_ascii_lowercase();
    let name = [".zst", ".gz"]
        .iter()
        .find_map(|e| name.strip_suffix(e))
        .unwrap_or(&name);
    match Path::new(name).extension()?.to_str()? {
        "jsonl" | "ndjson" | "json" => Some(Format::Jsonl),
        "csv" | "tsv" => Some(Format::Csv),
        "txt" => Some(Format::Text),
        _ => None,
    }
}

fn sniff(reader: &mut dyn BufRead) -> io::Result<Format> {
    let start = reader.fill_buf()?;
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let first = start.iter().find(|b| !b.is_ascii_whitespace());
    Ok(match first {
        Some(b'{') => Format::Jsonl,
        _ => Format::Text,
    })
}

fn decompressed(source: Counted) -> io::Result<Box<dyn BufRead>> {
    let mut source = BufReader::with_capacity(1 << 16, source);
    // A pipe may give its first bytes one by one: read on until four are there.
    let mut magic = Vec::new();
    (&mut source).take(4).read_to_end(&mut magic)?;
    let is_zstd = magic == [0x28, 0xb5, 0x2f, 0xfd];
    let is_gzip = magic.starts_with(&[0x1f, 0x8b]);
    let whole = io::Cursor::new(magic).chain(source);
    Ok(if is_zstd {
        Box::new(BufReader::new(zstd::stream::read::Decoder::with_buffer(
            whole,
        )?))
    } else if is_gzip {
        Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(whole)))
    } else {
        Box::new(whole)
    })
}

/// Reads a line without its end. False at the end of the file.
fn read_line(reader: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    let mut any = false;
    loop {
        let part = reader.fill_buf()?;
        if part.is_empty() {
            break;
        }
        any = true;
        let end = memchr::memchr(b'\n', part);
        let kept = &part[..end.unwrap_or(part.len())];
        line.extend_from_slice(&kept[..kept.len().min(LONGEST - line.len().min(LONGEST))]);
        let used = end.map_or(part.len(), |e| e + 1);
        reader.consume(used);
        if end.is_some() {
            break;
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(any)
}

/// Reads lines up to a blank one. False at the end of the file.
fn read_paragraph(reader: &mut dyn BufRead, paragraph: &mut Vec<u8>) -> io::Result<bool> {
    let mut line = Vec::new();
    while read_line(reader, &mut line)? {
        if std::str::from_utf8(&line).is_ok_and(|l| l.trim().is_empty()) {
            if !paragraph.is_empty() {
                return Ok(true);
            }
        } else if paragraph.len() + line.len() < LONGEST {
            if !paragraph.is_empty() {
                paragraph.push(b'\n');
            }
            paragraph.extend_from_slice(&line);
        }
        line.clear();
    }
    Ok(!paragraph.is_empty())
}

/// Counts the bytes that go through.
struct Counted {
    source: Box<dyn Read>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(buffer)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// What a file of that name and content gives, one short description a record.
    fn records(name: &str, content: &[u8], format: Option<Format>) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let mut input = Input::open(path.to_str().unwrap(), format).unwrap();
        let mut records = Vec::new();
        while let Some(record) = input.next().unwrap() {
            records.push(match record {
                Record::Blank => "blank".to_owned(),
                Record::Text(text) => format!("text {text}"),
                Record::Object(object, _) => format!("object {}", Value::from(object)),
                Record::Unusable(bytes) => format!("unusable {}", bytes.escape_ascii()),
            });
        }
        assert_eq!(input.read(), content.len() as u64);
        records
    }

    #[test]
    fn json_lines_objects_others_and_blanks() {
        let content = "\u{feff}{\"text\":\"خوب\"}\r\n\n{\"text\":\n[1]\n\"a\"\n{\"n\":1}";
        assert_eq!(
            records("a.jsonl", content.as_bytes(), None),
            [
                "object {\"text\":\"خوب\"}",
                "blank",
                "unusable {\\\"text\\\":",
                "unusable [1]",
                "unusable \\\"a\\\"",
                "object {\"n\":1}"
            ]
        );
    }

    #[test]
    fn plain_text_by_lines_and_by_paragraphs() {
        let content = "one\n\u{a0}\ntwo\nthree\n\n\n four \n".as_bytes();
        let lines = [
            "text one",
            "blank",
            "text two",
            "text three",
            "blank",
            "blank",
            "text  four ",
        ];
        assert_eq!(records("a.txt", content, None), lines);
        assert_eq!(
            records("a.txt", content, Some(Format::Paragraphs)),
            ["text one", "text two\nthree", "text  four "]
        );
    }

    #[test]
    fn csv_rows_with_quotes_short_rows_and_other_delimiters() {
        let content = b"id,text\n1,\"a, \"\"b\"\"\nc\"\n2\n3,\xff\n";
        assert_eq!(
            records("a.csv", content, None),
            [
                "object {\"id\":\"1\",\"text\":\"a, \\\"b\\\"\\nc\"}",
                "object {\"id\":\"2\"}",
                "unusable 3,\\xff"
            ]
        );
        let content = "\u{feff}id;text\n1;گران\n".as_bytes();
        assert_eq!(
            records("a.csv", content, None),
            ["object {\"id\":\"1\",\"text\":\"گران\"}"]
        );
        assert_eq!(
            records("a.tsv", b"id\ttext\n1\ta,b\n", None),
            ["object {\"id\":\"1\",\"text\":\"a,b\"}"]
        );
    }

    #[test]
    fn compression_is_known_by_content_and_frames_may_follow_each_other() {
        let mut zstd = zstd::encode_all("{\"text\":\"a\"}\n".as_bytes(), 1).unwrap();
        zstd.extend(zstd::encode_all("{\"text\":\"b\"}\n".as_bytes(), 1).unwrap());
        let expected = ["object {\"text\":\"a\"}", "object {\"text\":\"b\"}"];
        assert_eq!(records("a.jsonl.zst", &zstd, None), expected);
        assert_eq!(records("unnamed", &zstd, None), expected, "by the brace");

        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"first\nsecond").unwrap();
        let gzip = gzip.finish().unwrap();
        assert_eq!(records("a.gz", &gzip, None), ["text first", "text second"]);
        assert_eq!(records("empty", b"", None), [""; 0]);
    }

    #[test]
    fn bytes_that_are_no_text_go_as_they_are() {
        assert_eq!(records("a.txt", b"a\xffb\n", None), ["unusable a\\xffb"]);
        let raw = records("a.jsonl", b"{\"text\":\"a\"}\nb\n", Some(Format::Raw));
        assert_eq!(raw, ["unusable {\\\"text\\\":\\\"a\\\"}", "unusable b"]);
    }

    #[test]
    fn an_array_and_a_damaged_archive_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            let mut input = Input::open(path.to_str().unwrap(), None).unwrap();
            input.next().unwrap_err().to_string()
        };
        assert!(refused("a.json", b"[{\"text\":\"a\"}]").contains("jq -c"));
        assert!(refused("b.json", b"[\n{\"text\":\"a\"}\n]").contains("jq -c"));
        let mut zstd = zstd::encode_all("text\n".repeat(1000).as_bytes(), 1).unwrap();
        zstd.truncate(zstd.len() - 4);
        zstd[10] ^= 0xff;
        let damaged = folder.path().join("a.zst");
        std::fs::write(&damaged, zstd).unwrap();
        let read_all = |mut input: Input| -> anyhow::Result<()> {
            while input.next()?.is_some() {}
            Ok(())
        };
        let result = Input::open(damaged.to_str().unwrap(), None).and_then(read_all);
        assert!(result.is_err());
        assert!(Input::open("no such file", None).is_err());
    }
}
