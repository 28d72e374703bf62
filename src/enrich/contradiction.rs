//! Rating against text: five stars under a furious text is a slip of the finger, or a rating of
//! something else. Ratings and survey scores are measures of their own and inform no sentiment; that both
//! contradict each other is worth a flag.

use super::sentiment::{Label, Sentiment};
use crate::feedback::{Answer, Body};

/// Flag of a row whose rating and text say the opposite.
pub const CONTRADICTS: &str = "rating_contradicts_text";

/// Ratings in the first or last so much of their scale are extreme.
const EXTREME: f64 = 0.1;
/// Least confidence of a sentiment that contradicts.
const SURE: f32 = 0.8;

/// Whether all ratings of an item stand at one end of their scales and its text, surely, at the other.
pub fn contradicts(body: &Body, sentiment: &Sentiment) -> bool {
    if sentiment.confidence < SURE {
        return false;
    }
    let ratings = ratings(body);
    let all = |at_end: fn(f64) -> bool| !ratings.is_empty() && ratings.iter().all(|r| at_end(*r));
    match sentiment.label {
        Label::Negative => all(|rating| rating >= 1.0 - EXTREME),
        Label::Positive => all(|rating| rating <= EXTREME),
        Label::Neutral | Label::Mixed | Label::Unknown => false,
    }
}

/// Ratings of an item from 0, the worst, to 1. Those of conversations rate the agent, not what the
/// customer complains about.
fn ratings(body: &Body) -> Vec<f64> {
    match body {
        Body::Review(review) => review
            .rating
            .iter()
            .filter_map(|r| place(r.value, r.worst, r.best))
            .collect(),
        Body::Survey(survey) => survey.answers.iter().filter_map(score).collect(),
        Body::Conversation(_) | Body::Message(_) => Vec::new(),
    }
}

fn score(answer: &Answer) -> Option<f64> {
    let (number, scale) = (answer.number?, answer.scale?);
    let place = place(number, scale.min, scale.max)?;
    Some(if scale.higher_better {
        place
    } else {
        1.0 - place
    })
}

/// Where a value stands between the ends of its scale.
fn place(value: f64, worst: f64, best: f64) -> Option<f64> {
    (best > worst).then(|| (value - worst) / (best - worst))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::{AnswerType, Rating, Review, Scale, Survey};

    fn review(value: f64) -> Body {
        let rating = Rating {
            value,
            worst: 1.0,
            best: 5.0,
        };
        Body::Review(Review {
            rating: Some(rating),
            ..Review::default()
        })
    }

    fn survey(numbers: &[(f64, bool)]) -> Body {
        let answer = |(number, higher_better): &(f64, bool)| Answer {
            question_id: "q".into(),
            question: String::new(),
            kind: AnswerType::Ces,
            number: Some(*number),
            text: String::new(),
            boolean: None,
            choices: Vec::new(),
            scale: Some(Scale {
                min: 1.0,
                max: 7.0,
                higher_better: *higher_better,
            }),
        };
        Body::Survey(Survey {
            answers: numbers.iter().map(answer).collect(),
            ..Survey::default()
        })
    }

    fn flagged(body: Body, label: Label, confidence: f32) -> bool {
        let sentiment = Sentiment {
            label,
            score: 0.0,
            confidence,
        };
        contradicts(&body, &sentiment)
    }

    #[test]
    fn the_ends_of_scale_and_text_contradict() {
        assert!(flagged(review(5.0), Label::Negative, 0.9));
        assert!(flagged(review(1.0), Label::Positive, 0.9));
        assert!(!flagged(review(5.0), Label::Positive, 0.9));
        assert!(!flagged(review(5.0), Label::Negative, 0.7), "not sure");
        assert!(!flagged(review(4.0), Label::Negative, 0.9), "not the end");
        assert!(!flagged(review(5.0), Label::Neutral, 0.9));
        let unrated = Body::Review(Review::default());
        assert!(!flagged(unrated, Label::Negative, 0.9));
    }

    #[test]
    fn scores_of_a_survey_count_by_their_direction_and_together() {
        let best = survey(&[(7.0, true), (1.0, false)]);
        assert!(flagged(best, Label::Negative, 0.9));
        let torn = survey(&[(7.0, true), (7.0, false)]);
        assert!(!flagged(torn.clone(), Label::Negative, 0.9));
        assert!(!flagged(torn, Label::Positive, 0.9));
    }
}
