//! What was found, for people: a line for each partition, then the findings by their offsets.

use std::collections::BTreeMap;
use std::io;

use comfy_table::{CellAlignment, Table, TableComponent, presets};

use super::report::{PartitionReport, Report, Totals};
use super::say;
use crate::ranges::{Ranges, total};

/// Ranges that a finding names.
const NAMED: usize = 20;

/// Prints the report.
pub(super) fn print(report: &Report) -> io::Result<()> {
    lines(&partitions(report))?;
    if let Some(reasons) = reasons(report) {
        say("")?;
        lines(&reasons)?;
    }
    let findings: Vec<String> = report.partitions.iter().flat_map(findings).collect();
    if !findings.is_empty() {
        say("")?;
    }
    for finding in findings {
        say(finding)?;
    }
    let Totals {
        offsets,
        empty,
        rows,
        ..
    } = report.totals;
    if report.ok {
        say(format_args!(
            "\nIn order: {} of group {} have one outcome each, {rows} rows are in {}.feedback \
             ({:.1} s)",
            counted(offsets - empty.min(offsets)),
            report.consumer_group,
            report.database,
            report.seconds
        ))?;
    }
    Ok(())
}

fn counted(n: u64) -> String {
    match n {
        1 => "1 offset".into(),
        n => format!("{n} offsets"),
    }
}

fn lines(table: &Table) -> io::Result<()> {
    for line in table.lines() {
        say(line.trim_end())?;
    }
    Ok(())
}

/// A column of numbers: its name, its number, and whether it is shown when all are 0.
type Column = (&'static str, fn(&Totals) -> u64, bool);

const COLUMNS: [Column; 16] = [
    ("rows", |t| t.rows, true),
    ("dead letters", |t| t.dead_letters, true),
    ("skipped", |t| t.skipped, true),
    ("gap", |t| t.gaps, false),
    ("empty", |t| t.empty, false),
    ("expired", |t| t.expired, false),
    ("expired rows", |t| t.expired_rows, false),
    ("erased rows", |t| t.erased_rows, false),
    ("unprovable", |t| t.unprovable, false),
    ("replays", |t| t.replays, false),
    ("in flight", |t| t.in_flight, false),
    ("ahead", |t| t.ahead, false),
    ("missing", |t| t.missing, true),
    ("duplicated", |t| t.duplicated, true),
    ("no row", |t| t.without_row, true),
    ("no dead letter", |t| t.without_dead_letter, false),
];

fn partitions(report: &Report) -> Table {
    let lives = report.partitions.iter().any(|p| !p.is_present);
    let columns: Vec<Column> = COLUMNS
        .into_iter()
        .filter(|(_, number, always)| *always || number(&report.totals) > 0)
        .collect();
    let mut header = vec!["topic"];
    header.extend(lives.then_some("life"));
    header.extend(["partition", "from", "to"]);
    header.extend(columns.iter().map(|c| c.0));

    let mut table = plain();
    table.set_header(header);
    let numbers = |totals: &Totals| -> Vec<String> {
        columns.iter().map(|c| c.1(totals).to_string()).collect()
    };
    for partition in &report.partitions {
        let mut row = vec![partition.topic.clone()];
        row.extend(lives.then(|| life(partition)));
        row.push(partition.partition.to_string());
        let (from, to) = partition.accounted.unzip();
        row.extend([from, to].map(|o| o.map_or("-".into(), |o: u64| o.to_string())));
        row.extend(numbers(&partition.totals()));
        table.add_row(row);
    }
    if report.partitions.len() > 1 {
        let mut row = vec!["all".to_owned()];
        row.resize(if lives { 5 } else { 4 }, String::new());
        row.extend(numbers(&report.totals));
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(if lives { 2 } else { 1 }) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Present, or the first digits of an earlier life's id.
fn life(partition: &PartitionReport) -> String {
    match partition.is_present {
        true => "present".into(),
        false => partition.stream.chars().take(8).collect(),
    }
}

/// What explains the offsets that became no row; `None` if all did.
fn reasons(report: &Report) -> Option<Table> {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for partition in &report.partitions {
        for outcome in partition.outcomes.iter().filter(|o| o.outcome != "row") {
            let key = (outcome.outcome.as_str(), outcome.reason.as_str());
            *counts.entry(key).or_default() += outcome.records;
        }
    }
    counts.retain(|_, records| *records > 0);
    if counts.is_empty() {
        return None;
    }
    let mut table = plain();
    table.set_header(["no row because", "reason", "records"]);
    for ((outcome, reason), records) in counts {
        table.add_row([outcome, reason, &records.to_string()]);
    }
    if let Some(column) = table.column_mut(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    Some(table)
}

fn plain() -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_style(TableComponent::HeaderLines, '─')
        .set_style(TableComponent::MiddleHeaderIntersections, '─');
    table
}

/// What was found in a partition, each with its offsets.
fn findings(partition: &PartitionReport) -> Vec<String> {
    let mut name = partition.name();
    if !partition.is_present {
        name = format!("{name} of the earlier life {}", partition.stream);
    }
    let mut found = Vec::new();
    let mut tell = |what: &str, ranges: &Ranges| {
        if !ranges.is_empty() {
            found.push(format!("{name}: {what}: {}", named(ranges)));
        }
    };
    tell("missing, no line in ingested", &partition.missing);
    tell("duplicated in ingested", &partition.duplicated);
    tell(
        "no row in feedback, or an older one",
        &partition.without_row,
    );
    tell("no row in dead_letters", &partition.without_dead_letter);
    tell("stored ahead of the committed offset", &partition.ahead);
    tell(
        "no line, and Kafka can't tell whether there was a record",
        &partition.unprovable,
    );
    if let Some(flying) = partition.in_flight {
        found.push(format!(
            "{name}: in flight: {}-{}, {} of them stored",
            flying.first, flying.last, flying.lines
        ));
    }
    found
}

/// `3 offsets: 5-6, 9`.
fn named(ranges: &Ranges) -> String {
    let named = &ranges.ranges[..ranges.ranges.len().min(NAMED)];
    let shown: Vec<String> = named
        .iter()
        .map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        })
        .collect();
    let rest = match ranges.count.saturating_sub(total(named)) {
        0 => String::new(),
        rest => format!(" … and {rest} more"),
    };
    format!("{}: {}{rest}", counted(ranges.count), shown.join(", "))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::Config;

    fn partition(number: i32, rows: u64) -> PartitionReport {
        PartitionReport {
            topic: "t".into(),
            stream: "0123456789abcdef".into(),
            is_present: true,
            partition: number,
            accounted: Some((0, rows - 1)),
            rows,
            ..PartitionReport::default()
        }
    }

    fn text(partitions: Vec<PartitionReport>) -> String {
        let report = Report::new(&Config::default(), partitions, Duration::ZERO);
        super::partitions(&report)
            .lines()
            .map(|line| format!("{}\n", line.trim_end()))
            .collect()
    }

    #[test]
    fn numbers_align_and_columns_without_any_are_left_out() {
        let expected = "
 topic   partition   from   to   rows   dead letters   skipped   missing   duplicated   no row
───────────────────────────────────────────────────────────────────────────────────────────────
 t               0      0    9     10              0         0         0            0        0
 t               1      0   99    100              0         0         0            0        0
 all                              110              0         0         0            0        0
";
        let shown = text(vec![partition(0, 10), partition(1, 100)]);
        assert_eq!(format!("\n{shown}"), expected);
    }

    #[test]
    fn an_earlier_life_is_told_by_its_id() {
        let mut earlier = partition(0, 10);
        earlier.is_present = false;
        earlier.unprovable.add((3, 4));
        let text = text(vec![partition(0, 5), earlier.clone()]);
        assert!(
            text.contains("present") && text.contains("01234567 "),
            "{text}"
        );
        assert!(text.contains("unprovable"), "{text}");
        let told = findings(&earlier);
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("0123456789abcdef") && told[0].ends_with("2 offsets: 3-4"));
    }

    #[test]
    fn findings_name_some_ranges_and_count_the_rest() {
        let mut ranges = Ranges::default();
        ranges.extend([(5, 6), (9, 9)]);
        assert_eq!(named(&ranges), "3 offsets: 5-6, 9");
        ranges.extend((10..100).map(|i| (2 * i, 2 * i)));
        let told = named(&ranges);
        assert!(told.starts_with("93 offsets: 5-6, 9, 20,"), "{told}");
        assert!(told.ends_with("54 … and 72 more"), "{told}");
    }
}
