//! Emotion, effort, and where the customer stands.

use super::cues::{Cue, Mention};

/// What the words show of a feeling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emotion {
    /// Furious, fed up.
    Anger,
    /// Expected more.
    Disappointment,
    /// Afraid that something goes wrong.
    Worry,
    /// Does not understand.
    Confusion,
    /// Delighted.
    Joy,
    /// Thankful.
    Gratitude,
}

impl Emotion {
    /// All, the one first that holds where two are shown as often: the worst feeling is what should
    /// be seen, and thanks are often only polite.
    pub const ALL: [Self; 6] = [
        Self::Anger,
        Self::Worry,
        Self::Disappointment,
        Self::Confusion,
        Self::Joy,
        Self::Gratitude,
    ];

    /// Name in tables and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Anger => "anger",
            Self::Disappointment => "disappointment",
            Self::Worry => "worry",
            Self::Confusion => "confusion",
            Self::Joy => "joy",
            Self::Gratitude => "gratitude",
        }
    }
}

/// The emotion with the most cues; `thankful` says whether thanks are meant.
pub(super) fn emotion(mentions: &[Mention], thankful: bool) -> Option<Emotion> {
    let mut shown: Option<(usize, Emotion)> = None;
    let meant = |emotion: &Emotion| thankful || *emotion != Emotion::Gratitude;
    for emotion in Emotion::ALL.into_iter().filter(meant) {
        let cues = mentions.iter().filter(|m| m.cue == Cue::Emotion(emotion));
        let cues = cues.count();
        if cues > shown.map_or(0, |(most, _)| most) {
            shown = Some((cues, emotion));
        }
    }
    shown.map(|(_, emotion)| emotion)
}

/// Sum of the efforts that the cues tell, −5 to 5. What was hard and what was easy does not cancel
/// out to nothing: then it is −1, for the hard part is what should be seen.
pub(super) fn effort(mentions: &[Mention]) -> Option<i8> {
    let efforts = mentions.iter().filter_map(|m| match m.cue {
        Cue::Effort(effort) => Some(effort),
        _ => None,
    });
    let sum = efforts.fold(None, |sum: Option<i8>, effort| {
        Some(sum.unwrap_or(0).saturating_add(effort))
    })?;
    Some(match sum.clamp(-5, 5) {
        0 => -1,
        effort => effort,
    })
}

/// Where the customer stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) stage: Option<&'static str>,
    pub(super) phase: Option<&'static str>,
    pub(super) touchpoint: Option<&'static str>,
}

/// Each as the first of its cues tells. A phase that none tells follows from the stage or the point
/// of contact.
pub(super) fn places(mentions: &[Mention]) -> Places {
    let first = |name: fn(Cue) -> Option<&'static str>| mentions.iter().find_map(|m| name(m.cue));
    let stage = first(|cue| match cue {
        Cue::Stage(stage) => Some(stage),
        _ => None,
    });
    let phase = first(|cue| match cue {
        Cue::Phase(phase) => Some(phase),
        _ => None,
    });
    let touchpoint = first(|cue| match cue {
        Cue::Touchpoint(touchpoint) => Some(touchpoint),
        _ => None,
    });
    Places {
        stage,
        phase: phase.or_else(|| implied(stage, touchpoint)),
        touchpoint,
    }
}

fn implied(stage: Option<&str>, touchpoint: Option<&str>) -> Option<&'static str> {
    match (stage, touchpoint) {
        (Some("attention" | "interest"), _) => Some("pre_purchase"),
        (_, Some("cart" | "checkout")) => Some("purchase"),
        (_, Some("delivery" | "product_use")) => Some("post_purchase"),
        _ => None,
    }
}

/// Names of `journey_stage`.
pub(super) const STAGES: [&str; 5] = [
    "attention",
    "interest",
    "contact",
    "impression",
    "engagement",
];

/// Names of `purchase_phase`.
pub(super) const PHASES: [&str; 3] = ["pre_purchase", "purchase", "post_purchase"];

/// Names of `touchpoint`.
pub(super) const TOUCHPOINTS: [&str; 19] = [
    "ad",
    "social",
    "web",
    "app",
    "content",
    "email",
    "sms",
    "registration",
    "cart",
    "checkout",
    "delivery",
    "product_use",
    "support_chat",
    "support_call",
    "ticket",
    "store",
    "voice_iot",
    "review_site",
    "survey",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn mentions(cues: &[Cue]) -> Vec<Mention> {
        let mention = |(at, cue): (usize, &Cue)| Mention {
            cue: *cue,
            range: at..at + 1,
        };
        cues.iter().enumerate().map(mention).collect()
    }

    #[test]
    fn the_emotion_shown_most_holds_and_of_two_the_worse() {
        let (anger, thanks) = (
            Cue::Emotion(Emotion::Anger),
            Cue::Emotion(Emotion::Gratitude),
        );
        assert_eq!(emotion(&[], true), None);
        let both = mentions(&[thanks, anger]);
        assert_eq!(emotion(&both, true), Some(Emotion::Anger));
        let twice = mentions(&[thanks, anger, thanks]);
        assert_eq!(emotion(&twice, true), Some(Emotion::Gratitude));
        assert_eq!(emotion(&twice, false), Some(Emotion::Anger));
    }

    #[test]
    fn effort_is_a_sum_without_0() {
        let effort = |efforts: &[i8]| {
            let cues: Vec<Cue> = efforts.iter().map(|e| Cue::Effort(*e)).collect();
            super::effort(&mentions(&cues))
        };
        assert_eq!(effort(&[]), None);
        assert_eq!(effort(&[-2, -2]), Some(-4));
        assert_eq!(effort(&[3, 3]), Some(5));
        assert_eq!(effort(&[2, -2]), Some(-1));
        assert_eq!(effort(&[-5; 100]), Some(-5));
    }

    #[test]
    fn the_first_cue_tells_the_place_and_a_place_the_phase() {
        let places = |cues: &[Cue]| {
            let places = super::places(&mentions(cues));
            (places.stage, places.phase, places.touchpoint)
        };
        assert_eq!(places(&[]), (None, None, None));
        let cart = Cue::Touchpoint("cart");
        let app = Cue::Touchpoint("app");
        assert_eq!(places(&[cart, app]), (None, Some("purchase"), Some("cart")));
        assert_eq!(places(&[app, cart]), (None, None, Some("app")));
        let told = places(&[cart, Cue::Phase("post_purchase")]);
        assert_eq!(told, (None, Some("post_purchase"), Some("cart")));
        let stage = places(&[Cue::Stage("interest")]);
        assert_eq!(stage, (Some("interest"), Some("pre_purchase"), None));
    }
}
