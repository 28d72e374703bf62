//! Mojibake in the texts of an item: repaired before anything else, so that language, redaction and
//! what is stored see the text as it was written.

use crate::feedback::{Body, Feedback, Turn};
use crate::language::mojibake::repair;

/// Flag of a row whose texts were not all stored as they came in: some were mojibake.
pub const REPAIRED: &str = "mojibake_repaired";

/// Repairs every free text of an item, keys and identifiers aside; says whether any needed it.
pub fn repair_feedback(feedback: &mut Feedback) -> bool {
    match &mut feedback.body {
        Body::Review(review) => any([
            &mut review.title,
            &mut review.body,
            &mut review.item.name,
            &mut review.author,
        ]
        .into_iter()
        .chain(review.reply.iter_mut().map(|(reply, _)| reply))),
        Body::Conversation(conversation) => any(std::iter::once(&mut conversation.rating_comment)
            .chain(&mut conversation.tags)
            .chain(conversation.turns.iter_mut().map(said))),
        Body::Message(turn) => any(std::iter::once(said(turn))),
        Body::Survey(survey) => any(survey.answers.iter_mut().flat_map(|answer| {
            [&mut answer.question, &mut answer.text]
                .into_iter()
                .chain(&mut answer.choices)
        })),
    }
}

fn said(turn: &mut Turn) -> &mut String {
    &mut turn.body
}

fn any<'a>(texts: impl Iterator<Item = &'a mut String>) -> bool {
    let mut repaired = false;
    for text in texts {
        if let Some(right) = repair(text) {
            *text = right;
            repaired = true;
        }
    }
    repaired
}
