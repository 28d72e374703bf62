//! How soon somebody must act, and why.

use super::cues::{Cue, Mention};
use super::marks::Emotion;
use super::wants::Want;

/// How soon somebody must act.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Urgency {
    /// 0 (no hurry) to 1: the sum of the [weights](Reason::weight) of all reasons, at most 1. From
    /// 0.5 on it should be answered today.
    pub score: f32,
    /// The weightiest reason; none at 0.
    pub reason: Option<Reason>,
}

/// Why it is urgent, the weightiest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Somebody's health or safety.
    Safety,
    /// Stuck on the way, locked out, without what life depends on.
    Stranded,
    /// It must be done by a time that is near.
    Deadline,
    /// Money is being lost now.
    Money,
    /// The customer says that it is urgent.
    Asked,
    /// Goes to a manager, a court, the press.
    Escalation,
    /// Is angry.
    Anger,
}

impl Reason {
    const ALL: [Self; 7] = [
        Self::Safety,
        Self::Stranded,
        Self::Deadline,
        Self::Money,
        Self::Asked,
        Self::Escalation,
        Self::Anger,
    ];

    /// Name in tables and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Safety => "safety",
            Self::Stranded => "stranded",
            Self::Deadline => "deadline",
            Self::Money => "money",
            Self::Asked => "asked",
            Self::Escalation => "escalation",
            Self::Anger => "anger",
        }
    }

    /// What it adds to the score. The first five are urgent alone; the others are not, not even
    /// together.
    pub fn weight(self) -> f32 {
        match self {
            Self::Safety => 0.8,
            Self::Stranded => 0.7,
            Self::Deadline | Self::Money => 0.6,
            Self::Asked => 0.5,
            Self::Escalation => 0.2,
            Self::Anger => 0.1,
        }
    }

    /// The reason of cues with this name; escalation and anger have cues of their own.
    pub(super) fn named(name: &str) -> Option<Self> {
        let of_cues = &Self::ALL[..5];
        of_cues.iter().copied().find(|reason| reason.name() == name)
    }
}

/// Urgency of a text by its cues, intents and emotion.
pub(super) fn urgency(mentions: &[Mention], wants: &[Want], emotion: Option<Emotion>) -> Urgency {
    let holds = |reason: &Reason| match reason {
        Reason::Escalation => wants.contains(&Want::Escalation),
        Reason::Anger => emotion == Some(Emotion::Anger),
        reason => mentions.iter().any(|m| m.cue == Cue::Urgency(*reason)),
    };
    let mut urgency = Urgency::default();
    for reason in Reason::ALL.into_iter().filter(holds) {
        urgency.score = (urgency.score + reason.weight()).min(1.0);
        urgency.reason = urgency.reason.or(Some(reason));
    }
    urgency
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cue(reason: Reason) -> Mention {
        Mention {
            cue: Cue::Urgency(reason),
            range: 0..1,
        }
    }

    #[test]
    fn reasons_add_up_and_the_weightiest_is_told() {
        assert_eq!(urgency(&[], &[Want::Complaint], None), Urgency::default());
        let asked = urgency(&[cue(Reason::Asked), cue(Reason::Asked)], &[], None);
        assert_eq!((asked.score, asked.reason), (0.5, Some(Reason::Asked)));
        let both = [cue(Reason::Asked), cue(Reason::Safety)];
        let both = urgency(&both, &[Want::Escalation], None);
        assert_eq!((both.score, both.reason), (1.0, Some(Reason::Safety)));
        let angry = urgency(&[], &[Want::Escalation], Some(Emotion::Anger));
        assert!((angry.score - 0.3).abs() < 1e-6 && angry.reason == Some(Reason::Escalation));
    }

    #[test]
    fn reasons_are_ordered_by_weight() {
        let weights = Reason::ALL.map(Reason::weight);
        assert!(weights.is_sorted_by(|a, b| a >= b));
        assert_eq!(Reason::named("money"), Some(Reason::Money));
        assert_eq!(Reason::named("anger"), None);
    }
}
