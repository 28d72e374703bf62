//! Whether a confidence is worth what it says.

use serde::Serialize;

use super::Answer;

/// A confidence from which on an answer should hold: of texts given it, at least 90% are right.
pub const SURE: f32 = 0.9;

/// Lower bounds of the bins.
const FROM: [f32; 8] = [0.0, 0.3, 0.5, 0.7, 0.8, SURE, 0.95, 0.99];

/// Answers of about the same confidence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Bin {
    /// Lowest confidence in it; it ends where the next one begins.
    pub from: f32,
    /// Texts that were given an answer.
    pub rows: usize,
    /// Right ones among them.
    pub right: usize,
    /// Mean confidence, 0 to 1; 0 without rows.
    pub confidence: f64,
}

impl Bin {
    /// Share of right answers; none without rows.
    pub fn share(&self) -> Option<f64> {
        (self.rows > 0).then(|| self.right as f64 / self.rows as f64)
    }
}

/// Bins of all answers but `und`, which claims nothing.
pub fn bins<'a>(answers: impl Iterator<Item = (&'a str, Answer)>) -> Vec<Bin> {
    let mut bins = FROM.map(|from| Bin {
        from,
        ..Bin::default()
    });
    for (label, answer) in answers.filter(|(_, answer)| answer.tag != "und") {
        let at = FROM.partition_point(|from| *from <= answer.confidence);
        let bin = &mut bins[at.saturating_sub(1)];
        bin.rows += 1;
        bin.right += usize::from(answer.is_right(label));
        bin.confidence += f64::from(answer.confidence);
    }
    for bin in &mut bins {
        bin.confidence /= bin.rows.max(1) as f64;
    }
    bins.to_vec()
}

/// All answers of a confidence of 0.9 or more, in one.
pub fn sure(bins: &[Bin]) -> Bin {
    let mut sure = Bin {
        from: SURE,
        ..Bin::default()
    };
    for bin in bins.iter().filter(|bin| bin.from >= SURE) {
        sure.rows += bin.rows;
        sure.right += bin.right;
        sure.confidence += bin.confidence * bin.rows as f64;
    }
    sure.confidence /= sure.rows.max(1) as f64;
    sure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_fall_into_their_bins() {
        let given = [
            ("en", "en", 0.0),
            ("en", "de", 0.299),
            ("en", "en", 0.3),
            ("en", "en", 0.9),
            ("en", "fr", 0.94),
            ("en", "en", 0.95),
            ("en", "en", 1.0),
            ("en", "und", 1.0),
        ];
        let answers = given.map(|(label, tag, confidence)| (label, Answer { tag, confidence }));
        let bins = bins(answers.into_iter());
        let counted: Vec<_> = bins.iter().map(|b| (b.rows, b.right)).collect();
        assert_eq!(
            counted,
            [
                (2, 1),
                (1, 1),
                (0, 0),
                (0, 0),
                (0, 0),
                (2, 1),
                (1, 1),
                (1, 1)
            ]
        );
        assert_eq!((bins[2].share(), bins[5].share()), (None, Some(0.5)));
        assert!((bins[5].confidence - 0.92).abs() < 1e-6);
        let sure = sure(&bins);
        assert_eq!((sure.rows, sure.right), (4, 3));
        assert!((sure.confidence - (0.9 + 0.94 + 0.95 + 1.0) / 4.0).abs() < 1e-6);
    }
}
