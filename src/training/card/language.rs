//! Figures of a language model on rows that its making has not seen, and its card.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use crate::language::{Detector, classes};
use crate::training::evaluation::percent;
use crate::training::language::rows::{self, Rows};
use crate::training::language::tune;
use crate::training::language::{Settings, Trained};
use crate::training::languages::calibration::{Bin, SURE, sure};
use crate::training::languages::counts::Outside;
use crate::training::languages::{self, Engine, Report, Row, breaking};

/// Label of rows in languages that are no classes.
const OTHER: &str = "other";

/// Licences of the sets of texts, as their sources state them.
const LICENCES: [(&str, &str); 5] = [
    ("lingua_words", "lingua project, Apache-2.0"),
    ("lingua_pairs", "lingua project, Apache-2.0"),
    ("lingua_sents", "lingua project, Apache-2.0"),
    ("perso_sents", "MIT"),
    (
        "new_classes_train",
        "NTREX CC BY-SA, Finglish MIT, the rest none stated",
    ),
];
/// Licence of all others: sets of `feedback/train`.
const FEEDBACK: &str = "permissive";

/// Figures by set, texts answered as at work: mojibake repaired, no hints.
pub fn measure(detector: &Detector, rows: &[rows::Row]) -> Vec<Report> {
    let mut sets: Vec<(&str, Vec<Row>)> = Vec::new();
    for row in rows {
        let measured = Row {
            label: match &row.tag {
                Some(tag) if row.is_known() => tag.clone(),
                _ => OTHER.to_owned(),
            },
            text: row.text.clone(),
        };
        match sets.iter_mut().find(|(set, _)| *set == row.set) {
            Some((_, rows)) => rows.push(measured),
            None => sets.push((row.set, vec![measured])),
        }
    }
    let detect = |text: &str| languages::ours(detector, text);
    let engine = Engine {
        name: "ours",
        detect: &detect,
        has: &classes::has,
    };
    let ways = breaking::all();
    let of =
        |(set, rows): (&str, Vec<Row>)| languages::measure(Path::new(set), &rows, &[engine], &ways);
    sets.into_iter().map(of).collect()
}

/// Rows to measure: those set aside, and pieces of them.
pub fn measured(rows: &Rows) -> Vec<rows::Row> {
    let pieces = rows.measured.iter().flat_map(tune::pieces);
    rows.measured.iter().cloned().chain(pieces).collect()
}

/// Points that each language in Latin letters loses in a set to the romanised classes: held against
/// the same model that never answers with them. The greatest loss first, losses alone.
pub fn lost_to_romanised(detector: &Detector, rows: &[rows::Row]) -> Vec<(String, String, f64)> {
    let latin = classes::Script::Latin.tags();
    let of_lingua = |row: &&rows::Row| {
        let tag = row.tag.as_deref().unwrap_or("");
        row.set.starts_with("lingua") && latin.contains(&tag)
    };
    let without = detector
        .clone()
        .without(|class| class.tag.ends_with("-Latn"));
    let mut right: BTreeMap<(&str, &str), [usize; 3]> = BTreeMap::new();
    for row in rows.iter().filter(of_lingua) {
        let tag = row.tag.as_deref().unwrap_or("");
        let is_right = |detector| usize::from(languages::ours(detector, &row.text).is_right(tag));
        let counts = right.entry((tag, row.set)).or_default();
        counts[0] += 1;
        counts[1] += is_right(detector);
        counts[2] += is_right(&without);
    }
    let mut lost: Vec<(String, String, f64)> = right
        .into_iter()
        .map(|((tag, set), [all, with, without])| {
            let points = 100.0 * (without as f64 - with as f64) / all as f64;
            (tag.to_owned(), set.to_owned(), points)
        })
        .filter(|lost| lost.2 > 0.0)
        .collect();
    lost.sort_by(|a, b| b.2.total_cmp(&a.2));
    lost
}

/// The card of a model, in Markdown. `lost`: what [`lost_to_romanised`] says.
pub fn of(
    trained: &Trained,
    settings: &Settings,
    version: &str,
    rows: &Rows,
    reports: &[Report],
    lost: &[(String, String, f64)],
) -> String {
    let mut card = String::new();
    // Writing to a String can't fail.
    let _ = method(&mut card, trained, settings, version)
        .and_then(|()| data(&mut card, rows))
        .and_then(|()| figures(&mut card, reports))
        .and_then(|()| romanised(&mut card, lost))
        .and_then(|()| by_language(&mut card, reports));
    card
}

fn method(
    card: &mut String,
    trained: &Trained,
    settings: &Settings,
    version: &str,
) -> std::fmt::Result {
    let weights: Vec<String> = trained
        .fitted
        .lengths
        .iter()
        .map(|w| format!("{w:.3}"))
        .collect();
    writeln!(
        card,
        "# Language model {version}\n\n\
         Written by `sada train language`. Tells the language of a text, as BCP-47 tag.\n\n\
         **Method.** Scripts that one language alone writes here decide by themselves. Else the \
         n-grams of 1 to 5 letters of each word speak for languages: max(0, floor + ln p) of the last \
         letter after the ones before it, weighted by length, added up, divided by a power of the \
         number of letters. The weights of lengths are a multinomial logistic regression; from there \
         a few rounds of gradient descent fit what each n-gram says on the same texts (in Arabic letters, which \
         keyboards mix, the numbers of the languages alone). Last, a class \
         that lingua knows better is favoured by two numbers until it is answered as well, told by \
         three parts of the texts in turn, each answered by values fitted on the others. The \
         confidence is a logistic function of the probability, of how familiar the letters are, and of their number. \
         Persian, Arabic and Urdu have further columns for the letters of other keyboards. One table, \
         {ngrams} n-grams, {size} bytes; {shadowed} n-grams found their place taken and were left \
         out.\n\n\
         **Intended use.** To choose what judges a text next, and for counts by language. Names of \
         people tell nothing reliable about anybody's language or origin: not for that.\n\n\
         **Limits.** Words and pairs of words are often shared by languages that are close \
         (nb nn da, hr bs sr, id ms, cs sk, es pt, ur-Latn hi-Latn): the confidence says so. A \
         language that is no class is answered as one that is near it, mostly with a confidence below \
         {SURE}. Romanised texts are known in Persian, Arabic, Urdu and Hindi alone.\n\n\
         **Settings.** least gain {gain}, at most {most} bytes; weights of n-grams of 1 to 5 letters \
         and of whole romanised words {weights}. The same data gives the same file.\n",
        ngrams = trained.ngrams,
        size = trained.file.len(),
        shadowed = trained.shadowed,
        gain = settings.least_gain,
        most = settings.most_bytes,
        weights = weights.join(", "),
    )?;
    let mut tags: Vec<&str> = crate::language::tags().collect();
    tags.sort_unstable();
    writeln!(card, "Languages: {}.\n", tags.join(", "))
}

fn data(card: &mut String, rows: &Rows) -> std::fmt::Result {
    writeln!(
        card,
        "## Data\n\nThe n-grams of 75 languages are those of lingua 1.8's models (Apache-2.0). Those of the \
         others, and of some languages as they are typed, are counted in texts. A hash of each text tells \
         what it is for, so that no text is for two things: to count, to fit the weights, to fit the \
         confidence alone, to measure. {english} texts of English customers (banking77, bitext-support, \
         clinc150, mams-acsa: permissive) tell the words that romanised texts borrow.\n\n\
         | set | licence | counted | weights | confidence | measured |\n|---|---|---|---|---|---|",
        english = rows.english.len()
    )?;
    let uses = [
        &rows.counted,
        &rows.fitted,
        &rows.calibrated,
        &rows.measured,
    ];
    let sets: BTreeSet<&str> = uses
        .iter()
        .flat_map(|rows| rows.iter())
        .map(|row| row.set)
        .collect();
    for set in sets {
        let licence = LICENCES.iter().find(|known| known.0 == set);
        let counts = uses.map(|rows| rows.iter().filter(|row| row.set == set).count());
        writeln!(
            card,
            "| {set} | {} | {} | {} | {} | {} |",
            licence.map_or(FEEDBACK, |known| known.1),
            counts[0],
            counts[1],
            counts[2],
            counts[3]
        )?;
    }
    Ok(())
}

fn figures(card: &mut String, reports: &[Report]) -> std::fmt::Result {
    writeln!(
        card,
        "\n## Figures\n\nOn rows that the fit has not seen, mojibake repaired first, without hints; in \
         %. Accuracy is the mean over languages. The last two columns are of languages that are no \
         class: nothing sure should be said of them.\n\n\
         | set | rows | languages | accuracy | answers with confidence ≥ {SURE} | of them right | rows outside | \
         confidence < {SURE} |\n|---|---|---|---|---|---|---|---|"
    )?;
    for report in reports {
        let counts = &report.engines[0].counts;
        let (mean, languages) = counts.mean(|_| true).unwrap_or_default();
        let sure: Bin = sure(&counts.bins);
        let outside = report.outside.first();
        writeln!(
            card,
            "| {} | {} | {languages} | {} | {} | {} | {} | {} |",
            report.file,
            report.rows,
            percent(mean),
            percent(sure.rows as f64 / counts.rows.max(1) as f64),
            sure.share().map(percent).unwrap_or_default(),
            outside.map_or(0, |outside| outside.rows),
            outside
                .map(Outside::unsure_share)
                .map(percent)
                .unwrap_or_default(),
        )?;
    }
    writeln!(
        card,
        "\n### Broken Persian\n\nThe Persian rows that a way of breaking changes, before and after.\n\n\
         | set | broken by | rows | unbroken | broken |\n|---|---|---|---|---|"
    )?;
    for report in reports {
        for way in &report.broken {
            let share = |right: usize| percent(right as f64 / way.rows.max(1) as f64);
            let right = way.engines[0];
            writeln!(
                card,
                "| {} | {} | {} | {} | {} |",
                report.file,
                way.way,
                way.rows,
                share(right.unbroken),
                share(right.broken)
            )?;
        }
    }
    Ok(())
}

/// Losses that are told one by one.
const TOLD: usize = 10;

fn romanised(card: &mut String, lost: &[(String, String, f64)]) -> std::fmt::Result {
    writeln!(
        card,
        "\n### What the romanised classes cost\n\nPoints that languages in Latin letters lose, against the \
         same model without these classes; the {TOLD} greatest losses of {}.\n\n\
         | language | set | lost |\n|---|---|---|",
        lost.len()
    )?;
    for (tag, set, points) in lost.iter().take(TOLD) {
        writeln!(card, "| {tag} | {set} | {points:.1} |")?;
    }
    Ok(())
}

fn by_language(card: &mut String, reports: &[Report]) -> std::fmt::Result {
    let names: Vec<&str> = reports.iter().map(|report| report.file.as_str()).collect();
    writeln!(
        card,
        "\n### By language\n\n| language | {} |\n|---|{}",
        names.join(" | "),
        "---|".repeat(names.len())
    )?;
    let all = reports
        .iter()
        .flat_map(|report| &report.engines[0].counts.languages);
    let tags: BTreeSet<&str> = all.map(|language| language.label.as_str()).collect();
    for tag in tags {
        let of = |report: &Report| {
            let language = report.engines[0].counts.language(tag);
            language
                .map(|language| percent(language.accuracy()))
                .unwrap_or_default()
        };
        let cells: Vec<String> = reports.iter().map(of).collect();
        writeln!(card, "| {tag} | {} |", cells.join(" | "))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Model;

    #[test]
    fn figures_are_of_each_set_and_the_card_tells_them() {
        let row = |tag: Option<&str>, text: &str, set| rows::Row {
            tag: tag.map(str::to_owned),
            text: text.to_owned(),
            set,
        };
        let rows = [
            row(
                Some("fa"),
                "بسته سه روز دیر رسید و جعبه پاره بود، کیفیت هم خوب نبود",
                "a",
            ),
            row(
                Some("de"),
                "The parcel came two days late and the box was torn.",
                "a",
            ),
            row(
                Some("en"),
                "Nobody answered my emails about the refund of this order.",
                "b",
            ),
            row(None, "yIjatlhQo' tlhIngan Hol Dajatlh'a' naDev puS", "b"),
        ];
        let detector = Detector::new(Model::of_this_build().unwrap());
        let reports = measure(&detector, &rows);
        let accuracy = |at: usize| reports[at].engines[0].counts.mean(|_| true);
        assert_eq!(accuracy(0), Some((0.5, 2)));
        assert_eq!(accuracy(1), Some((1.0, 1)));
        assert_eq!(reports[1].outside[0].rows, 1);

        let trained = Trained {
            file: vec![0; 12_345],
            ngrams: 777,
            shadowed: 3,
            fitted: Default::default(),
        };
        let rows = Rows {
            counted: vec![row(None, "x", "new_classes_train"); 3],
            measured: rows.into(),
            ..Rows::default()
        };
        let card = of(
            &trained,
            &Settings::default(),
            "language-1",
            &rows,
            &reports,
            &[("fr".to_owned(), "a".to_owned(), 0.25)],
        );
        assert!(card.starts_with("# Language model language-1\n"));
        for part in [
            "12345 bytes",
            "777 n-grams",
            "| new_classes_train | NTREX CC BY-SA, Finglish MIT, the rest none stated | 3 | 0 | 0 | 0 |",
            "| b | permissive | 0 | 0 | 0 | 2 |",
            "| a | 2 | 2 | 50.0 |",
            "| a | ي/ك for ی/ک | 1 | 100.0 | 100.0 |",
            "| de | 0.0 |  |",
            "| en |  | 100.0 |",
            "| fr | a | 0.2 |",
        ] {
            assert!(card.contains(part), "{part} in\n{card}");
        }
    }
}
