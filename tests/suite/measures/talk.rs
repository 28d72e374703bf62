//! Conversations as rows of `feedback`: whole, or one message a row.

use crate::tables::Tables;

/// A turn as a test writes it.
#[derive(Clone, Copy)]
pub struct Said {
    /// Seconds after the beginning.
    pub at: u32,
    pub role: &'static str,
    pub who: &'static str,
    pub text: &'static str,
    /// Sentiment score; `None`: nothing to judge by.
    pub score: Option<f32>,
    pub private: bool,
}

/// A turn of the customer with its score.
pub fn customer(at: u32, text: &'static str, score: f32) -> Said {
    Said {
        score: Some(score),
        ..spoken(at, "customer", "jo", text)
    }
}

/// A turn of an agent.
pub fn agent(at: u32, who: &'static str, text: &'static str) -> Said {
    spoken(at, "agent", who, text)
}

/// A turn of anybody, without a sentiment.
pub fn spoken(at: u32, role: &'static str, who: &'static str, text: &'static str) -> Said {
    Said {
        at,
        role,
        who,
        text,
        score: None,
        private: false,
    }
}

/// A conversation that begins at noon of a day of March 2024.
pub struct Talk<'a> {
    pub tenant: &'a str,
    pub id: &'a str,
    pub day: u32,
    pub turns: &'a [Said],
    /// More columns of the rows, and their values, as in SQL.
    pub more: (&'a str, &'a str),
}

const COLUMNS: &str = "tenant, kind, source, feedback_id, created_at, channel, language, conversation_id, \
    `turns.id`, `turns.seq`, `turns.role`, `turns.participant`, `turns.sent_at`, `turns.text`, \
    `turns.private`, `turns.sentiment`, `turns.sentiment_score`, `turns.sentiment_confidence`";

impl Talk<'_> {
    /// Writes it as one row.
    pub async fn whole(&self, tables: &Tables) {
        let turns: Vec<(usize, Said)> = self.turns.iter().copied().enumerate().collect();
        let row = self.row("conversation", self.id, &turns, true);
        self.insert(tables, &[row]).await;
    }

    /// Writes it as a row a message, the last one first; `numbered`: with the positions of turns.
    pub async fn messages(&self, tables: &Tables, numbered: bool) {
        let turns = self.turns.iter().copied().enumerate().rev();
        let rows: Vec<String> = turns
            .map(|(n, turn)| {
                let id = format!("{}-{}", self.id, n + 1);
                self.row("message", &id, &[(n, turn)], numbered)
            })
            .collect();
        self.insert(tables, &rows).await;
    }

    async fn insert(&self, tables: &Tables, rows: &[String]) {
        let (columns, values) = self.more;
        let columns = format!("{COLUMNS}{}{columns}", comma(columns));
        let rows: Vec<String> = rows
            .iter()
            .map(|row| format!("{row}{}{values}", comma(values)))
            .collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        tables.insert("feedback", &columns, &rows).await;
    }

    fn row(&self, kind: &str, id: &str, turns: &[(usize, Said)], numbered: bool) -> String {
        let at = |seconds: u32| {
            format!(
                "'2024-03-{:02} {:02}:{:02}:{:02}'",
                self.day,
                12 + seconds / 3600,
                seconds / 60 % 60,
                seconds % 60
            )
        };
        let list = |of: &dyn Fn(usize, &Said) -> String| {
            let items: Vec<String> = turns.iter().map(|(n, turn)| of(*n, turn)).collect();
            format!("[{}]", items.join(", "))
        };
        let label = |turn: &Said| match turn.score {
            None => "'unknown'",
            Some(score) if score < -0.1 => "'negative'",
            Some(score) if score > 0.1 => "'positive'",
            Some(_) => "'neutral'",
        };
        let first = turns.first().map_or(0, |(_, turn)| turn.at);
        [
            format!("'{}', '{kind}', 'desk', '{id}', {}", self.tenant, at(first)),
            format!("'chat', 'en', '{}'", self.id),
            list(&|n, _| format!("'{}-{}'", self.id, n + 1)),
            list(&|n, _| {
                if numbered {
                    (n + 1).to_string()
                } else {
                    "0".into()
                }
            }),
            list(&|_, turn| format!("'{}'", turn.role)),
            list(&|_, turn| format!("'{}'", turn.who)),
            list(&|_, turn| at(turn.at)),
            list(&|_, turn| format!("'{}'", turn.text.replace('\'', "''"))),
            list(&|_, turn| turn.private.to_string()),
            list(&|_, turn| label(turn).into()),
            list(&|_, turn| turn.score.unwrap_or(0.0).to_string()),
            list(&|_, turn| if turn.score.is_some() { "0.9" } else { "0" }.into()),
        ]
        .join(", ")
    }
}

fn comma(of: &str) -> &'static str {
    if of.is_empty() { "" } else { ", " }
}
