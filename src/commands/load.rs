//! `sada load`: feedback files to the topic, one record a line.

use super::say;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

use crate::commands::ConfigFile;
use crate::feedback::Millis;

mod event;
mod lines;
mod sender;
mod target;

use event::{Kind, Message, Place, Wrapping};
use lines::{Format, Input, Record};
use sender::{Outcome, Sender};
use target::{Target, Told};

/// Send feedback files to Kafka: JSON Lines, CSV or plain text, also .gz and .zst
#[derive(Args, Debug)]
#[command(
    long_about = "Send feedback files to Kafka: JSON Lines, CSV or plain text, also .gz and .zst.\n\n\
        Every line becomes one record. A bare text is wrapped into an event; a line that is a whole \
        event (a JSON object with specversion and type) goes as it is, and so does one that holds no \
        text: the pipeline makes it a dead letter. Short fields beside the text are kept as labels.\n\n\
        A line loaded again is the same item again, not a second one: its identifier comes from \
        --id-field, else from the file's name, the line's number and the text; its time from \
        --time-field, else from the file's last change (standard input: from now).",
    after_help = "Examples:\n  \
        sada load reviews.jsonl.zst --text-field text --time-field date\n  \
        sada load tickets.csv --kind message --text-field body --customer-field user\n  \
        zstdcat *.zst | sada load - --kind review --text-field text --embedded demo-data"
)]
pub struct Arguments {
    /// Files; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,

    /// What a bare text is
    #[arg(long, value_enum, default_value = "review")]
    kind: Kind,

    /// Format; without it by the file's name, else by its first character
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Plain text: records are separated by blank lines (same as --format paragraphs)
    #[arg(long, conflicts_with_all = ["format", "raw"])]
    paragraphs: bool,

    /// Send every line as it is, without wrapping
    #[arg(long, conflicts_with = "format")]
    raw: bool,

    /// Field or column that holds the text
    #[arg(long, value_name = "NAME", default_value = "text")]
    text_field: String,

    /// Field that identifies the item at its source
    #[arg(long, value_name = "NAME")]
    id_field: Option<String>,

    /// Field that says when the item was created: RFC 3339, or seconds or milliseconds since 1970
    #[arg(long, value_name = "NAME")]
    time_field: Option<String>,

    /// Field that identifies the customer
    #[arg(long, value_name = "NAME")]
    customer_field: Option<String>,

    /// Field that holds the stars of a review, 1 to 5
    #[arg(long, value_name = "NAME")]
    rating_field: Option<String>,

    /// Owner of the items
    #[arg(long)]
    tenant: Option<String>,

    /// Platform of reviews, survey of responses, system of messages
    #[arg(long, default_value = "load")]
    source: String,

    /// At most so many records a second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    rate: Option<u64>,

    /// Topic; without it the configuration's first
    #[arg(long)]
    topic: Option<String>,

    /// host:port, several separated by commas; without it the configuration's
    #[arg(long, conflicts_with = "embedded")]
    brokers: Option<String>,

    /// Folder of a running `sada demo` or `sada run --embedded`; demo-data is found by itself
    #[arg(long, value_name = "DIR")]
    embedded: Option<PathBuf>,

    #[command(flatten)]
    config: ConfigFile,
}

/// What the lines of a file were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    wrapped: u64,
    events: u64,
    as_they_are: u64,
    blank: u64,
}

impl Counts {
    fn records(self) -> u64 {
        self.wrapped + self.events + self.as_they_are
    }

    fn add(&mut self, other: Counts) {
        self.wrapped += other.wrapped;
        self.events += other.events;
        self.as_they_are += other.as_they_are;
        self.blank += other.blank;
    }
}

/// Runs the command.
///
/// # Errors
/// A file can't be read, no broker answers, a record is refused. What was sent before stays sent;
/// loading again sends the same items.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let config = arguments.config.load()?;
    let told = Told {
        brokers: arguments.brokers.as_deref(),
        embedded: arguments.embedded.as_deref(),
        topic: arguments.topic.as_deref(),
    };
    let target = Target::find(&told, &config)?;
    // Before anything is sent: a wrong name or column should not be found half way.
    for name in arguments.files.iter().filter(|f| *f != "-") {
        arguments.check_columns(&Input::open(name, arguments.format())?)?;
    }
    let mut load = Load {
        sender: Sender::connect(&target)?,
        bar: bar(&arguments.files),
        begun: Instant::now(),
        sent: 0,
        arguments,
        wrapping: arguments.wrapping(),
    };
    let mut rows = Vec::new();
    let mut failure = None;
    for name in &arguments.files {
        let mut counts = Counts::default();
        let result = load.file(name, &mut counts);
        rows.push((name.as_str(), counts));
        if let Err(error) = result {
            failure = Some(error);
            break;
        }
    }
    let finished = load.sender.finish();
    load.bar.finish_and_clear();
    let outcome = load.sender.outcome();
    say(table(&rows))?;
    let seconds = load.begun.elapsed().as_secs_f64();
    say(format_args!(
        "{} of {} records acknowledged by {} in {seconds:.1} s ({:.0} a second), topic {}",
        outcome.acknowledged,
        load.sent,
        target.brokers,
        outcome.acknowledged as f64 / seconds.max(0.001),
        target.topic
    ))?;
    verdict(failure.map_or(finished, Err), outcome, &rows, arguments)
}

fn verdict(
    result: anyhow::Result<()>,
    outcome: Outcome,
    rows: &[(&str, Counts)],
    arguments: &Arguments,
) -> anyhow::Result<()> {
    let unusable: u64 = rows.iter().map(|(_, c)| c.as_they_are).sum();
    if unusable > 0 && !arguments.raw {
        say(format_args!(
            "{unusable} lines hold no text in a field {:?} and went as they are: \
             they will be dead letters (--text-field names the field)",
            arguments.text_field
        ))?;
    }
    result?;
    if outcome.refused > 0 {
        bail!(
            "{} records are larger than the broker allows (message.max.bytes) and were not sent",
            outcome.refused
        );
    }
    Ok(())
}

impl Arguments {
    fn format(&self) -> Option<Format> {
        match self.format {
            _ if self.raw => Some(Format::Raw),
            _ if self.paragraphs => Some(Format::Paragraphs),
            format => format,
        }
    }

    fn wrapping(&self) -> Wrapping {
        Wrapping {
            kind: self.kind,
            tenant: self.tenant.clone(),
            source: self.source.clone(),
            text_field: self.text_field.clone(),
            id_field: self.id_field.clone(),
            time_field: self.time_field.clone(),
            customer_field: self.customer_field.clone(),
            rating_field: self.rating_field.clone(),
        }
    }

    /// A table without the columns named would give nothing but dead letters.
    fn check_columns(&self, input: &Input) -> anyhow::Result<()> {
        let Some(columns) = input.columns() else {
            return Ok(());
        };
        let named = [
            ("--text-field", Some(&self.text_field)),
            ("--id-field", self.id_field.as_ref()),
            ("--time-field", self.time_field.as_ref()),
            ("--customer-field", self.customer_field.as_ref()),
            ("--rating-field", self.rating_field.as_ref()),
        ];
        for (flag, name) in named {
            if let Some(name) = name.filter(|n| !columns.contains(n)) {
                bail!(
                    "{} has no column {name:?}: name one of {} with {flag}",
                    input.name,
                    columns.join(", ")
                );
            }
        }
        Ok(())
    }
}

/// A load on its way.
struct Load<'a> {
    sender: Sender,
    bar: ProgressBar,
    begun: Instant,
    sent: u64,
    arguments: &'a Arguments,
    wrapping: Wrapping,
}

impl Load<'_> {
    fn file(&mut self, name: &str, counts: &mut Counts) -> anyhow::Result<()> {
        let mut input = Input::open(name, self.arguments.format())?;
        // Standard input is seen here for the first time.
        self.arguments.check_columns(&input)?;
        let created_at = input.modified.filter(|m| *m >= YEAR_2000);
        let created_at = created_at.unwrap_or_else(now);
        let before = self.bar.position();
        loop {
            let number = input.number() + 1;
            let place = Place {
                file: name,
                number,
                created_at,
            };
            let record = input.next();
            let Some(record) = record.with_context(|| format!("{name}, record {number}"))? else {
                break;
            };
            let Some(message) = self.wrapping.message(record, place, counts) else {
                continue;
            };
            self.keep_pace();
            self.sender.send(&message)?;
            self.sent += 1;
            if self.sent.is_multiple_of(256) {
                self.show(before, &input);
            }
        }
        self.show(before, &input);
        Ok(())
    }

    /// Waits until the next record is due.
    fn keep_pace(&self) {
        let Some(rate) = self.arguments.rate else {
            return;
        };
        let due = Duration::from_secs_f64(self.sent as f64 / rate as f64);
        while let Some(early) = due.checked_sub(self.begun.elapsed())
            && !early.is_zero()
        {
            self.sender.rest(early.min(Duration::from_millis(100)));
        }
    }

    fn show(&self, before: u64, input: &Input) {
        self.bar.set_position(before + input.read());
        let rate = self.sent as f64 / self.begun.elapsed().as_secs_f64().max(0.001);
        self.bar
            .set_message(format!("{} records, {rate:.0} a second", self.sent));
    }
}

impl Wrapping {
    /// What is sent for a record; nothing for a blank line.
    fn message<'a>(
        &self,
        record: Record<'a>,
        place: Place<'_>,
        counts: &mut Counts,
    ) -> Option<Message<'a>> {
        let (wrapped, as_it_is) = match record {
            Record::Blank => {
                counts.blank += 1;
                return None;
            }
            Record::Text(text) => (Some(self.text(text, place)), None),
            Record::Object(object, bytes) if event::is_event(&object) => {
                counts.events += 1;
                return Some(Message {
                    key: event::key(&object),
                    payload: bytes.into(),
                });
            }
            Record::Object(object, bytes) => (self.object(&object, place), Some(bytes)),
            Record::Unusable(bytes) => (None, Some(bytes)),
        };
        if wrapped.is_some() {
            counts.wrapped += 1;
            return wrapped;
        }
        counts.as_they_are += 1;
        as_it_is.map(|bytes| Message {
            key: None,
            payload: bytes.into(),
        })
    }
}

/// Files unpacked from some archives bear times before anything was reviewed.
const YEAR_2000: Millis = 946_684_800_000;

fn now() -> Millis {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |n| n.as_millis() as Millis)
}

/// A bar over the bytes of all files, or a count where standard input is among them.
fn bar(files: &[String]) -> ProgressBar {
    let sizes = files.iter().map(|f| match f.as_str() {
        "-" => None,
        file => std::fs::metadata(file).ok().map(|m| m.len()),
    });
    let (bar, template) = match sizes.sum::<Option<u64>>() {
        Some(size) => (
            ProgressBar::new(size),
            "{bar:30} {percent:>3}%  {msg}, {eta} left",
        ),
        None => (ProgressBar::new_spinner(), "{spinner} {msg}, {elapsed}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn table(rows: &[(&str, Counts)]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header([
        "file",
        "records",
        "wrapped",
        "whole events",
        "as they are",
        "blank lines",
    ]);
    let mut total = Counts::default();
    let row = |name: &str, c: &Counts| {
        let numbers = [c.records(), c.wrapped, c.events, c.as_they_are, c.blank];
        let mut row = vec![name.to_owned()];
        row.extend(numbers.map(|n| n.to_string()));
        row
    };
    for (name, counts) in rows {
        total.add(*counts);
        table.add_row(row(name, counts));
    }
    if rows.len() > 1 {
        table.add_row(row("all", &total));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
