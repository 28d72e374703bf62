//! The report as text: worst first, since that is what one looks for.

use std::fmt::Write;
use std::ops::Range;

use comfy_table::{Table, TableComponent, presets};

use super::breaking::Broken;
use super::calibration;
use super::counts::Counts;
use super::{Measured, Report};
use crate::training::evaluation::{percent, right};

/// Confusions that are listed.
const CONFUSIONS: usize = 15;

/// Points below the other engine from which on a language is named as a loss.
const LOSS: f64 = 0.01;

/// An empty table; columns of figures are aligned to the right.
pub fn aligned(header: &[&str], figures: Range<usize>) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_style(TableComponent::HeaderLines, '─')
        .set_style(TableComponent::MiddleHeaderIntersections, '─')
        .set_header(header);
    right(&mut table, figures);
    table
}

impl Report {
    fn ours(&self) -> &Measured {
        &self.engines[0]
    }

    fn other(&self) -> Option<&Measured> {
        self.engines.get(1)
    }

    /// All that was measured on the file.
    pub fn shown(&self) -> String {
        let mut text = format!("{}: {} rows\n", self.file, grouped(self.rows));
        let mut add = |title: &str, table: Table| {
            if table.row_count() > 0 {
                let _ = write!(text, "\n{title}\n{table}\n");
            }
        };
        add("Accuracy, %", self.languages());
        if self.other().is_some() {
            add("Losses of more than 1 point, %", self.losses());
        }
        for engine in &self.engines {
            let title = format!("Confusions that cost most: {}", engine.engine);
            add(&title, confusions(&engine.counts));
        }
        add("Confidence, %", self.calibration());
        add("Outside the classes, %", self.outside_classes());
        add("Persian, broken, accuracy in %", self.broken_persian());
        for engine in &self.engines {
            let _ = writeln!(text, "\n{}", summary(engine));
        }
        text
    }

    /// Accuracy by language: with another engine the largest loss first, else the lowest.
    fn languages(&self) -> Table {
        let ours = &self.ours().counts;
        let Some(other) = self.other() else {
            let mut table = aligned(&["language", "rows", "accuracy"], 1..3);
            let mut languages: Vec<_> = ours.languages.iter().collect();
            languages.sort_by(|a, b| a.accuracy().total_cmp(&b.accuracy()));
            for l in languages {
                table.add_row([l.label.clone(), grouped(l.rows), percent(l.accuracy())]);
            }
            if let Some((mean, count)) = ours.mean(|_| true) {
                let name = format!("mean of {count}");
                table.add_row([name, grouped(ours.rows), percent(mean)]);
            }
            return table;
        };
        let theirs = &other.counts;
        let mut table = aligned(
            &[
                "language",
                "rows",
                self.ours().engine,
                other.engine,
                "difference",
            ],
            1..5,
        );
        let mut languages: Vec<_> = ours
            .languages
            .iter()
            .map(|l| (l, theirs.language(&l.label).map(|t| t.accuracy())))
            .collect();
        let order = |l: &super::counts::Language, t: Option<f64>| match t {
            Some(theirs) => (false, l.accuracy() - theirs),
            None => (true, l.accuracy()),
        };
        languages.sort_by(|(a, x), (b, y)| {
            let ((a_alone, a), (b_alone, b)) = (order(a, *x), order(b, *y));
            a_alone.cmp(&b_alone).then(a.total_cmp(&b))
        });
        for (l, theirs) in languages {
            table.add_row([
                l.label.clone(),
                grouped(l.rows),
                percent(l.accuracy()),
                theirs.map_or("–".into(), percent),
                theirs.map_or(String::new(), |t| points(l.accuracy() - t)),
            ]);
        }
        let both = |label: &str| theirs.language(label).is_some();
        if let (Some((mine, count)), Some((their, _))) = (ours.mean(both), theirs.mean(|_| true)) {
            table.add_row([
                format!("mean of {count}"),
                grouped(theirs.rows),
                percent(mine),
                percent(their),
                points(mine - their),
            ]);
        }
        if let Some((mean, count)) = ours.mean(|label| !both(label)) {
            table.add_row([
                format!("mean of {count} that {} lacks", other.engine),
                grouped(ours.rows - theirs.rows),
                percent(mean),
                "–".into(),
            ]);
        }
        table
    }

    /// Losses against the other engine: language, what it is taken for.
    fn losses(&self) -> Table {
        let mut table = aligned(&["language", "difference", "taken for"], 1..2);
        for (label, difference) in self.differences() {
            if difference < -LOSS {
                let taken = self.ours().counts.confusions.iter();
                let taken = taken.filter(|c| c.label == label).take(4);
                let told = taken.map(|c| format!("{} {}", c.answered, percent(c.share)));
                let told: Vec<String> = told.collect();
                table.add_row([label, points(difference), told.join(", ")]);
            }
        }
        table
    }

    /// Accuracy less the other engine's, of each language that both have; the largest loss first.
    fn differences(&self) -> Vec<(String, f64)> {
        let theirs = self.other().map(|other| &other.counts);
        let ours = self.ours().counts.languages.iter();
        let mut differences: Vec<(String, f64)> = ours
            .filter_map(|l| {
                let other = theirs?.language(&l.label)?;
                Some((l.label.clone(), l.accuracy() - other.accuracy()))
            })
            .collect();
        differences.sort_by(|a, b| a.1.total_cmp(&b.1));
        differences
    }

    /// Bins of ours: the oracle answers without a confidence.
    fn calibration(&self) -> Table {
        let bins = &self.ours().counts.bins;
        let mut table = aligned(&["confidence", "rows", "mean", "right"], 0..4);
        for (at, bin) in bins.iter().enumerate() {
            let to = bins.get(at + 1).map_or(1.0, |next| next.from);
            table.add_row([
                format!("{:.0} – {:.0}", 100.0 * bin.from, 100.0 * to),
                grouped(bin.rows),
                bin.share().map_or("–".into(), |_| percent(bin.confidence)),
                bin.share().map_or("–".into(), percent),
            ]);
        }
        table
    }

    fn outside_classes(&self) -> Table {
        let header = ["language", "rows", "confidence below 90", "mostly called"];
        let mut table = aligned(&header, 1..3);
        for outside in &self.outside {
            table.add_row([
                outside.label.clone(),
                grouped(outside.rows),
                percent(outside.unsure_share()),
                outside.answered.clone(),
            ]);
        }
        table
    }

    fn broken_persian(&self) -> Table {
        let mut header = vec!["way".to_owned(), "rows".to_owned()];
        for engine in &self.engines {
            let columns = ["unbroken", "broken", "difference"];
            header.extend(columns.map(|column| format!("{}: {column}", engine.engine)));
        }
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let mut table = aligned(&header, 1..header.len());
        for Broken { way, rows, engines } in &self.broken {
            let share = |right: usize| right as f64 / (*rows).max(1) as f64;
            let mut cells = vec![(*way).to_owned(), grouped(*rows)];
            for right in engines {
                let (before, after) = (share(right.unbroken), share(right.broken));
                cells.extend([percent(before), percent(after), points(after - before)]);
            }
            table.add_row(cells);
        }
        table
    }
}

fn confusions(counts: &Counts) -> Table {
    let header = ["language", "answered", "rows", "% of the language"];
    let mut table = aligned(&header, 2..4);
    for confusion in counts.confusions.iter().take(CONFUSIONS) {
        table.add_row([
            confusion.label.clone(),
            confusion.answered.clone(),
            grouped(confusion.rows),
            percent(confusion.share),
        ]);
    }
    table
}

/// One line: right answers, coverage, what a confidence of 0.9 is worth, speed.
fn summary(engine: &Measured) -> String {
    let counts = &engine.counts;
    let answered = counts.answered as f64 / counts.rows.max(1) as f64;
    let sure = calibration::sure(&counts.bins);
    let sure = match sure.share() {
        Some(share) => format!(
            "; of {} texts with confidence ≥ 0.9: {}% right",
            grouped(sure.rows),
            percent(share)
        ),
        None => String::new(),
    };
    format!(
        "{}: {}% of {} texts right, {}% answered{sure}; {} texts/s on one thread, {:.2} s for all",
        engine.engine,
        percent(counts.accuracy()),
        grouped(counts.rows),
        percent(answered),
        grouped(engine.speed.texts_per_second as usize),
        engine.speed.seconds,
    )
}

/// One line a file, when there are several.
pub fn files(reports: &[Report]) -> Table {
    let mut table = aligned(
        &[
            "file",
            "languages",
            "engine",
            "mean, %",
            "difference",
            "largest loss",
            "texts/s",
            "ratio",
        ],
        0..0,
    );
    right(&mut table, 1..2);
    right(&mut table, 3..5);
    right(&mut table, 6..8);
    for report in reports {
        let theirs = report.other().map(|other| &other.counts);
        let both = |label: &str| theirs.is_none_or(|t| t.language(label).is_some());
        let mut means = report.engines.iter().map(|e| e.counts.mean(both));
        let (mine, other) = (means.next().flatten(), means.next().flatten());
        for (at, (engine, mean)) in report.engines.iter().zip([mine, other]).enumerate() {
            let first = at == 0;
            let difference = mine.zip(other).filter(|_| first);
            let loss = report.differences().into_iter().next();
            let loss = loss.filter(|(_, d)| first && *d < 0.0);
            let ratio = report
                .other()
                .filter(|_| first)
                .map(|other| engine.speed.texts_per_second / other.speed.texts_per_second);
            table.add_row([
                if first {
                    report.file.clone()
                } else {
                    String::new()
                },
                mean.map_or(String::new(), |(_, count)| count.to_string()),
                engine.engine.to_owned(),
                mean.map_or(String::new(), |(mean, _)| percent(mean)),
                difference.map_or(String::new(), |((a, _), (b, _))| points(a - b)),
                loss.map_or(String::new(), |(l, d)| format!("{l} {}", points(d))),
                grouped(engine.speed.texts_per_second as usize),
                ratio.map_or(String::new(), |ratio| format!("{ratio:.0}")),
            ]);
        }
    }
    table
}

/// `-0.0123` as `−1.2`, with its sign.
fn points(difference: f64) -> String {
    let points = 100.0 * difference;
    match points.abs() < 0.05 {
        true => "0.0".to_owned(),
        false => format!("{points:+.1}").replace('-', "−"),
    }
}

/// `74141` as `74,141`.
fn grouped(number: usize) -> String {
    indicatif::HumanCount(number as u64).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::counts::outside;
    use super::super::{Answer, Speed};
    use super::*;

    fn measured(engine: &'static str, said: &[(&'static str, &'static str, f32)]) -> Measured {
        let answers = said.iter().map(|(label, tag, confidence)| {
            let answer = Answer {
                tag,
                confidence: *confidence,
            };
            (*label, answer)
        });
        Measured {
            engine,
            counts: Counts::of(answers),
            speed: Speed {
                texts_per_second: 1234.5,
                seconds: 0.5,
            },
        }
    }

    fn report() -> Report {
        let ours = [
            ("nb", "da", 0.4),
            ("nb", "nb", 0.95),
            ("de", "de", 0.99),
            ("ckb", "ckb", 0.99),
        ];
        let theirs = [("nb", "nb", 0.0), ("nb", "nb", 0.0), ("de", "nl", 0.0)];
        let gilaki = Answer {
            tag: "fa",
            confidence: 0.4,
        };
        Report {
            file: "sets".into(),
            rows: 5,
            engines: vec![measured("ours", &ours), measured("lingua", &theirs)],
            outside: outside([("glk", gilaki)].into_iter()),
            broken: vec![Broken {
                way: "no ZWNJ",
                rows: 4,
                engines: vec![
                    super::super::breaking::Right {
                        unbroken: 4,
                        broken: 3,
                    };
                    2
                ],
            }],
        }
    }

    /// Cells of the line of the text that begins with a word.
    fn line<'a>(text: &'a str, first: &str) -> Vec<&'a str> {
        let mut lines = text
            .lines()
            .map(|l| l.split_whitespace().collect::<Vec<_>>());
        lines.find(|l| l.first() == Some(&first)).unwrap()
    }

    #[test]
    fn the_largest_loss_comes_first_and_the_mean_compares_what_both_have() {
        let text = report().shown();
        assert_eq!(line(&text, "nb"), ["nb", "2", "50.0", "100.0", "−50.0"]);
        assert_eq!(line(&text, "ckb"), ["ckb", "1", "100.0", "–"]);
        assert_eq!(line(&text, "de"), ["de", "1", "100.0", "0.0", "+100.0"]);
        let place = |what: &str| text.find(what).unwrap();
        assert!(place(" nb ") < place(" de ") && place(" de ") < place(" ckb "));
        assert!(text.contains("mean of 2 "), "{text}");
        assert_eq!(line(&text, "mean")[3..], ["3", "75.0", "50.0", "+25.0"]);
        assert!(text.contains("that lingua lacks"));
        let losses = text.split("Losses").nth(1).unwrap();
        assert_eq!(line(losses, "nb"), ["nb", "−50.0", "da", "50.0"]);
        assert_eq!(line(&text, "glk"), ["glk", "1", "100.0", "fa"]);
        assert!(text.contains("of 3 texts with confidence ≥ 0.9: 100.0% right"));
        let broken = text.lines().find(|l| l.contains("no ZWNJ")).unwrap();
        assert_eq!(broken.matches("−25.0").count(), 2);
    }

    #[test]
    fn alone_the_lowest_comes_first() {
        let mut report = report();
        report.engines.truncate(1);
        report.broken.clear();
        let text = report.shown();
        assert_eq!(line(&text, "nb"), ["nb", "2", "50.0"]);
        assert_eq!(line(&text, "mean"), ["mean", "of", "3", "4", "83.3"]);
        assert!(!text.contains("Losses") && !text.contains("broken"));
    }

    #[test]
    fn files_are_compared_in_one_table() {
        let text = files(&[report()]).to_string();
        let ours = line(&text, "sets");
        assert_eq!(
            ours,
            [
                "sets", "2", "ours", "75.0", "+25.0", "nb", "−50.0", "1,234", "1"
            ]
        );
        assert_eq!(line(&text, "2"), ["2", "lingua", "50.0", "1,234"]);
    }

    #[test]
    fn points_have_a_sign_unless_they_are_none() {
        assert_eq!(
            [0.012, -0.012, 0.0004, -0.0001].map(points),
            ["+1.2", "−1.2", "0.0", "0.0"]
        );
    }
}
