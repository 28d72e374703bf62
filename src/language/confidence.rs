//! How sure an answer is.

/// Terms of the confidence.
pub const TERMS: usize = 4;

/// What the confidence rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// Probability of the answer among the classes.
    pub probability: f32,
    /// Score of a letter, as a share of what is usual in the answer's language. A language that is
    /// no class looks like its neighbour, but less than its neighbour does.
    pub familiar: f32,
    /// Letters that were read.
    pub letters: usize,
}

impl Evidence {
    /// What a logistic function weighs.
    pub fn terms(&self) -> [f32; TERMS] {
        let p = self.probability.clamp(1e-6, 1.0 - 1e-6);
        let odds = (p / (1.0 - p)).ln().min(9.0);
        let letters = (self.letters.max(1) as f32).ln().min(4.5);
        let familiar = self.familiar.min(1.2);
        [1.0, odds, familiar * letters, letters]
    }

    /// Share of the answers on such evidence that are right: 0 to 1.
    pub fn confidence(&self, weights: &[f32; TERMS]) -> f32 {
        let sum: f32 = self
            .terms()
            .iter()
            .zip(weights)
            .map(|(term, weight)| term * weight)
            .sum();
        1.0 / (1.0 + (-sum).exp())
    }
}
