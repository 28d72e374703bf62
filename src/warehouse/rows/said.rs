//! What each kind of item brings to its row.

use crate::enrich::{Enriched, Sentiment};
use crate::feedback::{Answer, Body, Conversation, Rating, Review, Survey, Turn};

/// What each kind brings; fields of other kinds are empty.
#[derive(Default)]
pub(super) struct Said<'a> {
    pub review: Option<&'a Review>,
    pub conversation: Option<&'a Conversation>,
    pub survey: Option<&'a Survey>,
    pub turns: &'a [Turn],
    pub turn_sentiments: &'a [Sentiment],
    pub answers: &'a [Answer],
    pub answer_sentiments: &'a [Sentiment],
    pub rating: Option<Rating>,
}

impl<'a> Said<'a> {
    /// Of an item.
    pub fn by(enriched: &'a Enriched) -> Self {
        let none = Self::default();
        match &enriched.feedback.body {
            Body::Review(review) => Self {
                review: Some(review),
                rating: review.rating,
                ..none
            },
            Body::Conversation(conversation) => Self {
                conversation: Some(conversation),
                turns: &conversation.turns,
                turn_sentiments: &enriched.parts,
                rating: conversation.rating,
                ..none
            },
            Body::Message(turn) => Self {
                turns: std::slice::from_ref(turn),
                turn_sentiments: std::slice::from_ref(&enriched.tags.sentiment),
                ..none
            },
            Body::Survey(survey) => Self {
                survey: Some(survey),
                answers: &survey.answers,
                answer_sentiments: &enriched.parts,
                ..none
            },
        }
    }
}
