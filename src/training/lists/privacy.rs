//! Redaction, measured on lists that mark their personal data.
//!
//! The label of a row is a kind (`phone`). Its text holds such data between `⟦` and `⟧`, or data of another
//! kind as `⟦email|…⟧`; without marks it only looks like it. Letters and digits are what counts: a piece is
//! found if none of them survives in its place, under whatever kind.

use std::collections::BTreeMap;
use std::ops::{AddAssign, Range};

use anyhow::ensure;

use super::counts;
use super::marked::{Marked, Piece};
use super::{Fault, List, Row, Slip};
use crate::enrich::privacy::{Found, Redactor};
use crate::training::languages::table::aligned;

/// Figures of a kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Rows of the kind.
    pub rows: usize,
    /// Rows among them without a fault.
    pub clean: usize,
    /// Pieces of the kind, in rows of any.
    pub pieces: usize,
    /// Pieces among them that are found.
    pub found: usize,
    /// Pieces among those that were replaced as another kind only.
    pub renamed: usize,
    /// Ranges replaced as the kind, in rows of any.
    pub replaced: usize,
    /// Ranges among them that hold nothing of a piece.
    pub alarms: usize,
    /// Ranges among them that hold something of a piece and letters or digits beside it.
    pub too_long: usize,
}

impl Figures {
    /// Share of the pieces that are found, 0 to 1; none without pieces.
    pub fn recall(self) -> Option<f64> {
        counts::share(self.found, self.pieces)
    }

    /// Share of the replaced ranges that hold something of a piece, 0 to 1; none without any.
    pub fn precision(self) -> Option<f64> {
        counts::share(self.replaced - self.alarms, self.replaced)
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.clean += other.clean;
        self.pieces += other.pieces;
        self.found += other.found;
        self.renamed += other.renamed;
        self.replaced += other.replaced;
        self.alarms += other.alarms;
        self.too_long += other.too_long;
    }
}

/// Figures of a list.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Its name.
    pub list: String,
    /// By kind.
    pub kinds: BTreeMap<String, Figures>,
    /// Texts with a fault, in the order of the list.
    pub slips: Vec<Slip>,
}

/// Redacts every text and holds it against its marks.
///
/// # Errors
/// A row has not one label, or its marks do not fit; the error says the line.
pub fn measure(list: &List, redactor: &Redactor) -> anyhow::Result<Measured> {
    let judged = list.judged("redacting", |row| {
        let kind = kind(row)?;
        let marked = Marked::parse(&row.text, kind)?;
        Ok(judge(kind, &marked, &redactor.found(&marked.text)))
    })?;
    let mut measured = Measured {
        list: list.name.clone(),
        ..Measured::default()
    };
    for (row, judged) in list.rows.iter().zip(judged) {
        for (kind, figures) in judged.kinds {
            *measured.kinds.entry(kind).or_default() += figures;
        }
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

fn kind(row: &Row) -> anyhow::Result<&str> {
    ensure!(
        row.labels.len() == 1,
        "{} labels; write the kind of the line: phone",
        row.labels.len()
    );
    Ok(&row.labels[0])
}

/// Figures of a text.
struct Judged {
    kinds: BTreeMap<String, Figures>,
    faults: Vec<Fault>,
}

/// `kind`: that of the row.
fn judge(kind: &str, marked: &Marked, found: &[Found]) -> Judged {
    let mut kinds: BTreeMap<String, Figures> = BTreeMap::new();
    let mut faults = Vec::new();
    let mut fault = |way, kind: &str, range: &Range<usize>| {
        faults.push(Fault {
            way,
            label: kind.to_owned(),
            words: marked
                .text
                .get(range.clone())
                .unwrap_or_default()
                .to_owned(),
        });
    };
    for piece in &marked.pieces {
        let figures = kinds.entry(piece.kind.clone()).or_default();
        figures.pieces += 1;
        if is_found(marked, piece, found) {
            figures.found += 1;
            let as_its_kind = |f: &Found| f.kind == piece.kind && meets(f, piece);
            figures.renamed += usize::from(!found.iter().any(as_its_kind));
        } else {
            fault("survives", &piece.kind, &piece.range);
        }
    }
    for range in found {
        let figures = kinds.entry(range.kind.to_owned()).or_default();
        figures.replaced += 1;
        let mut signs = marked.signs(&range.range);
        if !signs.any(|at| marked.is_personal(at)) {
            figures.alarms += 1;
            fault("false alarm", range.kind, &range.range);
        } else if marked.signs(&range.range).any(|at| !marked.is_personal(at)) {
            figures.too_long += 1;
            fault("too long", range.kind, &range.range);
        }
    }
    let of_row = kinds.entry(kind.to_owned()).or_default();
    of_row.rows = 1;
    of_row.clean = usize::from(faults.is_empty());
    Judged { kinds, faults }
}

fn is_found(marked: &Marked, piece: &Piece, found: &[Found]) -> bool {
    let mut signs = marked.signs(&piece.range);
    signs.all(|at| found.iter().any(|f| f.range.contains(&at)))
}

fn meets(found: &Found, piece: &Piece) -> bool {
    found.range.start < piece.range.end && piece.range.start < found.range.end
}

/// A line a kind of each list and, of several lists, of all; as [`Figures`] are named, shares in
/// percent, false alarms as `false`.
pub fn shown(lists: &[Measured]) -> String {
    let header = [
        "list",
        "kind",
        "lines",
        "clean",
        "pieces",
        "recall",
        "renamed",
        "replaced",
        "precision",
        "false",
        "too long",
    ];
    let mut table = aligned(&header, 2..header.len());
    let mut all: BTreeMap<&str, Figures> = BTreeMap::new();
    for list in lists {
        let mut sum = Figures::default();
        for (kind, figures) in &list.kinds {
            table.add_row(cells(&list.list, kind, *figures));
            *all.entry(kind).or_default() += *figures;
            sum += *figures;
        }
        table.add_row(cells(&list.list, "all", sum));
    }
    if lists.len() > 1 {
        let mut sum = Figures::default();
        for (kind, figures) in all {
            table.add_row(cells("all", kind, figures));
            sum += figures;
        }
        table.add_row(cells("all", "all", sum));
    }
    table.to_string()
}

fn cells(list: &str, kind: &str, figures: Figures) -> Vec<String> {
    vec![
        list.to_owned(),
        kind.to_owned(),
        figures.rows.to_string(),
        counts::shown(counts::share(figures.clean, figures.rows)),
        figures.pieces.to_string(),
        counts::shown(figures.recall()),
        figures.renamed.to_string(),
        figures.replaced.to_string(),
        counts::shown(figures.precision()),
        figures.alarms.to_string(),
        figures.too_long.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::lists::tests::labelled;

    fn found(text: &str, kind: &'static str, words: &str) -> Found {
        let start = text.find(words).unwrap();
        Found {
            kind,
            range: start..start + words.len(),
        }
    }

    /// Ways of a judged text, and figures of `phone`.
    fn judged(marked: &str, found_as: &[(&'static str, &str)]) -> (Vec<&'static str>, Figures) {
        let marked = Marked::parse(marked, "phone").unwrap();
        let found: Vec<Found> = found_as
            .iter()
            .map(|(kind, words)| found(&marked.text, kind, words))
            .collect();
        let judged = judge("phone", &marked, &found);
        let ways = judged.faults.iter().map(|fault| fault.way).collect();
        (ways, judged.kinds["phone"])
    }

    #[test]
    fn a_piece_is_found_if_no_letter_or_digit_survives() {
        let one = Figures {
            rows: 1,
            clean: 1,
            pieces: 1,
            found: 1,
            replaced: 1,
            ..Figures::default()
        };
        // The sign before the number may stay.
        for words in ["+98 912 345", "98 912 345"] {
            assert_eq!(
                judged("to ⟦+98 912 345⟧!", &[("phone", words)]),
                (vec![], one)
            );
        }
        let two_ranges = [("phone", "98 912"), ("phone", "345")];
        let (ways, figures) = judged("to ⟦+98 912 345⟧!", &two_ranges);
        assert_eq!((ways, figures.found, figures.replaced), (vec![], 1, 2));
        let (ways, figures) = judged("to ⟦+98 912 345⟧!", &[("phone", "98 912 34")]);
        assert_eq!(
            (ways, figures.found, figures.clean),
            (vec!["survives"], 0, 0)
        );
        assert_eq!(
            (figures.recall(), figures.precision()),
            (Some(0.0), Some(1.0))
        );
    }

    #[test]
    fn what_is_replaced_beside_pieces_is_a_fault() {
        let (ways, figures) = judged(
            "order 4839 for ⟦0912⟧",
            &[("phone", "4839"), ("phone", "0912")],
        );
        assert_eq!((ways, figures.alarms), (vec!["false alarm"], 1));
        assert_eq!((figures.precision(), figures.clean), (Some(0.5), 0));
        let (ways, figures) = judged("ring ⟦0912⟧, 7 times", &[("phone", "0912, 7")]);
        assert_eq!((ways, figures.too_long), (vec!["too long"], 1));
        assert_eq!(
            (figures.precision(), figures.recall()),
            (Some(1.0), Some(1.0))
        );
        // Punctuation beside it is nothing.
        let (ways, _) = judged("ring ⟦0912⟧, 7 times", &[("phone", "0912, ")]);
        assert_eq!(ways, Vec::<&str>::new());
    }

    #[test]
    fn another_kind_finds_a_piece_and_is_told() {
        let (ways, figures) = judged("⟦0912⟧", &[("id", "0912")]);
        assert_eq!((ways, figures.found, figures.renamed), (vec![], 1, 1));
        assert_eq!((figures.replaced, figures.precision()), (0, None));
    }

    #[test]
    fn rows_are_counted_by_kind() {
        let redactor = Redactor::new(b"sixteen bytes key");
        let rows = [
            (
                "phone",
                "شماره من ⟦۰۹۱۲۳۴۵۶۷۸۹⟧ است، ⟦email|jo@example.com⟧",
            ),
            ("phone", "سفارش 12345678"),
            ("email", "write to ⟦jo at nowhere⟧"),
        ];
        let measured = measure(&labelled("fa", &rows), &redactor).unwrap();
        let email = Figures {
            rows: 1,
            pieces: 2,
            found: 1,
            replaced: 1,
            ..Figures::default()
        };
        assert_eq!(measured.kinds["email"], email);
        assert_eq!(
            (measured.kinds["phone"].rows, measured.kinds["phone"].clean),
            (2, 2)
        );
        assert_eq!(measured.slips.len(), 1);
        assert_eq!(
            (measured.slips[0].line, &*measured.slips[0].text),
            (3, rows[2].1)
        );

        let table = shown(&[measured.clone(), measured]);
        let lines: Vec<Vec<&str>> = table
            .lines()
            .map(|l| l.split_whitespace().collect())
            .collect();
        let email = ["1", "0.0", "2", "50.0", "0", "1", "100.0", "0", "0"];
        assert_eq!(lines[2], [&["fa", "email"][..], &email].concat());
        assert_eq!(lines[4][..4], ["fa", "all", "3", "66.7"]);
        assert_eq!(lines[8][..3], ["all", "email", "2"]);
        assert_eq!(lines[10][..4], ["all", "all", "6", "66.7"]);
    }

    #[test]
    fn rows_of_another_shape_are_told_with_their_line() {
        let redactor = Redactor::new(b"sixteen bytes key");
        for (labels, text, told) in [
            ("", "fine", "0 labels"),
            ("phone email", "fine", "2 labels"),
            ("phone", "⟦0912", "without ⟧"),
        ] {
            let error = measure(
                &labelled("fa", &[("phone", "fine"), (labels, text)]),
                &redactor,
            );
            let error = format!("{:#}", error.unwrap_err());
            assert!(
                error.starts_with("line 2: ") && error.contains(told),
                "{error}"
            );
        }
    }
}
