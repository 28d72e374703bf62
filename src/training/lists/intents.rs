//! Intents, urgency, emotion, effort and the like, measured on lists of labels.
//!
//! The whole path is measured, as a bare text takes it: language, redaction, folding, cues.

use std::collections::BTreeMap;

use anyhow::ensure;

use super::counts::{self, Counts};
use super::{Fault, List, Slip};
use crate::enrich::intents::Want;
use crate::enrich::{Enricher, Hints, Signals, Tags};
use crate::training::languages::table::aligned;

/// Labels as lists may have them, or how they begin.
const KNOWN: [&str; 15] = [
    "complaint",
    "question",
    "request",
    "suggestion",
    "praise",
    "churn_risk",
    "escalation",
    URGENT,
    "emotion=",
    "effort=",
    "profanity",
    "repeated",
    "stage=",
    "phase=",
    "touchpoint=",
];

const URGENT: &str = "urgent";
/// Least urgency of a text that is [`URGENT`].
const LEAST_URGENT: f32 = 0.5;

/// Figures of a list.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Its name.
    pub list: String,
    /// Texts.
    pub texts: usize,
    /// Its labels.
    pub labels: Counts,
    /// Texts with a fault, in the order of the list.
    pub slips: Vec<Slip>,
}

/// Tags every text and holds it against its labels.
///
/// # Errors
/// A label is unknown; the error says the line.
pub fn measure(list: &List, enricher: &Enricher) -> anyhow::Result<Measured> {
    let judged = list.judged("tagging", |row| {
        for label in &row.labels {
            ensure!(is_known(label), "{label} is no label of intents");
        }
        let tags = enricher.tag(&row.text, Hints::default());
        Ok(judge(&row.labels, &found(&tags)))
    })?;
    let mut measured = Measured {
        list: list.name.clone(),
        texts: list.rows.len(),
        ..Measured::default()
    };
    for (row, (labels, faults)) in list.rows.iter().zip(judged) {
        measured.labels.merge(&labels);
        if !faults.is_empty() {
            measured.slips.push(Slip {
                list: list.name.clone(),
                line: row.line,
                text: row.text.clone(),
                faults,
            });
        }
    }
    Ok(measured)
}

fn is_known(label: &str) -> bool {
    KNOWN.iter().any(|known| match known.ends_with('=') {
        true => label.len() > known.len() && label.starts_with(known),
        false => label == *known,
    })
}

/// Labels of what was found, with the words that an intent rests on.
fn found(tags: &Tags) -> BTreeMap<String, &str> {
    let Signals {
        intents,
        urgency,
        emotion,
        effort,
        profanity,
        repeated_problem,
        journey_stage,
        purchase_phase,
        touchpoint,
        actionable: _,
    } = &tags.signals;
    let mut found = BTreeMap::new();
    // Lists do not label what wants nothing.
    for intent in intents.iter().filter(|intent| intent.want != Want::Other) {
        let words = tags.text.get(intent.evidence.clone()).unwrap_or_default();
        found.insert(intent.want.name().to_owned(), words);
    }
    let effort = effort.map(|effort| if effort < 0 { "hard" } else { "easy" });
    for (label, value) in [
        ("emotion", emotion.map(|emotion| emotion.name())),
        ("effort", effort),
        ("stage", *journey_stage),
        ("phase", *purchase_phase),
        ("touchpoint", *touchpoint),
    ] {
        if let Some(value) = value {
            found.insert(format!("{label}={value}"), "");
        }
    }
    for (label, holds) in [
        (URGENT, urgency.score >= LEAST_URGENT),
        ("profanity", *profanity),
        ("repeated", *repeated_problem),
    ] {
        if holds {
            found.insert(label.to_owned(), "");
        }
    }
    found
}

fn judge(wanted: &[String], found: &BTreeMap<String, &str>) -> (Counts, Vec<Fault>) {
    let mut labels = Counts::default();
    let answers: Vec<&String> = found.keys().collect();
    labels.add(wanted, &answers);
    let missed = wanted.iter().filter(|label| !found.contains_key(*label));
    let missed = missed.map(|label| Fault {
        way: "missed",
        label: label.clone(),
        words: String::new(),
    });
    let extra = found.iter().filter(|(label, _)| !wanted.contains(label));
    let extra = extra.map(|(label, words)| Fault {
        way: "too much",
        label: label.clone(),
        words: (*words).to_owned(),
    });
    (labels, missed.chain(extra).collect())
}

/// A line a list, one for all of them, and a table of all labels, the worst first.
pub fn shown(lists: &[Measured]) -> String {
    let header = [
        "list",
        "texts",
        "labels",
        "precision, %",
        "recall, %",
        "micro-F1",
        "macro-F1",
        "texts without fault, %",
    ];
    let mut table = aligned(&header, 1..header.len());
    let mut all = Measured {
        list: "all".to_owned(),
        ..Measured::default()
    };
    for list in lists {
        table.add_row(cells(list));
        all.texts += list.texts;
        all.labels.merge(&list.labels);
        all.slips.extend_from_slice(&list.slips);
    }
    let mut told = String::new();
    if lists.len() > 1 {
        table.add_row(cells(&all));
        for list in lists {
            told += &format!("\n\nLabels of {}, %\n{}", list.list, list.labels);
        }
    }
    format!("{table}{told}\n\nLabels, %\n{}", all.labels)
}

fn cells(list: &Measured) -> Vec<String> {
    let micro = list.labels.micro();
    let right = list.texts - list.slips.len();
    vec![
        list.list.clone(),
        list.texts.to_string(),
        (micro.right + micro.missed).to_string(),
        counts::shown(micro.precision()),
        counts::shown(micro.recall()),
        counts::shown(micro.f1()),
        counts::shown(list.labels.macro_f1().map(|(mean, _)| mean)),
        counts::shown(counts::share(right, list.texts)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::intents::{Cues, Emotion, Intent};
    use crate::enrich::privacy::Redactor;
    use crate::enrich::sentiment;
    use crate::enrich::topics::Taxonomy;
    use crate::language::{Detector, Model};
    use crate::training::lists::tests::labelled;

    fn enricher() -> Enricher {
        Enricher::new(
            Detector::new(Model::of_this_build().unwrap()),
            Redactor::new(b"a key known to tests"),
            sentiment::Model::built_in().unwrap(),
            Taxonomy::built_in().unwrap(),
            Cues::built_in().unwrap(),
        )
    }

    #[test]
    fn labels_are_those_of_the_lists() {
        let mut tags = Tags::untagged("it leaks, call me".to_owned());
        assert!(found(&tags).is_empty());
        let intent = |want, evidence| Intent {
            want,
            part: 0,
            evidence,
        };
        tags.signals.intents = vec![intent(Want::Complaint, 0..8), intent(Want::Other, 0..1)];
        tags.signals.emotion = Some(Emotion::Anger);
        tags.signals.effort = Some(-2);
        tags.signals.urgency.score = 0.5;
        tags.signals.touchpoint = Some("cart");
        let labels = found(&tags);
        let names: Vec<&str> = labels.keys().map(String::as_str).collect();
        let wanted = [
            "complaint",
            "effort=hard",
            "emotion=anger",
            "touchpoint=cart",
            "urgent",
        ];
        assert_eq!(names, wanted);
        assert_eq!(labels["complaint"], "it leaks");
        assert!(wanted.into_iter().all(is_known));
        for label in ["other", "emotion", "emotion=", "angry"] {
            assert!(!is_known(label), "{label}");
        }
    }

    #[test]
    fn a_text_is_held_against_its_labels() {
        let rows = [
            ("request", "Please call me back"),
            ("question", "Please call me back"),
        ];
        let measured = measure(&labelled("en", &rows), &enricher()).unwrap();
        assert_eq!(measured.slips.len(), 1);
        let faults: Vec<_> = measured.slips[0].faults.iter().collect();
        let told: Vec<_> = faults.iter().map(|f| (f.way, f.label.as_str())).collect();
        assert_eq!(told, [("missed", "question"), ("too much", "request")]);
        assert_eq!(faults[1].words, "Please");
        assert_eq!(measured.labels.label("request").right, 1);
        let table = shown(&[measured]);
        assert!(table.contains("texts without fault, %"), "{table}");

        let wrong = measure(&labelled("en", &[("anger", "x")]), &enricher());
        assert!(format!("{:#}", wrong.unwrap_err()).contains("anger is no label"));
    }
}
