//! `sada tag`: lines in, one JSON object a line out, in order, on all cores.
//!
//! A thread reads lines and hands them over in chunks: what one read gave, so that a slow input is
//! answered line by line and a fast one in bulk. Memory is bounded by a few chunks.

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::sync::mpsc::{self, Receiver, SyncSender};

use clap::Args;
use rayon::prelude::*;

use super::terminal::Ink;
use super::{ConfigFile, enricher};

mod explain;
mod line;

use line::{Line, Tagger};

/// Tag texts from standard input
///
/// Reads lines and writes one JSON object a line, in order. A line that is a JSON object with a
/// string `text` keeps its other fields, before those of Sada; a field of the input that has the
/// name of one of Sada's moves to `input`. Its `lang_hint` and `locale` (BCP-47) tell the language of
/// a text that leaves it open. Any other line is a plain text. A line that can't be used (invalid
/// UTF-8, too long) gives {"error": …, "line": n}. Needs neither Kafka nor ClickHouse.
#[derive(Args)]
#[command(
    after_help = "Example:\n  echo 'Delivery was late, but the phone is great' | sada tag\n  \
    echo '{\"id\": 7, \"text\": \"کیفیتش عالی بود\"}' | sada tag\n  \
    echo 'ارسال خیلی دیر بود' | sada tag --explain"
)]
pub struct Arguments {
    /// For people: under each text what was found in it, and the words that speak for it
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// Runs the command.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let config = arguments.config.load()?;
    let tagger = Tagger {
        enricher: enricher::load(&config)?,
        longest_line: config.limits.record_bytes,
        longest_text: config.limits.text_bytes,
        explain: arguments.explain.then(Ink::of_output),
    };
    let done = stream(
        BufReader::new(io::stdin()),
        &mut io::stdout().lock(),
        &tagger,
    );
    match done {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}

/// Chunks that wait for a core.
const WAITING: usize = 4;
/// Bytes after which a chunk is handed over.
const CHUNK: usize = 1 << 18;

type Chunk = Vec<Line>;

fn stream(
    input: impl BufRead + HasMore + Send + 'static,
    output: &mut impl Write,
    tagger: &Tagger,
) -> io::Result<()> {
    let (send, chunks) = mpsc::sync_channel(WAITING);
    let longest = tagger.longest_line;
    std::thread::spawn(move || read(input, longest, &send));
    let mut number = 0;
    while let Some(lines) = next(&chunks)? {
        let answers: Vec<String> = lines
            .par_iter()
            .enumerate()
            .map(|(n, line)| tagger.answer(number + 1 + n as u64, line))
            .collect();
        number += answers.len() as u64;
        for answer in answers {
            output.write_all(answer.as_bytes())?;
        }
        output.flush()?;
    }
    Ok(())
}

/// All lines that wait, at least one; none at the end of the input.
fn next(chunks: &Receiver<io::Result<Chunk>>) -> io::Result<Option<Chunk>> {
    let Ok(first) = chunks.recv() else {
        return Ok(None);
    };
    let mut lines = first?;
    for more in chunks.try_iter().take(WAITING) {
        lines.append(&mut more?);
    }
    Ok(Some(lines))
}

/// Whether bytes are there that a read would give without waiting.
trait HasMore {
    fn has_more(&self) -> bool;
}

impl<R> HasMore for BufReader<R> {
    fn has_more(&self) -> bool {
        !self.buffer().is_empty()
    }
}

fn read(mut input: impl BufRead + HasMore, longest: usize, chunks: &SyncSender<io::Result<Chunk>>) {
    let mut chunk = Chunk::new();
    let mut bytes = 0;
    loop {
        let line = match read_line(&mut input, longest) {
            Ok(line) => line,
            Err(error) => {
                // The receiver may be gone; then nobody waits for the error.
                let _ = chunks
                    .send(Ok(chunk))
                    .and_then(|()| chunks.send(Err(error)));
                return;
            }
        };
        let end = line.is_none();
        if let Some(line) = line {
            bytes += line.bytes();
            chunk.push(line);
        }
        if end || bytes >= CHUNK || !input.has_more() {
            bytes = 0;
            if !chunk.is_empty() && chunks.send(Ok(std::mem::take(&mut chunk))).is_err() {
                return;
            }
        }
        if end {
            return;
        }
    }
}

/// The next line without its end. Of a line over `longest` bytes only its length is kept.
fn read_line(input: &mut impl BufRead, longest: usize) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    let mut length = 0;
    let mut any = false;
    loop {
        let available = match input.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            break;
        }
        any = true;
        let end = memchr::memchr(b'\n', available);
        let taken = end.unwrap_or(available.len());
        length += taken;
        if length <= longest {
            line.extend_from_slice(&available[..taken]);
        } else {
            line = Vec::new();
        }
        input.consume(taken + usize::from(end.is_some()));
        if end.is_some() {
            break;
        }
    }
    if !any {
        return Ok(None);
    }
    if length > longest {
        return Ok(Some(Line::TooLong(length)));
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Some(Line::Bytes(line)))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use serde_json::Value;

    use super::*;
    use crate::config::Config;

    fn tagger() -> Tagger {
        Tagger {
            enricher: enricher::load(&Config::default()).unwrap(),
            longest_line: 2000,
            longest_text: 64,
            explain: None,
        }
    }

    fn tag(input: &[u8]) -> Vec<Value> {
        let mut output = Vec::new();
        let input = BufReader::with_capacity(61, Cursor::new(input.to_vec()));
        stream(input, &mut output, &tagger()).unwrap();
        let text = String::from_utf8(output).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect()
    }

    #[test]
    fn every_line_is_answered_in_order() {
        let input: String = (0..500)
            .map(|n| format!("{{\"n\":{n},\"text\":\"nr {n}\"}}\n"))
            .collect();
        let answers = tag(input.as_bytes());
        assert_eq!(answers.len(), 500);
        for (n, answer) in answers.iter().enumerate() {
            assert_eq!(answer["n"], n);
            assert_eq!(answer["text"], format!("nr {n}"));
        }
    }

    #[test]
    fn unusable_lines_stand_between_their_neighbours() {
        let mut input = b"one\n\xff\xfe bad\ntwo\n".to_vec();
        input.extend(vec![b'x'; 2001]);
        input.extend(b"\n\r\nlast without end");
        let answers = tag(&input);
        assert_eq!(answers.len(), 6);
        assert_eq!(
            (&answers[0]["text"], &answers[2]["text"]),
            (&"one".into(), &"two".into())
        );
        assert_eq!(answers[1]["line"], 2);
        assert!(answers[1]["error"].as_str().unwrap().contains("UTF-8"));
        assert_eq!(answers[3]["line"], 4);
        assert!(answers[3]["error"].as_str().unwrap().contains("2001"));
        assert_eq!(
            (&answers[4]["text"], &answers[4]["sentiment"]),
            (&"".into(), &"unknown".into())
        );
        assert_eq!(answers[5]["text"], "last without end");
        assert!(tag(b"").is_empty());
    }

    /// Gives one line a read and refuses the next until the last one was answered.
    struct Conversation {
        lines: Vec<&'static [u8]>,
        answered: Receiver<()>,
    }

    impl Read for Conversation {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(line) = self.lines.pop() else {
                return Ok(0);
            };
            self.answered.recv().map_err(io::Error::other)?;
            buffer[..line.len()].copy_from_slice(line);
            Ok(line.len())
        }
    }

    struct Answers(SyncSender<()>, usize);

    impl Write for Answers {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1 += bytes.iter().filter(|b| **b == b'\n').count();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            // After the last line nobody waits any more.
            let _ = self.0.send(());
            Ok(())
        }
    }

    #[test]
    fn a_slow_input_is_answered_line_by_line() {
        let (send, answered) = mpsc::sync_channel(8);
        send.send(()).unwrap();
        let lines = vec![&b"third\n"[..], b"second\n", b"first\n"];
        let mut output = Answers(send, 0);
        let input = BufReader::new(Conversation { lines, answered });
        stream(input, &mut output, &tagger()).unwrap();
        assert_eq!(output.1, 3);
    }
}
