//! What the demo's customers say, from `feedback.toml`.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::business::Business;

#[derive(Deserialize)]
struct File {
    language: Vec<Language>,
}

/// One language: its texts and the lines around them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Language {
    /// English name.
    pub(super) name: String,
    /// Countries of its customers, ISO 3166.
    pub(super) countries: Vec<String>,
    /// Locale of their devices.
    pub(super) locale: String,
    /// How many of a hundred items are in it.
    pub(super) share: usize,
    /// What customers say.
    pub(super) texts: Vec<Text>,
    /// Lines of a conversation around a text.
    pub(super) chat: Chat,
    /// Questions of a survey.
    pub(super) survey: Questions,
}

/// Something a customer says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    /// How content the customer is, 1 to 5.
    pub(super) rating: u8,
    /// What it is about.
    pub(super) about: Business,
    /// The words.
    pub(super) text: String,
}

/// Lines of a conversation, in their order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chat {
    /// The bot greets.
    pub(super) bot: String,
    /// The agent asks for the order.
    pub(super) asks: String,
    /// The customer gives `{order}` and `{email}`.
    pub(super) gives: String,
    /// The agent has solved it …
    pub(super) solves: String,
    /// … and the customer is glad.
    pub(super) pleased: String,
    /// Or the agent puts the customer off …
    pub(super) stalls: String,
    /// … and the customer is not.
    pub(super) displeased: String,
}

/// Questions of a survey, as they are put.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Questions {
    /// Likelihood to recommend.
    pub(super) nps: String,
    /// Satisfaction.
    pub(super) csat: String,
    /// Free comment.
    pub(super) comment: String,
}

/// All languages of the file that is built in.
///
/// # Errors
/// The file is malformed; a test holds that it is not.
pub(super) fn languages() -> Result<Vec<Language>> {
    let file: File = toml::from_str(include_str!("feedback.toml"))
        .context("the demo's own texts can't be read")?;
    Ok(file.language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fourteen_languages_share_a_hundred_items() {
        let languages = languages().unwrap();
        assert_eq!(languages.len(), 14);
        assert_eq!(languages.iter().map(|l| l.share).sum::<usize>(), 100);
        for language in &languages {
            let name = &language.name;
            let with = |test: fn(&Text) -> bool| language.texts.iter().filter(|t| test(t)).count();
            assert!(language.texts.len() >= 8, "{name}");
            assert!(
                with(|t| t.rating <= 2) >= 3 && with(|t| t.rating >= 4) >= 3,
                "{name}"
            );
            assert!(with(|t| !(1..=5).contains(&t.rating)) == 0, "{name}");
            let gives = &language.chat.gives;
            assert!(
                gives.contains("{order}") && gives.contains("{email}"),
                "{name}"
            );
        }
    }

    #[test]
    fn the_awkward_things_of_real_feedback_are_in_it() {
        let languages = languages().unwrap();
        let of = |name: &str| -> Vec<&str> {
            let language = languages.iter().find(|l| l.name == name).unwrap();
            language.texts.iter().map(|t| t.text.as_str()).collect()
        };
        let latin = |text: &&str| text.is_ascii();
        assert_eq!(of("Arabic").into_iter().filter(latin).count(), 1);
        assert_eq!(of("Persian").into_iter().filter(latin).count(), 1);
        let arabic_letters = |text: &&str| text.contains('ي') && text.contains('ك');
        assert_eq!(of("Persian").into_iter().filter(arabic_letters).count(), 1);
        assert!(of("Persian").iter().any(|t| t.contains("میکند")));
        assert!(of("Chinese").iter().any(|t| t.contains('東')));
    }
}
