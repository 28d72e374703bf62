//! The clauses of a text with their sentiment, which topics and intents share.

use std::cell::OnceCell;
use std::ops::Range;

use super::Sentiment;
use crate::text;

/// Clauses of a match form. Each is judged once, when it is first asked for; where there is but one,
/// it has the sentiment of the whole.
pub struct Clauses<F> {
    judge: F,
    clauses: Vec<(Range<usize>, OnceCell<Sentiment>)>,
}

impl<F: Fn(&Range<usize>) -> Sentiment> Clauses<F> {
    /// Of a text in its match form, with its sentiment as a whole and what judges the clause in some of
    /// its bytes.
    pub fn of(text: &str, whole: Sentiment, judge: F) -> Self {
        let mut clauses: Vec<_> = text::clauses(text)
            .map(|range| (range, OnceCell::new()))
            .collect();
        if let [(_, sentiment)] = &mut clauses[..] {
            *sentiment = OnceCell::from(whole);
        }
        Self { judge, clauses }
    }

    /// Sentiment of the clause that holds a byte; unknown past the end.
    pub fn sentiment_at(&self, at: usize) -> Sentiment {
        let clause = self.clauses.get(self.index_at(at));
        clause.map_or(Sentiment::UNKNOWN, |clause| self.judged(clause))
    }

    /// Number of the clause that holds a byte, from 0; their number past the end.
    pub fn index_at(&self, at: usize) -> usize {
        self.clauses.partition_point(|(range, _)| range.end <= at)
    }

    /// Where the clauses stand, in order, together the whole of the text.
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        self.clauses.iter().map(|clause| clause.0.clone())
    }

    /// All clauses in the order of the text, together the whole of it.
    pub fn iter(&self) -> impl Iterator<Item = (Range<usize>, Sentiment)> {
        self.clauses
            .iter()
            .map(|clause| (clause.0.clone(), self.judged(clause)))
    }

    fn judged(&self, (range, sentiment): &(Range<usize>, OnceCell<Sentiment>)) -> Sentiment {
        *sentiment.get_or_init(|| (self.judge)(range))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::enrich::Label;

    fn scored(score: f32) -> Sentiment {
        Sentiment {
            label: Label::Positive,
            score,
            confidence: 1.0,
        }
    }

    #[test]
    fn a_clause_is_judged_once_and_a_whole_text_not_again() {
        let asked = Cell::new(0);
        let judge = |_: &Range<usize>| {
            asked.set(asked.get() + 1);
            scored(0.5)
        };
        let one = Clauses::of("the room was clean", scored(0.25), judge);
        assert_eq!(one.sentiment_at(3).score, 0.25);
        assert_eq!(one.iter().count(), 1);
        assert_eq!(asked.get(), 0);

        let two = Clauses::of(
            "the room was clean. breakfast was cold",
            scored(0.25),
            judge,
        );
        assert_eq!(two.sentiment_at(30).score, 0.5);
        assert_eq!(asked.get(), 1);
        let ranges: Vec<_> = two.iter().map(|(range, _)| range).collect();
        assert_eq!((asked.get(), ranges), (2, vec![0..19, 19..38]));
        assert_eq!(two.sentiment_at(38), Sentiment::UNKNOWN);
    }

    #[test]
    fn nothing_has_no_clauses() {
        let none = Clauses::of("", Sentiment::UNKNOWN, |_| scored(1.0));
        assert_eq!(none.sentiment_at(0), Sentiment::UNKNOWN);
        assert_eq!(none.iter().count(), 0);
    }
}
