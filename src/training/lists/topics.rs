//! Topics and their sentiment, measured on lists whose labels are `id:pos`, `id:neg` or `id:neu`.
//!
//! The whole path is measured, as a bare text takes it: language, redaction, folding, topics.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail, ensure};

use super::counts::{self, Counts, Tally};
use super::{Fault, List, Row, Slip};
use crate::enrich::{Enricher, Hints, Label};
use crate::training::data::{self, Set, gold_of};
use crate::training::languages::table::aligned;

/// Figures of a list.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Its name.
    pub list: String,
    /// Texts.
    pub texts: usize,
    /// Topics, whatever their sentiment.
    pub topics: Counts,
    /// Topics with their sentiment, as labels write them.
    pub pairs: Counts,
    /// Texts with a fault, in the order of the list.
    pub slips: Vec<Slip>,
}

impl Measured {
    /// Share of the topics rightly found whose sentiment is right too, 0 to 1; none if none was
    /// found.
    pub fn agreement(&self) -> Option<f64> {
        counts::share(self.pairs.micro().right, self.topics.micro().right)
    }

    /// Share of the texts without a fault, 0 to 1.
    pub fn without_fault(&self) -> Option<f64> {
        counts::share(self.texts - self.slips.len(), self.texts)
    }
}

/// Tags every text and holds it against its labels.
///
/// # Errors
/// A label has another shape, or its topic is not in the taxonomy; the error says the line.
pub fn measure(list: &List, enricher: &Enricher) -> anyhow::Result<Measured> {
    let judged = list.judged("tagging", |row| {
        let wanted = wanted(row, enricher)?;
        let tags = enricher.tag(&row.text, Hints::default());
        let found = tags.topics.iter().map(|topic| {
            let words = tags.text.get(topic.evidence.clone()).unwrap_or_default();
            let said = Said {
                sentiment: short(topic.sentiment.label),
                words,
            };
            (&*topic.id, said)
        });
        Ok(judge(&wanted, &found.collect()))
    })?;
    let mut measured = Measured {
        list: list.name.clone(),
        texts: list.rows.len(),
        ..Measured::default()
    };
    for (row, judged) in list.rows.iter().zip(judged) {
        measured.topics.merge(&judged.topics);
        measured.pairs.merge(&judged.pairs);
        if !judged.faults.is_empty() {
            measured.slips.push(Slip {
                list: list.name.clone(),
                line: row.line,
                text: row.text.clone(),
                faults: judged.faults,
            });
        }
    }
    Ok(measured)
}

/// Name of the sets that [`judged_alike`] gives.
pub const WRITTEN: &str = "written-feedback";

/// The texts of a folder's lists all of whose topics bear one sentiment, as sets to fit sentiment on.
///
/// # Errors
/// See [`in_folder`](super::in_folder).
pub fn judged_alike(folder: &Path) -> anyhow::Result<Vec<Set>> {
    let gold = |row: &Row| {
        let mut golds = (row.labels.iter()).map(|label| gold_of(label.rsplit_once(':')?.1));
        let first = golds.next()??;
        golds.all(|gold| gold == Some(first)).then_some(first)
    };
    let set = |list: super::List| Set {
        rows: (list.rows.iter())
            .filter_map(|row| {
                Some(data::Row {
                    text: row.text.clone(),
                    gold: gold(row)?,
                })
            })
            .collect(),
        language: list.name,
        name: WRITTEN.to_owned(),
    };
    Ok(super::in_folder(folder)?.into_iter().map(set).collect())
}

/// Sentiment of each topic of a row, as its label writes it.
fn wanted<'a>(row: &'a Row, enricher: &Enricher) -> anyhow::Result<BTreeMap<&'a str, &'a str>> {
    let mut wanted = BTreeMap::new();
    for label in &row.labels {
        let parts = label.rsplit_once(':');
        let (id, sentiment) =
            parts.with_context(|| format!("{label}: write topic, colon, pos, neg or neu"))?;
        if !["pos", "neg", "neu"].contains(&sentiment) {
            bail!("{label}: a sentiment is pos, neg or neu");
        }
        let topics = enricher.taxonomy().topics();
        ensure!(
            topics.iter().any(|topic| *topic.id == *id),
            "{label}: the taxonomy has no topic {id}"
        );
        ensure!(
            wanted.insert(id, sentiment).is_none(),
            "{id} stands there twice"
        );
    }
    Ok(wanted)
}

/// A sentiment as labels write it.
fn short(label: Label) -> &'static str {
    match label {
        Label::Positive => "pos",
        Label::Negative => "neg",
        Label::Neutral => "neu",
        // No label has these.
        Label::Mixed | Label::Unknown => label.name(),
    }
}

/// What is said of a topic, and on what evidence.
struct Said<'a> {
    sentiment: &'static str,
    words: &'a str,
}

/// Figures of a text.
struct Judged {
    topics: Counts,
    pairs: Counts,
    faults: Vec<Fault>,
}

fn judge(wanted: &BTreeMap<&str, &str>, found: &BTreeMap<&str, Said>) -> Judged {
    let mut judged = Judged {
        topics: Counts::default(),
        pairs: Counts::default(),
        faults: Vec::new(),
    };
    let pair = |id: &str, sentiment: &str| format!("{id}:{sentiment}");
    let (gold, answers): (Vec<&&str>, Vec<&&str>) =
        (wanted.keys().collect(), found.keys().collect());
    judged.topics.add(&gold, &answers);
    let gold: Vec<String> = wanted.iter().map(|(id, s)| pair(id, s)).collect();
    let answers: Vec<String> = found.iter().map(|(id, s)| pair(id, s.sentiment)).collect();
    judged.pairs.add(&gold, &answers);
    for (id, sentiment) in wanted {
        let fault = match found.get(id) {
            None => Fault {
                way: "missed",
                label: pair(id, sentiment),
                words: String::new(),
            },
            Some(said) if said.sentiment != *sentiment => Fault {
                way: "sentiment",
                label: format!("{}, found {}", pair(id, sentiment), said.sentiment),
                words: said.words.to_owned(),
            },
            Some(_) => continue,
        };
        judged.faults.push(fault);
    }
    for (id, said) in found.iter().filter(|(id, _)| !wanted.contains_key(*id)) {
        judged.faults.push(Fault {
            way: "too much",
            label: pair(id, said.sentiment),
            words: said.words.to_owned(),
        });
    }
    judged
}

/// A line a list, one for all of them, and a table of all topics, the worst first; shares in percent.
///
/// `sentiment`: [`Measured::agreement`]; `F1 of both`: of [`Measured::pairs`]; `faultless`:
/// [`Measured::without_fault`].
pub fn shown(lists: &[Measured]) -> String {
    let header = [
        "list",
        "texts",
        "topics",
        "precision",
        "recall",
        "micro-F1",
        "sentiment",
        "F1 of both",
        "faultless",
    ];
    let mut table = aligned(&header, 1..header.len());
    let mut all = Measured {
        list: "all".to_owned(),
        ..Measured::default()
    };
    for list in lists {
        table.add_row(cells(list));
        all.texts += list.texts;
        all.topics.merge(&list.topics);
        all.pairs.merge(&list.pairs);
        all.slips.extend_from_slice(&list.slips);
    }
    if lists.len() > 1 {
        table.add_row(cells(&all));
    }
    format!("{table}\n\nTopics, %\n{}", all.topics)
}

fn cells(list: &Measured) -> Vec<String> {
    let topics: Tally = list.topics.micro();
    vec![
        list.list.clone(),
        list.texts.to_string(),
        (topics.right + topics.missed).to_string(),
        counts::shown(topics.precision()),
        counts::shown(topics.recall()),
        counts::shown(topics.f1()),
        counts::shown(list.agreement()),
        counts::shown(list.pairs.micro().f1()),
        counts::shown(list.without_fault()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::intents::Cues;
    use crate::enrich::privacy::Redactor;
    use crate::enrich::sentiment;
    use crate::enrich::topics::Taxonomy;
    use crate::language::{Detector, Model};
    use crate::training::lists::tests::labelled;

    const TAXONOMY: &str = r#"
version = "1"
[[group]]
id = "shop"
name = { en = "Shop" }
[[topic]]
id = "delay"
group = "shop"
name = { en = "Delay" }
[topic.keywords]
en = ["late"]
fa = ["دیر"]
[[topic]]
id = "food"
group = "shop"
name = { en = "Food" }
[topic.keywords]
en = ["soup", "bread"]
"#;

    fn enricher() -> Enricher {
        Enricher::new(
            Detector::new(Model::of_this_build().unwrap()),
            Redactor::new(b"a key known to tests"),
            sentiment::Model::built_in().unwrap(),
            Taxonomy::parse(TAXONOMY).unwrap(),
            Cues::built_in().unwrap(),
        )
    }

    #[test]
    fn topics_are_judged_with_and_without_their_sentiment() {
        let rows = [
            ("delay:neg", "It came terribly late and I hate it"),
            ("delay:pos", "It came terribly late and I hate it"),
            ("food:pos", "Dinner was wonderful"),
            ("", "خیلی دیر رسید"),
            ("", "Thank you"),
        ];
        let measured = measure(&labelled("en", &rows), &enricher()).unwrap();
        let topics = Tally {
            right: 2,
            missed: 1,
            wrong: 1,
        };
        let pairs = Tally {
            right: 1,
            missed: 2,
            wrong: 2,
        };
        assert_eq!(
            (measured.topics.micro(), measured.pairs.micro()),
            (topics, pairs)
        );
        assert_eq!(measured.agreement(), Some(0.5));
        assert_eq!(measured.without_fault(), Some(0.4));
        let told: Vec<_> = measured
            .slips
            .iter()
            .map(|s| {
                (
                    s.line,
                    s.faults[0].way,
                    &*s.faults[0].label,
                    &*s.faults[0].words,
                )
            })
            .collect();
        assert_eq!(told[0], (2, "sentiment", "delay:pos, found neg", "late"));
        assert_eq!(told[1], (3, "missed", "food:pos", ""));
        let (line, way, label, words) = told[2];
        assert_eq!((line, way, words), (4, "too much", "دیر"));
        assert!(label.starts_with("delay:"), "{label}");
        assert_eq!(told.len(), 3);
    }

    #[test]
    fn the_table_shows_lists_and_topics() {
        let measured = measure(
            &labelled(
                "en",
                &[("delay:neg", "awfully late and I hate it"), ("", "late")],
            ),
            &enricher(),
        );
        let measured = measured.unwrap();
        let text = shown(&[measured.clone(), measured]);
        let lines: Vec<Vec<&str>> = text
            .lines()
            .map(|l| l.split_whitespace().collect())
            .collect();
        let en = [
            "en", "2", "1", "50.0", "100.0", "66.7", "100.0", "66.7", "50.0",
        ];
        assert_eq!((&lines[2][..], &lines[3][..]), (&en[..], &en[..]));
        assert_eq!(lines[4][..3], ["all", "4", "2"]);
        assert!(
            lines.contains(&vec!["delay", "2", "2", "0", "2", "50.0", "100.0", "66.7"]),
            "{text}"
        );
    }

    #[test]
    fn labels_of_another_shape_are_told_with_their_line() {
        for (labels, told) in [
            ("delay", "write topic, colon"),
            ("delay:bad", "a sentiment is"),
            ("price:neg", "no topic price"),
            ("delay:neg delay:pos", "delay stands there twice"),
        ] {
            let error = measure(
                &labelled("en", &[("", "fine"), (labels, "late")]),
                &enricher(),
            );
            let error = format!("{:#}", error.unwrap_err());
            assert!(
                error.starts_with("line 2: ") && error.contains(told),
                "{error}"
            );
        }
    }
}
