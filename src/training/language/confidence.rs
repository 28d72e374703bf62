//! How sure an answer is: a logistic function of what the scores say, fitted so that of the texts
//! with confidence p, a share of p is right, texts in unknown languages among them.

use crate::language::confidence::{Evidence, TERMS};

const ROUNDS: usize = 50;

/// Fits the function to answers: their evidence, and whether they were right. Newton's method.
pub fn fit(answers: &[(Evidence, bool, f32)]) -> [f32; TERMS] {
    let mut weights = [0.0f64; TERMS];
    weights[1] = 1.0;
    for _ in 0..ROUNDS {
        let mut slope = [0.0f64; TERMS];
        let mut curve = [[0.0f64; TERMS]; TERMS];
        for (evidence, right, weight) in answers {
            let terms = evidence.terms().map(f64::from);
            let sum: f64 = terms.iter().zip(&weights).map(|(t, w)| t * w).sum();
            let p = 1.0 / (1.0 + (-sum).exp());
            let hit = if *right { 1.0 } else { 0.0 };
            for i in 0..TERMS {
                slope[i] += f64::from(*weight) * (hit - p) * terms[i];
                for j in 0..TERMS {
                    curve[i][j] += f64::from(*weight) * p * (1.0 - p) * terms[i] * terms[j];
                }
            }
        }
        for (i, row) in curve.iter_mut().enumerate() {
            row[i] += 1e-6;
        }
        let step = solved(curve, slope);
        for (weight, step) in weights.iter_mut().zip(step) {
            *weight += step.clamp(-1.0, 1.0);
        }
    }
    weights.map(|weight| weight as f32)
}

/// Solution of a small system of linear equations, by elimination.
fn solved(mut matrix: [[f64; TERMS]; TERMS], mut right: [f64; TERMS]) -> [f64; TERMS] {
    for at in 0..TERMS {
        for below in at + 1..TERMS {
            let share = matrix[below][at] / matrix[at][at];
            let row = matrix[at];
            for (cell, above) in matrix[below].iter_mut().zip(row) {
                *cell -= share * above;
            }
            right[below] -= share * right[at];
        }
    }
    for at in (0..TERMS).rev() {
        let known: f64 = (at + 1..TERMS).map(|i| matrix[at][i] * right[i]).sum();
        right[at] = (right[at] - known) / matrix[at][at];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_solved() {
        let mut matrix = [[0.0; TERMS]; TERMS];
        for (i, row) in matrix.iter_mut().enumerate() {
            row[i] = 2.0;
            row[(i + 1) % TERMS] += 1.0;
        }
        let wanted: [f64; TERMS] = std::array::from_fn(|i| i as f64 - 1.0);
        let right = matrix.map(|row| row.iter().zip(wanted).map(|(a, b)| a * b).sum());
        for (found, wanted) in solved(matrix, right).iter().zip(wanted) {
            assert!((found - wanted).abs() < 1e-9);
        }
    }
}
